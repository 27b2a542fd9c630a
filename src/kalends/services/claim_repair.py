"""Finds claim mismatches, and writes missing claims again.

A booking that takes time has a claim on each of its schedules, from its start to its end with the
buffers, and no other booking has one. Rows that somebody has added or deleted by hand break that. A
repair only adds a missing claim, and only where the time is free: it never deletes anything.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode
from kalends.domain.booking import Booking
from kalends.domain.ids import BOOKING, HOLD, ORGANIZATION, SCHEDULE, encode_id, new_id
from kalends.domain.imports.merging import claim_id_of_row
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.scheduling.availability import session_claim_id
from kalends.store.availability import claim_mismatches as store
from kalends.store.availability.claim_mismatches import ClaimCursor, ClaimMismatch
from kalends.store.availability.claims import Claim, claim
from kalends.store.availability.event_types import find_event_type, lock_event_type
from kalends.store.availability.sessions import list_session_claims
from kalends.store.bookings.bookings import find_booking
from kalends.store.database import Tx

CLAIMS_AT_ONCE: Final = 2000
BEFORE_ALL: Final = (UUID(int=0), UUID(int=0))
MISSING: Final = "missing"
OPERATOR: Final = "operator"
MISMATCH_WORDS: Final = {
    MISSING: "has no claim on {schedule} from {begins} to {ends}",
    "other time": "has its claim on {schedule} from {lies_from} to {lies_until}, and not from "
    "{begins} to {ends}",
    "other buffers": "has its claim on {schedule} with other buffers: from {lies_from} to "
    "{lies_until}, and not from {begins} to {ends}",
    "other start": "has its claim on {schedule} from {begins} to {ends} under another start",
    "other event type": "has its claim on {schedule} from {begins} to {ends} under another event "
    "type",
    "several claims": "has several claims where its schedules need the same one",
    "no booking": "is no booking, and has a claim on {schedule} from {begins} to {ends}",
    "not taken": "takes no time, and has a claim on {schedule} from {begins} to {ends}",
    "other schedule": "is not on {schedule}, and has a claim there from {begins} to {ends}",
    "shared claim": "shares its claim on {schedule} from {begins} to {ends} with what is no seat "
    "of its session",
}


class Repair(Struct, frozen=True):
    """The result of a repair: why the claim could not be written; None if it was."""

    hindrance: str | None


async def find_claim_mismatches(context: Context) -> AsyncIterator[ClaimMismatch]:
    """All claim mismatches of all organizations; reads a few thousand rows at a time."""
    for find in (store.find_mismatches_of_bookings, store.find_mismatches_of_claims):
        async for mismatch in _each(context, find):
            yield mismatch


def describe_mismatch(mismatch: ClaimMismatch) -> str:
    """A line about the mismatch, for the operator."""
    words = MISMATCH_WORDS[mismatch.kind].format(
        schedule=encode_id(SCHEDULE, mismatch.schedule_id),
        begins=_instant(mismatch.begins),
        ends=_instant(mismatch.ends),
        lies_from=_instant(mismatch.lies_from),
        lies_until=_instant(mismatch.lies_until),
    )
    organization = encode_id(ORGANIZATION, mismatch.organization_id)
    return f"{encode_id(BOOKING, mismatch.booking_id)} of {organization} {words}"


async def repair_claim(context: Context, mismatch: ClaimMismatch) -> Repair:
    """Writes a missing claim if its time is free."""
    caller = Caller(mismatch.organization_id, Mode.LIVE, OPERATOR, source=OPERATOR)
    return await working.change(context, caller, _repair, mismatch)


async def _repair(work: UnitOfWork, mismatch: ClaimMismatch) -> Repair:
    """Checks under locks that the claim is still missing, and writes it."""
    tenant = work.tenant
    booking = await find_booking(tenant, mismatch.booking_id)
    if booking is not None and booking.event_type_id is not None:
        await lock_event_type(tenant, booking.event_type_id)
    await store.lock_booking(tenant, mismatch.booking_id)
    booking = await find_booking(tenant, mismatch.booking_id)
    if booking is None or not booking.occupies or mismatch.schedule_id not in booking.schedule_ids:
        return Repair("it was changed meanwhile")
    own = await store.claims_of_booking(tenant, booking.id)
    if mismatch.schedule_id in own:
        return Repair(None)
    missing = Claim(
        claim_id=next(iter(own.values()), None) or await _claim_id(work, booking),
        schedule_ids=[mismatch.schedule_id],
        starts_at=booking.start_time,
        begins=mismatch.begins,
        ends=mismatch.ends,
        booking_id=booking.id,
        event_type_id=booking.event_type_id,
    )
    if not await claim(tenant, missing, work.now):
        return Repair(None)
    return Repair(await _hindrance(work, mismatch))


async def _claim_id(work: UnitOfWork, booking: Booking) -> UUID:
    """The claim id of its session if the booking is a seat, else a new one."""
    tenant, event_type_id = work.tenant, booking.event_type_id
    if event_type_id is None:
        uid = await store.find_imported_seat(tenant, booking.id)
        return new_id() if uid is None else claim_id_of_row(str(booking.external_provider), uid)
    event_type = await find_event_type(tenant, event_type_id)
    if event_type is None or event_type.capacity == 1:
        return new_id()
    start = booking.start_time
    of_seats = await store.find_claim_of_seats(
        tenant,
        event_type_id,
        start,
        booking.schedule_ids,
        booking.id,
    )
    if of_seats is not None:
        return of_seats
    first = session_claim_id(event_type_id, int(start.timestamp()))
    others = await list_session_claims(tenant, event_type_id, start)
    if first not in others.values():
        return first
    return session_claim_id(event_type_id, int(start.timestamp()), booking.schedule_ids)


async def _hindrance(work: UnitOfWork, mismatch: ClaimMismatch) -> str:
    holder = await store.find_blocker(work.tenant, mismatch, work.now)
    booking_id, hold_id = holder or (None, None)
    if booking_id is not None:
        return f"{encode_id(BOOKING, booking_id)} has that time"
    if hold_id is not None:
        return f"the hold {encode_id(HOLD, hold_id)} has that time"
    return "somebody else has that time"


async def _each(
    context: Context,
    find: Callable[
        [Tx, ClaimCursor, int], Awaitable[tuple[list[ClaimMismatch], ClaimCursor | None]]
    ],
) -> AsyncIterator[ClaimMismatch]:
    cursor: ClaimCursor | None = BEFORE_ALL
    while cursor is not None:
        async with context.database.connection() as tx:
            mismatches, cursor = await find(tx, cursor, CLAIMS_AT_ONCE)
        for mismatch in mismatches:
            yield mismatch


def _instant(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z" if moment is not None else ""
