"""Imports a row into its bookings: creates, merges, moves or cancels them, with one event each.

Rules of availability and limits do not apply, as with `override`. But `claim_time` claims the time;
if somebody else has it, they keep it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.booking import OCCUPYING, Booking, Status, hosts_among, with_canceller
from kalends.domain.errors import BrokenZone, Inactive, NotFound, Refused, SlotTaken
from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.merging import (
    ImportedFields,
    contested_fields,
    fields_of,
    has_ended_there,
    merge,
    with_fields,
)
from kalends.domain.imports.rows import RowSeat, SourceRow, UnreadableRow, fields_of_seat
from kalends.domain.schedule import Schedule
from kalends.domain.webhook import EventName
from kalends.runtime import outbox, phones
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import local_time
from kalends.scheduling.claiming import claim_time
from kalends.scheduling.zones import zone_of_booking, zone_of_schedule
from kalends.services.imports.field_history import list_changed_after
from kalends.services.imports.new_bookings import NewBookings, booking_request_of
from kalends.services.imports.outcomes import (
    UNCHANGED,
    Imported,
    Outcome,
    Skipped,
    combine_outcomes,
)
from kalends.store.availability.claims import release
from kalends.store.availability.schedules import find_schedules, lock_schedules
from kalends.store.bookings.bookings import update_booking
from kalends.store.imports import imported_bookings
from kalends.store.imports.imported_bookings import SeatLink

GIVEN_UP: Final = "The seat was given up."
UNUSABLE: Final = "A seat has no usable e-mail address; the others are in."
NO_ATTENDEE: Final = "It has no attendee with a usable e-mail address."
NO_SCHEDULE: Final = "The schedule that it is mapped to is not there any more."

SeatOutcome = Outcome | UUID
"""The outcome of one seat; for a new booking its id, until it is created."""


class ImportedBookings:
    """The bookings behind the rows of one transaction, locked."""

    def __init__(self, work: UnitOfWork, connection: ImportConnection, country: str | None) -> None:
        self._work = work
        self._country = country
        self._new = NewBookings(work, connection.on_conflict, country)
        self._links: dict[tuple[str, str], SeatLink] = {}
        self._bookings: dict[UUID, Booking] = {}
        self._schedules: dict[UUID, Schedule] = {}
        self._changed_links: dict[tuple[str, str], SeatLink] = {}

    @classmethod
    async def load(
        cls,
        work: UnitOfWork,
        connection: ImportConnection,
        rows: Sequence[tuple[SourceRow | UnreadableRow, Sequence[str]]],
    ) -> "ImportedBookings":
        """The bookings of the rows and of their ancestors, locked in the global order: schedules by
        id, then bookings."""
        loaded = cls(work, connection, await phones.find_country(work))
        uids = {uid for row, ancestors in rows for uid in (row.uid, *ancestors)}
        if not uids:
            return loaded
        for link in await imported_bookings.find_links(work.tenant, sorted(uids)):
            loaded._links[link.uid, link.seat] = link
        ids = sorted({link.booking_id for link in loaded._links.values()})
        if ids:
            bookings = await imported_bookings.find_bookings(work.tenant, ids)
            schedules = {id_ for booking in bookings.values() for id_ in booking.schedule_ids}
            mapped = {m.schedule_id for m in connection.mappings}
            schedules |= mapped | {connection.default_schedule_id}
            await lock_schedules(work.tenant, sorted(schedules))
            loaded._bookings = await imported_bookings.lock_bookings(work.tenant, ids)
        return loaded

    async def import_row(
        self, row: SourceRow, schedule_id: UUID, ancestors: Sequence[str]
    ) -> list[SeatOutcome]:
        """Brings all existing seats of the row up to date; `create_new` creates the new ones."""
        if ancestors:
            await self.create_new()
        outcomes: list[SeatOutcome] = [
            await self._import_seat(row, seat, schedule_id, ancestors) for seat in row.seats
        ]
        if row.is_seated:
            seat_keys = {seat.key for seat in row.seats}
            outcomes += [
                await self._cancel_seat(row, link)
                for link in self._links_of(row.uid)
                if link.seat and link.seat not in seat_keys
            ]
        if row.unusable_seats:
            outcomes.append(Skipped(UNUSABLE))
        return outcomes or [Skipped(NO_ATTENDEE)]

    async def create_new(self) -> None:
        """Creates the new bookings of all rows so far."""
        for new in await self._new.create_all():
            self._bookings[new.booking.id] = new.booking
            self._link(new.row, new.seat, new.booking.id, new.fields)

    def outcome_of(self, seats: Sequence[SeatOutcome]) -> Outcome:
        """The outcome of a row over all its seats, after `create_new`."""
        outcomes = self._new.outcomes
        return combine_outcomes(
            outcomes[seat] if isinstance(seat, UUID) else seat for seat in seats
        )

    async def write_links(self) -> None:
        """Stores which booking each seat is, and what the source last showed of it."""
        if self._changed_links:
            links = list(self._changed_links.values())
            await imported_bookings.put_links(self._work.tenant, links)

    async def _import_seat(
        self, row: SourceRow, seat: RowSeat, schedule_id: UUID, ancestors: Sequence[str]
    ) -> SeatOutcome:
        theirs = fields_of_seat(row, seat, schedule_id)
        link = self._links.get((row.uid, seat.key)) or self._inherited_link(seat, ancestors)
        if link is None:
            return await self._create(row, seat, theirs)
        return await self._update(row, seat, theirs, link)

    def _inherited_link(self, seat: RowSeat, ancestors: Sequence[str]) -> SeatLink | None:
        """The link of the row that was rescheduled, found by the seat's key, else by its attendee.
        None if that booking was cancelled at the source, since a cancelled booking is not
        reopened."""
        for uid in ancestors:
            links = self._links_of(uid)
            email = seat.email.lower()
            candidates = [link for link in links if link.seat == seat.key] or [
                link for link in links if link.base.attendee_email.lower() == email
            ]
            for link in candidates:
                ours = fields_of(self._bookings[link.booking_id])
                if not has_ended_there(link.base, ours):
                    return link
        return None

    async def _create(self, row: SourceRow, seat: RowSeat, theirs: ImportedFields) -> SeatOutcome:
        schedule = await self._schedule(theirs.schedule_id)
        if schedule is None:
            return Skipped(NO_SCHEDULE)
        try:
            zone_of_schedule(schedule)
        except BrokenZone as error:
            return Skipped(error.message)
        return self._new.add(row, seat.key, theirs, schedule)

    async def _update(
        self, row: SourceRow, seat: RowSeat, theirs: ImportedFields, link: SeatLink
    ) -> Outcome:
        await self.create_new()
        before = self._bookings[link.booking_id]
        won_here = await self._won_here(row, theirs, link, before)
        merged = merge(link.base, theirs, fields_of(before), won_here)
        after = structs.replace(with_fields(before, merged), external_uid=row.uid)
        try:
            after = await self._claim_anew(row, before, after, merged)
        except (SlotTaken, Refused, Inactive, NotFound, BrokenZone) as error:
            return Skipped(error.message)
        self._link(row, seat.key, before.id, theirs)
        return await self._write(before, after)

    async def _cancel_seat(self, row: SourceRow, link: SeatLink) -> Outcome:
        """Cancels the booking of a seat that was given up at the source, unless it has ended."""
        before = self._bookings[link.booking_id]
        base = structs.replace(link.base, status=Status.CANCELLED)
        self._link(row, link.seat, before.id, base)
        if before.status not in (Status.PENDING, Status.CONFIRMED):
            return UNCHANGED
        after = structs.replace(
            before, status=Status.CANCELLED, cancellation_reason=row.reason or GIVEN_UP
        )
        if before.occupies:
            await release(self._work.tenant, before.id)
        return await self._write(before, after)

    async def _claim_anew(
        self, row: SourceRow, before: Booking, after: Booking, merged: ImportedFields
    ) -> Booking:
        """The booking at its new place: releases its claim if it is no longer needed, and claims
        the new time. Raises as `claim_time` does, and has then changed nothing."""
        work = self._work
        moves = _place_of(before) != _place_of(after)
        if moves:
            after = structs.replace(
                after,
                schedule_ids=[merged.schedule_id],
                hosts=hosts_among(filter(None, [await self._schedule(merged.schedule_id)])),
                wall_clock=local_time.wall_clock_of(after.start_time, zone_of_booking(after).name),
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
                await claim_time(work, booking_request_of(row, after, merged))
        except SlotTaken:
            if moves or not before.conflict:
                raise
            return after
        return structs.replace(after, conflict=False)

    async def _write(self, before: Booking, after: Booking) -> Outcome:
        if after == before:
            return Imported(has_changed=False, is_recorded=before.conflict)
        work = self._work
        after = structs.replace(
            phones.with_number_of(self._country, before, after),
            updated_at=work.recorded_at,
            version=before.version + 1,
        )
        after = with_canceller(before, after, outbox.actor_behind(work, before))
        await update_booking(work.tenant, after)
        self._bookings[after.id] = after
        kind = _event_of(before, after)
        await outbox.record_event(work, kind, after, before=before, override=True)
        return Imported(is_recorded=after.conflict and after.status in OCCUPYING)

    async def _won_here(
        self, row: SourceRow, theirs: ImportedFields, link: SeatLink, booking: Booking
    ) -> Iterable[str]:
        """The fields that changed on both sides, and later here."""
        names = contested_fields(link.base, theirs, fields_of(booking))
        if not names or row.changed_at is None:
            return ()
        return await list_changed_after(self._work.tenant, booking, names, row.changed_at)

    def _links_of(self, uid: str) -> list[SeatLink]:
        return [link for link in self._links.values() if link.uid == uid]

    def _link(self, row: SourceRow, seat: str, booking_id: UUID, base: ImportedFields) -> None:
        link = SeatLink(uid=row.uid, seat=seat, booking_id=booking_id, base=base)
        self._links[row.uid, seat] = self._changed_links[row.uid, seat] = link

    async def _schedule(self, schedule_id: UUID) -> Schedule | None:
        if schedule_id not in self._schedules:
            self._schedules |= await find_schedules(self._work.tenant, [schedule_id])
        return self._schedules.get(schedule_id)


def _place_of(booking: Booking) -> tuple[Any, ...]:
    return booking.start_time, booking.end_time, booking.schedule_id


def _event_of(before: Booking, after: Booking) -> EventName:
    """The event of a change: of the new status, else of the new time, else of the details. Back to
    PENDING, which only a reschedule at the source causes, has no event of its own."""
    if after.status != before.status and after.status in outbox.OF_STATUS:
        return outbox.OF_STATUS[after.status]
    is_there = _place_of(before)[:2] == _place_of(after)[:2]
    return EventName.UPDATED if is_there else EventName.RESCHEDULED
