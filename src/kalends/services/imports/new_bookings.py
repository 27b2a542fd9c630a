"""New bookings from imported rows: collected, then created together."""

from uuid import UUID

from msgspec import Raw, Struct, structs

from kalends.domain.booking import OCCUPYING, Booking, hosts_among, with_canceller
from kalends.domain.errors import Inactive, NotFound, Refused, SlotTaken
from kalends.domain.event_type import Requirement
from kalends.domain.ids import new_id
from kalends.domain.imports.connections import OnConflict
from kalends.domain.imports.merging import (
    PLAIN_FIELDS,
    ImportedFields,
    claim_id_of_row,
    with_extras,
)
from kalends.domain.imports.rows import SourceRow
from kalends.domain.schedule import Schedule
from kalends.domain.webhook import EventName
from kalends.runtime import outbox, phones
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import local_time
from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.scheduling.claiming import BookingRequest, claim_time, claim_times
from kalends.services.imports.outcomes import Imported, Outcome, Skipped
from kalends.store.bookings.bookings import insert_bookings
from kalends.store.imports.names import PROVIDER


class NewImportedBooking(Struct, frozen=True, kw_only=True):
    """A booking to create, for one seat of a row."""

    row: SourceRow
    seat: str
    booking: Booking
    fields: ImportedFields


class NewBookings:
    """The new bookings of one transaction. `country` is for telephone numbers without `+`."""

    def __init__(self, work: UnitOfWork, on_conflict: OnConflict, country: str | None) -> None:
        self._work = work
        self._on_conflict = on_conflict
        self._country = country
        self._waiting: list[NewImportedBooking] = []
        self.outcomes: dict[UUID, Outcome] = {}
        """By the ids of the bookings that `create_all` was to create."""

    def add(self, row: SourceRow, seat: str, fields: ImportedFields, schedule: Schedule) -> UUID:
        """Adds a booking and returns its id; `create_all` creates it."""
        booking = self._new_booking(row, fields, schedule)
        self._waiting.append(NewImportedBooking(row=row, seat=seat, booking=booking, fields=fields))
        return booking.id

    async def create_all(self) -> list[NewImportedBooking]:
        """Claims the times of all bookings in one statement, and inserts those that are to be
        imported in another."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return []
        requests = [
            booking_request_of(one.row, one.booking, one.fields)
            for one in waiting
            if one.fields.status in OCCUPYING
        ]
        claimed = await claim_times(self._work, requests)
        created = []
        for one in waiting:
            booking, outcome = await self._claim(one, has_time=one.booking.id in claimed)
            self.outcomes[booking.id] = outcome
            if isinstance(outcome, Imported):
                created.append(structs.replace(one, booking=booking))
                await outbox.record_event(self._work, EventName.CREATED, booking, override=True)
        await insert_bookings(self._work.tenant, [one.booking for one in created])
        return created

    async def _claim(self, new: NewImportedBooking, *, has_time: bool) -> tuple[Booking, Outcome]:
        """The booking to insert. If its time was not free in the joint claim, claims it alone,
        which also tells why not."""
        booking = new.booking
        if has_time or new.fields.status not in OCCUPYING:
            return booking, Imported()
        try:
            await claim_time(self._work, booking_request_of(new.row, booking, new.fields))
        except SlotTaken as error:
            if self._on_conflict is OnConflict.SKIP:
                return booking, Skipped(error.message)
            return structs.replace(booking, conflict=True), Imported(is_recorded=True)
        except (Refused, Inactive, NotFound) as error:
            return booking, Skipped(error.message)
        return booking, Imported()

    def _new_booking(self, row: SourceRow, fields: ImportedFields, schedule: Schedule) -> Booking:
        """The booking for the row's fields on its schedule."""
        work = self._work
        booking = Booking(
            **{name: getattr(fields, name) for name in PLAIN_FIELDS},
            id=new_id(),
            schedule_ids=[schedule.id],
            event_type_id=None,
            timezone=schedule.timezone,
            wall_clock=local_time.wall_clock_of(fields.start_time, schedule.timezone),
            answers=Raw(b"{}"),
            metadata=with_extras(Raw(b"{}"), PROVIDER, fields.extras),
            source=PROVIDER,
            external_provider=PROVIDER,
            external_uid=row.uid,
            conflict=False,
            buffer_before=0,
            buffer_after=0,
            created_at=work.recorded_at,
            updated_at=work.recorded_at,
            version=1,
            hosts=hosts_among([schedule]),
        )
        booking = phones.with_number_of(self._country, None, booking)
        return with_canceller(None, booking, outbox.actor_behind(work, booking))


def booking_request_of(row: SourceRow, booking: Booking, fields: ImportedFields) -> BookingRequest:
    """The request for the booking's time on one schedule; the seats of a row share a claim."""
    query = AvailabilityQuery(
        requirements=[Requirement(1, [fields.schedule_id])],
        duration=booking.end_time - booking.start_time,
        buffer_before=booking.buffer_before,
        buffer_after=booking.buffer_after,
        required_id=fields.schedule_id,
        excluded_booking_id=booking.id,
        override=True,
        shared_claim=claim_id_of_row(PROVIDER, row.uid) if row.is_seated else None,
    )
    return BookingRequest(
        query=query,
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        booking_id=booking.id,
    )
