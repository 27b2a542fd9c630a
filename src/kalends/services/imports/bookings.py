"""From a row of Cal.com to its bookings here: made, merged, moved, cancelled; one event each.

Nothing is asked of availability or limits, as with `override`; but the time is taken by
`claim_time`, and where it is taken already, nobody is moved out of it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct, json, structs

from kalends.domain.booking import OCCUPYING, Booking, Status, with_canceller
from kalends.domain.errors import BrokenZone, Inactive, NotFound, Refused, SlotTaken
from kalends.domain.event_type import Requirement
from kalends.domain.ids import new_id
from kalends.domain.imports.merging import (
    PROVIDER,
    ImportedFields,
    claim_id_of_row,
    contested_fields,
    fields_of,
    has_ended_there,
    merge,
    note,
    with_fields,
)
from kalends.domain.imports.runs import ImportConnection, OnConflict
from kalends.domain.schedule import Schedule
from kalends.domain.webhook import RESCHEDULED, UPDATED
from kalends.formats.bookings import show_booking
from kalends.formats.encoding import encode
from kalends.gateways.calcom.rows import RowSeat, SourceRow, UnreadableRow, fields_for
from kalends.runtime import outbox, phones
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import clocks
from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.scheduling.claiming import BookingRequest, claim_time, claim_times
from kalends.scheduling.zones import zone_of_booking, zone_of_schedule
from kalends.store.availability.claims import release
from kalends.store.availability.schedules import find_schedules, lock_schedules
from kalends.store.bookings.bookings import insert_bookings, update_booking
from kalends.store.imports import imported_bookings
from kalends.store.imports.imported_bookings import SeatLink

MOST_HISTORY: Final = 100
GIVEN_UP: Final = "The seat was given up."
UNUSABLE: Final = "A seat has no usable e-mail address; the others are in."
NOBODY: Final = "It has no attendee with a usable e-mail address."
NO_SCHEDULE: Final = "The schedule that it is mapped to is not there any more."
# Where the fields of a booking stand in what the API shows.
PATHS_IN_ANSWER: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "status": (("status",), ("cancellation_reason",)),
    "place": (("start_time",), ("end_time",), ("schedule_id",)),
    "title": (("title",),),
    "location": (("location",),),
    "location_type": (("location_type",),),
    "attendee_name": (("attendee", "name"),),
    "attendee_email": (("attendee", "email"),),
    "attendee_phone": (("attendee", "phone"),),
    "attendee_timezone": (("attendee", "timezone"),),
    "attendee_notes": (("attendee", "notes"),),
    "noted": (("metadata", PROVIDER),),
}


class Left(Struct, frozen=True):
    """How a row, or one of its seats, was left: changed or not, in conflict or not; or out, with
    the reason why."""

    reason: str | None = None
    has_changed: bool = True
    is_recorded: bool = False


UNCHANGED: Final = Left(has_changed=False)


class NewImportedBooking(Struct, frozen=True, kw_only=True):
    """A booking that is about to be made, with the others of its transaction."""

    row: SourceRow
    seat: str
    booking: Booking
    theirs: ImportedFields


# What became of one seat; or the id of the booking that it is about to be.
SeatOutcome = Left | UUID


class ImportedBookings:
    """The bookings behind the rows of one transaction, locked."""

    def __init__(self, work: UnitOfWork, connection: ImportConnection) -> None:
        self._work = work
        self._connection = connection
        self._links: dict[tuple[str, str], SeatLink] = {}
        self._bookings: dict[UUID, Booking] = {}
        self._schedules: dict[UUID, Schedule] = {}
        self._new_links: dict[tuple[str, str], SeatLink] = {}
        self._new: list[NewImportedBooking] = []
        self._made: dict[UUID, Left] = {}
        self._country: str | None = None

    @classmethod
    async def load(
        cls,
        work: UnitOfWork,
        connection: ImportConnection,
        rows: Sequence[tuple[SourceRow | UnreadableRow, Sequence[str]]],
    ) -> "ImportedBookings":
        """Those of the rows, and of their ancestors. Locks in the one order: schedules by id, then
        bookings."""
        loaded = cls(work, connection)
        loaded._country = await phones.find_country(work)
        uids = {uid for row, ancestors in rows for uid in (row.uid, *ancestors)}
        if not uids:
            return loaded
        for link in await imported_bookings.find_links(work.tenant, sorted(uids)):
            loaded._links[link.uid, link.seat] = link
        ids = sorted({link.booking_id for link in loaded._links.values()})
        if ids:
            seen = await imported_bookings.find_bookings(work.tenant, ids)
            schedules = {id_ for booking in seen.values() for id_ in booking.schedule_ids}
            mapped = {m.schedule_id for m in connection.mappings}
            schedules |= mapped | {connection.default_schedule_id}
            await lock_schedules(work.tenant, sorted(schedules))
            loaded._bookings = await imported_bookings.lock_bookings(work.tenant, ids)
        return loaded

    async def bring(
        self, row: SourceRow, schedule_id: UUID, ancestors: Sequence[str]
    ) -> list[SeatOutcome]:
        """Brings all seats of the row up to date; new ones are made by `make`."""
        if ancestors:
            await self.make()
        lefts: list[SeatOutcome] = [
            await self._bring_seat(row, seat, schedule_id, ancestors) for seat in row.seats
        ]
        if row.is_seated:
            there = {seat.key for seat in row.seats}
            mine = [link for (uid, _), link in self._links.items() if uid == row.uid]
            lefts += [
                await self._give_up(row, link)
                for link in mine
                if link.seat and link.seat not in there
            ]
        if row.unusable_seats:
            lefts.append(Left(UNUSABLE))
        return lefts or [Left(NOBODY)]

    async def make(self) -> None:
        """Makes what is new: takes the time of all of it at once, and writes it down at once."""
        new, self._new = self._new, []
        if not new:
            return
        requests = [
            _booking_request(n.row, n.booking, n.theirs)
            for n in new
            if n.theirs.status in OCCUPYING
        ]
        taken = await claim_times(self._work, requests)
        made = []
        for one in new:
            booking, left = await self._placed(one, has_place=one.booking.id in taken)
            self._made[one.booking.id] = left
            if left.reason is None:
                made.append(booking)
                self._link(one.row, one.seat, booking, one.theirs)
                await outbox.record_event(self._work, outbox.CREATED, booking, override=True)
        await insert_bookings(self._work.tenant, made)

    async def _placed(self, new: NewImportedBooking, *, has_place: bool) -> tuple[Booking, Left]:
        """The booking as it is to be written, and how it is left. Where its time was not free just
        now, it is asked for again by itself, which also says why."""
        booking = new.booking
        if has_place or new.theirs.status not in OCCUPYING:
            return booking, Left()
        try:
            await claim_time(self._work, _booking_request(new.row, booking, new.theirs))
        except SlotTaken as error:
            if self._connection.on_conflict is OnConflict.SKIP:
                return booking, Left(error.message)
            return structs.replace(booking, conflict=True), Left(is_recorded=True)
        except (Refused, Inactive, NotFound) as error:
            return booking, Left(error.message)
        return booking, Left()

    def left(self, parts: Sequence[SeatOutcome]) -> Left:
        """How a row was left, all its seats together, now that what is new was made."""
        lefts = [self._made[part] if isinstance(part, UUID) else part for part in parts]
        return Left(
            next((left.reason for left in lefts if left.reason is not None), None),
            has_changed=any(left.has_changed for left in lefts),
            is_recorded=any(left.is_recorded for left in lefts),
        )

    async def write_links(self) -> None:
        """Writes down which booking each seat is, and what was said of it."""
        if self._new_links:
            links = list(self._new_links.values())
            await imported_bookings.put_links(self._work.tenant, links)

    async def _bring_seat(
        self, row: SourceRow, seat: RowSeat, schedule_id: UUID, ancestors: Sequence[str]
    ) -> SeatOutcome:
        theirs = fields_for(row, seat, schedule_id)
        link = self._links.get((row.uid, seat.key)) or self._inherited(seat, ancestors)
        if link is None:
            return await self._create(row, seat, theirs)
        return await self._update(row, seat, theirs, link)

    def _inherited(self, seat: RowSeat, ancestors: Sequence[str]) -> SeatLink | None:
        """The link of the row that was rescheduled: by the seat, else by who sits on it. None
        where that booking was cancelled there, as it is not opened again."""
        for uid in ancestors:
            of_row = [link for (u, _), link in self._links.items() if u == uid]
            found = [link for link in of_row if link.seat == seat.key] or [
                link for link in of_row if link.brought.attendee_email.lower() == seat.email.lower()
            ]
            for link in found:
                ours = fields_of(self._bookings[link.booking_id])
                if not has_ended_there(link.brought, ours):
                    return link
        return None

    async def _create(self, row: SourceRow, seat: RowSeat, theirs: ImportedFields) -> SeatOutcome:
        schedule = await self._schedule(theirs.schedule_id)
        if schedule is None:
            return Left(NO_SCHEDULE)
        try:
            zone_of_schedule(schedule)
        except BrokenZone as error:
            return Left(error.message)
        booking = self._new_booking(row, theirs, schedule)
        self._new.append(NewImportedBooking(row=row, seat=seat.key, booking=booking, theirs=theirs))
        return booking.id

    async def _update(
        self, row: SourceRow, seat: RowSeat, theirs: ImportedFields, link: SeatLink
    ) -> Left:
        await self.make()
        before = self._bookings[link.booking_id]
        ours = fields_of(before)
        merged = merge(link.brought, theirs, ours, await self._won_here(row, theirs, link, before))
        after = structs.replace(with_fields(before, merged), external_uid=row.uid)
        try:
            after = await self._place(row, before, after, merged)
        except (SlotTaken, Refused, Inactive, NotFound, BrokenZone) as error:
            return Left(error.message)
        self._link(row, seat.key, before, theirs)
        return await self._write(before, after)

    async def _give_up(self, row: SourceRow, link: SeatLink) -> Left:
        """The seat is not there any more: its booking is cancelled, unless it has ended."""
        before = self._bookings[link.booking_id]
        brought = structs.replace(link.brought, status=Status.CANCELLED)
        self._link(row, link.seat, before, brought)
        if before.status not in (Status.PENDING, Status.CONFIRMED):
            return UNCHANGED
        after = structs.replace(
            before, status=Status.CANCELLED, cancellation_reason=row.reason or GIVEN_UP
        )
        if before.occupies:
            await release(self._work.tenant, before.id)
        return await self._write(before, after)

    async def _place(
        self, row: SourceRow, before: Booking, after: Booking, merged: ImportedFields
    ) -> Booking:
        """The booking at its place: its own time given back where it is not wanted any more, the
        new one taken. Raises what `claim_time` does, and has then changed nothing."""
        work = self._work
        moves = _place_of(before) != _place_of(after)
        if moves:
            after = structs.replace(
                after,
                schedule_ids=[merged.schedule_id],
                wall_clock=clocks.wall_clock_of(after.start_time, zone_of_booking(after).name),
            )
        if after.status not in OCCUPYING:
            if before.occupies:
                await release(work.tenant, before.id)
            return after
        if before.occupies and not moves:
            return after
        try:
            async with work.tx.transaction():
                await release(work.tenant, before.id)
                await claim_time(work, _booking_request(row, after, merged))
        except SlotTaken:
            if moves or not before.conflict:
                raise
            return after
        return structs.replace(after, conflict=False)

    async def _write(self, before: Booking, after: Booking) -> Left:
        if after == before:
            return Left(has_changed=False, is_recorded=before.conflict)
        work = self._work
        after = structs.replace(
            phones.with_number_of(self._country, before, after),
            updated_at=work.recorded_at,
            version=before.version + 1,
        )
        after = with_canceller(before, after, outbox.actor_behind(work, before))
        await update_booking(work.tenant, after)
        self._bookings[after.id] = after
        await outbox.record_event(work, _kind(before, after), after, before=before, override=True)
        return Left(is_recorded=after.conflict and after.status in OCCUPYING)

    async def _won_here(
        self, row: SourceRow, theirs: ImportedFields, link: SeatLink, booking: Booking
    ) -> Iterable[str]:
        """What changed on both sides, and later here. Events say when it was changed here."""
        names = contested_fields(link.brought, theirs, fields_of(booking))
        if not names or row.changed_at is None:
            return ()
        history = await imported_bookings.list_history(self._work.tenant, booking.id, MOST_HISTORY)
        current = json.decode(encode(show_booking(booking)))
        return [
            name for name in names if _changed_at(name, current, history, booking) > row.changed_at
        ]

    def _link(self, row: SourceRow, seat: str, booking: Booking, brought: ImportedFields) -> None:
        link = SeatLink(uid=row.uid, seat=seat, booking_id=booking.id, brought=brought)
        self._links[row.uid, seat] = self._new_links[row.uid, seat] = link
        self._bookings.setdefault(booking.id, booking)

    async def _schedule(self, schedule_id: UUID) -> Schedule | None:
        if schedule_id not in self._schedules:
            self._schedules |= await find_schedules(self._work.tenant, [schedule_id])
        return self._schedules.get(schedule_id)

    def _new_booking(self, row: SourceRow, theirs: ImportedFields, schedule: Schedule) -> Booking:
        work = self._work
        plain = {n: getattr(theirs, n) for n in ImportedFields.__struct_fields__ if n != "noted"}
        booking = Booking(
            **plain,
            id=new_id(),
            schedule_ids=[schedule.id],
            event_type_id=None,
            timezone=schedule.timezone,
            wall_clock=clocks.wall_clock_of(theirs.start_time, schedule.timezone),
            answers=Raw(b"{}"),
            metadata=note(Raw(b"{}"), theirs.noted),
            source=PROVIDER,
            external_provider=PROVIDER,
            external_uid=row.uid,
            conflict=False,
            buffer_before=0,
            buffer_after=0,
            created_at=work.recorded_at,
            updated_at=work.recorded_at,
            version=1,
        )
        booking = phones.with_number_of(self._country, None, booking)
        return with_canceller(None, booking, outbox.actor_behind(work, booking))


def _booking_request(row: SourceRow, booking: Booking, fields: ImportedFields) -> BookingRequest:
    """The time of the booking, on the one schedule; seats of a row share a claim."""
    query = AvailabilityQuery(
        requirements=[Requirement(1, [fields.schedule_id])],
        duration=booking.end_time - booking.start_time,
        buffer_before=booking.buffer_before,
        buffer_after=booking.buffer_after,
        required_id=fields.schedule_id,
        excluded_booking_id=booking.id,
        override=True,
        shared_claim=claim_id_of_row(row.uid) if row.is_seated else None,
    )
    return BookingRequest(
        query=query,
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        booking_id=booking.id,
    )


def _place_of(booking: Booking) -> tuple[Any, ...]:
    return booking.start_time, booking.end_time, booking.schedule_id


def _kind(before: Booking, after: Booking) -> str:
    """One change is one event: of the new status, else of the new time, else of the details. Back
    to PENDING, which only a reschedule there does, has no event of its own."""
    if after.status != before.status and after.status in outbox.OF_STATUS:
        return outbox.OF_STATUS[after.status]
    return UPDATED if _place_of(before)[:2] == _place_of(after)[:2] else RESCHEDULED


def _changed_at(
    name: str, current: dict[str, Any], history: Sequence[tuple[UUID, Any]], booking: Booking
) -> datetime:
    """When the field came to be as it is: at the first of the latest events that show it so."""
    value, since = _shown_part(name, current), None
    for event_id, shown in history:
        if _shown_part(name, shown) != value:
            break
        since = datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC)
    return since or booking.updated_at


def _shown_part(name: str, shown: Any) -> list[Any]:
    found = []
    for path in PATHS_IN_ANSWER[name]:
        value = shown
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        found.append(value)
    return found
