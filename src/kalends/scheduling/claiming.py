"""Claiming time on schedules: the only way to take time in the calendar.

A new booking calls `claim_booking`; a hold, a move and an import call `claim_time`, or
`claim_times` for many at once. The engine decides on what this transaction has read; then the
exclusion constraint of `occupancies` decides finally, whatever `override` says.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from msgspec import structs

from kalends.availability.rules import Code
from kalends.availability.slots import SlotDecision, decide
from kalends.domain.booking import Booking
from kalends.domain.errors import Detail, KalendsError, Refused, SlotTaken
from kalends.domain.ids import new_id
from kalends.domain.schedule import Schedule
from kalends.runtime.unit_of_work import Caller, UnitOfWork
from kalends.scheduling.availability import LoadedAvailability, load_availability, session_claim_id
from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.scheduling.explaining import reasons_for
from kalends.store.availability.claims import Claim, ClaimOwner, claim, claim_several
from kalends.store.availability.event_types import lock_event_type
from kalends.store.availability.schedules import lock_schedules, protect_active_schedules
from kalends.store.availability.sessions import list_session_claims

B = TypeVar("B", bound=Booking | None)

TAKEN: Final = "This time is already taken. Please choose another."
MOST_TRIES: Final = 50
ONE_MINUTE: Final = timedelta(minutes=1)


class BookingRequest(ClaimOwner, frozen=True, kw_only=True):
    """The time to claim, the query that finds its schedules, and what the claim is for: a booking,
    or a hold that ends at `expires_at`."""

    query: AvailabilityQuery
    starts_at: datetime
    ends_at: datetime

    def with_buffers(self, begins: datetime, ends: datetime) -> "BookingRequest":
        """The request with those buffers that make its claim cover `[begins, ends)`."""
        query = structs.replace(
            self.query,
            buffer_before=(self.starts_at - begins) // ONE_MINUTE,
            buffer_after=(ends - self.ends_at) // ONE_MINUTE,
        )
        return structs.replace(self, query=query)

    def claim_on(self, schedule_ids: Sequence[UUID], claim_id: UUID | None = None) -> Claim:
        """The claim to write: the time with its buffers, on each schedule. `claim_id` is that of
        the session where the seats of one share a claim; None makes a claim of its own."""
        query = self.query
        return Claim(
            claim_id=query.shared_claim or claim_id or new_id(),
            event_type_id=query.event_type.id if query.event_type else None,
            booking_id=self.booking_id,
            hold_id=self.hold_id,
            expires_at=self.expires_at,
            schedule_ids=schedule_ids,
            starts_at=self.starts_at,
            begins=self.starts_at - timedelta(minutes=query.buffer_before),
            ends=self.ends_at + timedelta(minutes=query.buffer_after),
            heeds_absences=not query.override,
        )


class _LostRace(Exception):
    """Somebody else claimed the time after the engine had found it free."""


async def claim_time(work: UnitOfWork, request: BookingRequest) -> list[Schedule]:
    """Claims the time and returns the schedules that it took; the first is the booking's own.

    Raises NotFound, Refused (naming every rule that refuses), SlotTaken.
    """
    schedules, _ = await _claim_until_won(work, request, _no_booking)
    return schedules


async def claim_booking(
    work: UnitOfWork,
    request: BookingRequest,
    make: Callable[[list[Schedule]], Awaitable[Booking]],
) -> Booking:
    """Claims the time and inserts the booking in the same statement. `make` builds the booking
    once the schedules are known. Raises as `claim_time` does."""
    _, booking = await _claim_until_won(work, request, make)
    return booking


async def _claim_until_won(
    work: UnitOfWork, request: BookingRequest, make: Callable[[list[Schedule]], Awaitable[B]]
) -> tuple[list[Schedule], B]:
    """Chooses schedules and claims them, again for as long as somebody else is faster and there are
    other schedules. Raises SlotTaken when there are none."""
    for _ in range(MOST_TRIES):
        loaded, chosen = await _choose(work, request)
        schedules = [loaded.stored[id_].schedule for id_ in chosen]
        booking = await make(schedules)
        try:
            await _claim(work, request, loaded, chosen, booking)
        except _LostRace:
            continue
        return schedules, booking
    raise SlotTaken(TAKEN)


async def _no_booking(schedules: list[Schedule]) -> None:
    """For a claim whose booking or hold is written elsewhere."""


async def claim_times(work: UnitOfWork, requests: Sequence[BookingRequest]) -> set[UUID]:
    """Claims time for many bookings at once, each on one schedule and past the rules (`override`).
    Returns the ids of the bookings that got theirs; `claim_time` tells why another did not."""
    assert all(request.query.override for request in requests)
    schedule_ids = sorted({request.query.schedule_ids[0] for request in requests})
    active = await protect_active_schedules(work.tenant, schedule_ids)
    claims = [
        request.claim_on(request.query.schedule_ids)
        for request in requests
        if request.query.schedule_ids[0] in active
    ]
    return await claim_several(work.tenant, claims) if claims else set()


async def lock_counted(work: UnitOfWork, query: AvailabilityQuery, limited: Sequence[UUID]) -> bool:
    """Locks the rows whose bookings are counted for the query, in the global lock order: the event
    type if it has seats or a daily limit, then the `limited` schedules. Returns whether it locked
    anything: what was read before may then be out of date."""
    event_type = query.event_type if query.is_counted else None
    if event_type:
        await lock_event_type(work.tenant, event_type.id)
    if limited:
        await lock_schedules(work.tenant, limited)
    return bool(event_type or limited)


async def _choose(
    work: UnitOfWork, request: BookingRequest
) -> tuple[LoadedAvailability, Sequence[UUID]]:
    """The schedules that the engine gives the request. Raises NotFound, Refused, SlotTaken.

    Where bookings are counted, for seats or a daily limit, the engine decides twice: first without
    a lock, so that requests for a full day are refused without queuing for it, then under the lock,
    on what others have committed meanwhile.
    """
    loaded = await _load(work, request)
    chosen = _decide(work.caller, request, loaded)
    if await lock_counted(work, request.query, loaded.limited):
        loaded = await _load(work, request)
        chosen = _decide(work.caller, request, loaded)
    return loaded, chosen


async def _load(work: UnitOfWork, request: BookingRequest) -> LoadedAvailability:
    """Loads the availability for the request. Raises NotFound."""
    loaded = await load_availability(
        work, request.query, (request.starts_at, request.ends_at), to_book=True
    )
    loaded.check_schedules()
    work.some_mail_off = any(stored.some_mail_off for stored in loaded.stored.values())
    return loaded


def _decide(caller: Caller, request: BookingRequest, loaded: LoadedAvailability) -> Sequence[UUID]:
    """The schedules that the engine gives the request. Raises Refused, SlotTaken."""
    start, end = int(request.starts_at.timestamp()), int(request.ends_at.timestamp())
    decision = decide(loaded.inputs, start, end)
    if decision.slot is None:
        raise _refusal(caller, decision, loaded, start, end)
    return decision.slot.schedule_ids


async def _claim(
    work: UnitOfWork,
    request: BookingRequest,
    loaded: LoadedAvailability,
    schedule_ids: Sequence[UUID],
    booking: Booking | None,
) -> None:
    """Writes the claim, and the booking. Raises SlotTaken if somebody else has the time and the
    query has no other schedules. If it has, raises _LostRace within a savepoint, so that the
    transaction survives and the engine can decide again."""
    claim_id = await _claim_of_session(work, request, loaded, schedule_ids)
    new_claim = structs.replace(request.claim_on(schedule_ids, claim_id), booking=booking)
    if len(schedule_ids) == len(request.query.schedule_ids):
        if await claim(work.tenant, new_claim, work.now):
            raise SlotTaken(TAKEN)
        return
    async with work.tx.transaction():
        if await claim(work.tenant, new_claim, work.now):
            raise _LostRace


async def _claim_of_session(
    work: UnitOfWork,
    request: BookingRequest,
    loaded: LoadedAvailability,
    schedule_ids: Sequence[UUID],
) -> UUID | None:
    """The claim of the group session that the request joins or opens; None without seats.

    The first session of a start has the claim id that earlier releases give it. A further session
    has another id, so that the exclusion constraint keeps the two apart.
    """
    event_type, start = request.query.event_type, int(request.starts_at.timestamp())
    if event_type is None or not request.query.has_seats:
        return None
    claims = await list_session_claims(work.tenant, event_type.id, request.starts_at)
    sessions = loaded.inputs.sessions_at(start)
    joins = any(set(session.schedule_ids) == set(schedule_ids) for session in sessions)
    if joins and schedule_ids[0] in claims:  # its last seat may have been given back just now
        return claims[schedule_ids[0]]
    first = session_claim_id(event_type.id, start)
    return (
        session_claim_id(event_type.id, start, schedule_ids) if first in claims.values() else first
    )


def _refusal(
    caller: Caller, decision: SlotDecision, loaded: LoadedAvailability, start: int, end: int
) -> KalendsError:
    """SlotTaken if only other bookings are in the way; else Refused with the code of the first rule
    that refuses, in the order of docs/slots.md. The details name all of them."""
    reasons = reasons_for(caller, decision, loaded)
    details = list(
        dict.fromkeys(Detail("start_time", reason.message, reason.code) for reason in reasons)
    )
    if _is_free_of_rules(loaded, start, end):
        return SlotTaken(TAKEN, [d for d in details if d.code == Code.SLOT_TAKEN])
    rules = [detail for detail in details if detail.code != Code.SLOT_TAKEN] or details
    return Refused(str(rules[0].code), rules[0].message, details)


def _is_free_of_rules(loaded: LoadedAvailability, start: int, end: int) -> bool:
    """Whether the time could be booked if no other booking were there."""
    calendars = [replace(calendar, occupied=()) for calendar in loaded.inputs.calendars]
    emptied = replace(loaded.inputs, calendars=calendars, sessions=())
    return decide(emptied, start, end).slot is not None
