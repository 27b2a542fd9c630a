"""Absences: entering one closes its time at once; the bookings that it affects are then settled one
by one.

No booking can slip into an absence unnoticed: it is entered under a lock that waits for bookings in
progress, and a later booking meets its busy time even if it read the calendar before
(`store/availability/claims.py`). Holds in its time end. A caller who sees only some schedules sees
the absences that are on no other schedule.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import structs

from kalends.domain.absence import (
    Absence,
    AbsenceOwner,
    Action,
    AffectedBooking,
    CountedAbsence,
    Decision,
    Outcome,
    Result,
)
from kalends.domain.booking import Booking
from kalends.domain.changes import FieldChanges
from kalends.domain.closed_times import ClosedTime
from kalends.domain.errors import Invalid, KalendsError, NotFound, NotSaved, Stale
from kalends.domain.ids import ABSENCE, BOOKING, SCHEDULE, USER, encode_id, new_id
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, require
from kalends.scheduling.booking_changes import (
    Cancellation,
    ask_for_new_time,
    cancel_booking,
    get_changeable,
    reassign_together,
)
from kalends.scheduling.booking_requests import check_schedule_seen
from kalends.scheduling.replacements import Leaving, list_all_replacements
from kalends.store.accounts.members import find_member
from kalends.store.availability.schedules import close_to_bookings
from kalends.store.bookings import absences
from kalends.store.bookings.bookings import find_booking
from kalends.store.bookings.holds import end_hold
from kalends.store.database import RunAgain

AbsenceChanges = FieldChanges[Absence]


async def check_owner(work: UnitOfWork, owner: AbsenceOwner) -> AbsenceOwner:
    """Raises NotFound unless the user belongs to the organization. A schedule is checked when it is
    locked."""
    if owner.user_id is not None:
        is_seen = work.caller.sees_what_is_of(owner.user_id)
        member = await find_member(work.tenant, owner.user_id) if is_seen else None
        require(member, USER, owner.user_id)
    return owner


async def create_absence(
    work: UnitOfWork, owner: AbsenceOwner, closed: ClosedTime
) -> CountedAbsence:
    """Closes the time on the schedule, or on all schedules of the user, and counts the bookings
    affected.

    Raises NotFound, Invalid.
    """
    closed.check()
    schedule_ids = await _lock_schedules(work, owner)
    absence = Absence(
        id=new_id(),
        user_id=owner.user_id,
        schedule_ids=schedule_ids,
        created_at=work.recorded_at,
        **structs.asdict(closed),
    )
    await absences.insert_absence(work.tenant, absence)
    await _end_holds(work, absence)
    return await get_absence(work, AbsenceOwner(), absence.id)


async def list_absences(
    work: UnitOfWork, owner: AbsenceOwner, *, ends_after: datetime | None, limit: int, offset: int
) -> tuple[list[CountedAbsence], int]:
    """A page sorted by start, then id, and the total. `ends_after` None lists past ones, too."""
    await check_owner(work, owner)
    only = work.caller.only_schedules
    return await absences.list_absences(work.tenant, owner, ends_after, limit, offset, only)


async def get_absence(work: UnitOfWork, owner: AbsenceOwner, absence_id: UUID) -> CountedAbsence:
    """Raises NotFound."""
    counted = require(await absences.find_absence(work.tenant, absence_id), ABSENCE, absence_id)
    if not owner.owns(counted.absence) or not work.caller.sees_all_of(counted.absence.schedule_ids):
        raise NotFound.with_id(ABSENCE, encode_id(ABSENCE, absence_id))
    return counted


async def lock_absence(work: UnitOfWork, owner: AbsenceOwner, absence_id: UUID) -> Absence:
    """The absence, its schedules locked as for a new one. Raises NotFound."""
    counted = await get_absence(work, owner, absence_id)
    await close_to_bookings(work.tenant, counted.absence.schedule_ids)
    locked = await absences.lock_absence(work.tenant, absence_id)
    return require(locked, ABSENCE, absence_id)


async def update_absence(
    work: UnitOfWork, absence: Absence, changes: AbsenceChanges
) -> CountedAbsence:
    """Changes the time or the reason of a locked absence. Raises Invalid."""
    after = changes.applied_to(absence)
    ClosedTime(start_time=after.start_time, end_time=after.end_time).check()
    await absences.update_absence(work.tenant, after)
    await _end_holds(work, after)
    return await get_absence(work, AbsenceOwner(), absence.id)


async def delete_absence(work: UnitOfWork, owner: AbsenceOwner, absence_id: UUID) -> UUID:
    """Deletes the absence and its busy times. What was done about bookings stays. Raises
    NotFound."""
    absence = await lock_absence(work, owner, absence_id)
    await absences.delete_absence(work.tenant, absence)
    return absence_id


async def list_affected(
    work: UnitOfWork, owner: AbsenceOwner, absence_id: UUID, *, limit: int, offset: int
) -> tuple[list[AffectedBooking], int]:
    """The bookings that the absence affects now: a page sorted by start, then id, and the total.
    Raises NotFound."""
    absence = (await get_absence(work, owner, absence_id)).absence
    met, total = await absences.list_affected(work.tenant, absence, limit, offset)
    decided = await absences.find_decided(work.tenant, absence_id, [b.id for b in met])
    leaving = [Leaving(booking, _absent_in(absence, booking)) for booking in met]
    replacements = await list_all_replacements(work, leaving)
    affected = [
        AffectedBooking(
            booking=booking,
            absent_id=absent_id,
            alternatives=[
                id_ for id_ in replacements[booking.id] if id_ not in absence.schedule_ids
            ],
            decided=decided.get(booking.id),
        )
        for booking, absent_id in leaving
    ]
    return affected, total


async def settle_all(
    context: Context,
    caller: Caller,
    owner: AbsenceOwner,
    absence_id: UUID,
    decisions: Sequence[Decision],
) -> list[Outcome]:
    """Carries out each decision in a transaction of its own. Seats of one session that go to the
    same schedule move together, after the other decisions about that session, so that they take
    along whatever seats remain. Decisions that were carried out before are not repeated, and one
    that fails does not stop the others. Raises NotFound for the absence."""
    ids = [decision.booking_id for decision in decisions]
    met = await unit_of_work.read(context, caller, _find_met, owner, absence_id, ids)
    outcomes: list[Outcome | None] = [None] * len(decisions)
    for places in _in_turn(decisions, met):
        together = [decisions[place] for place in places]
        done = await _settle_together(context, caller, absence_id, together)
        for place, outcome in zip(places, done, strict=True):
            outcomes[place] = outcome
    return [outcome for outcome in outcomes if outcome]


async def _find_met(
    work: UnitOfWork, owner: AbsenceOwner, absence_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, Booking]:
    absence = (await get_absence(work, owner, absence_id)).absence
    return await absences.find_met(work.tenant, absence, ids)


def _in_turn(decisions: Sequence[Decision], met: Mapping[UUID, Booking]) -> list[list[int]]:
    """The positions of decisions that are carried out together, in order: seats that move to one
    schedule have the turn of the last decision about their session."""
    last: dict[Any, int] = {}
    going: dict[Any, dict[UUID | None, list[int]]] = {}
    for place, decision in enumerate(decisions):
        booking = met.get(decision.booking_id)
        # On the same schedules at the same time there are only seats of one session.
        session = (booking.start_time, *booking.schedule_ids) if booking else place
        last[session] = place
        if decision.action is Action.REASSIGN:
            takers = going.setdefault(session, {})
            takers.setdefault(decision.schedule_id, []).append(place)
    alone = [n for n, one in enumerate(decisions) if one.action is not Action.REASSIGN]
    turns = [(place, [place]) for place in alone]
    turns += [(last[one], places) for one, takers in going.items() for places in takers.values()]
    return [places for _, places in sorted(turns)]


async def _settle_together(
    context: Context, caller: Caller, absence_id: UUID, decisions: Sequence[Decision]
) -> list[Outcome]:
    ids = [decision.booking_id for decision in decisions]
    try:
        results = await unit_of_work.change(context, caller, settle, absence_id, decisions)
    except NotSaved:  # of all of them
        raise
    except KalendsError as error:
        failed = partial(Outcome, result=Result.FAILED, code=error.code, message=error.message)
        return [failed(booking_id=id_) for id_ in ids]
    return [Outcome(booking_id=id_, result=results[id_]) for id_ in ids]


async def settle(
    work: UnitOfWork, absence_id: UUID, decisions: Sequence[Decision]
) -> dict[UUID, Result]:
    """Carries out the same decision about a booking, or about several seats of one session, if the
    absence still affects them. Returns the result for each booking. Idempotent.

    Raises NotFound, and what changing or cancelling the booking raises.
    """
    absence = (await get_absence(work, AbsenceOwner(), absence_id)).absence
    ids = [decision.booking_id for decision in decisions]
    met = await absences.find_met(work.tenant, absence, ids)
    decided = await absences.find_decided(work.tenant, absence_id, ids)
    results: dict[UUID, Result] = {}
    open_: list[Decision] = []
    for decision in decisions:
        id_ = decision.booking_id
        if id_ not in met:
            require(await find_booking(work.tenant, id_), BOOKING, id_)
        is_decided = id_ in decided and decided[id_].is_of(decision)
        if is_decided and (id_ not in met or decision.action in (Action.OFFER, Action.KEEP)):
            results[id_] = Result.DONE
        elif id_ not in met:
            results[id_] = Result.UNAFFECTED
        else:
            results[id_] = Result.DONE
            open_.append(decision)
    if open_:
        await _act(work, absence, [met[one.booking_id] for one in open_], open_[0])
    for decision in open_:
        await absences.save_decision(work.tenant, absence_id, decision, work.recorded_at)
    return results


async def _act(
    work: UnitOfWork, absence: Absence, bookings: Sequence[Booking], decision: Decision
) -> None:
    """Acts on the bookings in exactly the versions that were read, since the absence may not affect
    a later one. Raises RunAgain if one has changed."""
    try:
        seats = [await get_changeable(work, b.id, frozenset({b.version})) for b in bookings]
        match decision.action:
            case Action.REASSIGN:
                check_schedule_seen(work.caller, decision.schedule_id)
                await reassign_together(work, seats, _others(absence, bookings[0], decision))
            case Action.CANCEL:
                await cancel_booking(work, seats[0], Cancellation())
            case Action.OFFER:
                await ask_for_new_time(work, seats[0])
            case Action.KEEP:
                pass
    except Stale:
        raise RunAgain from None


def _others(absence: Absence, booking: Booking, decision: Decision) -> list[UUID]:
    """The booking's schedules with the absent one replaced by the decision's. Raises Invalid."""
    if decision.schedule_id is None or decision.schedule_id in absence.schedule_ids:
        raise Invalid.field("schedule_id", "must be a schedule that is not absent")
    absent_id = _absent_in(absence, booking)
    return [decision.schedule_id if id_ == absent_id else id_ for id_ in booking.schedule_ids]


def _absent_in(absence: Absence, booking: Booking) -> UUID:
    absent = [id_ for id_ in booking.schedule_ids if id_ in absence.schedule_ids]
    return absent[0] if absent else booking.schedule_id


async def _lock_schedules(work: UnitOfWork, owner: AbsenceOwner) -> list[UUID]:
    """Locks the schedules of the owner against bookings. Raises NotFound, and Invalid for a user
    without schedules."""
    await check_owner(work, owner)
    if owner.user_id is not None:
        wanted = await absences.list_schedule_ids_of_user(work.tenant, owner.user_id)
        locked = await close_to_bookings(work.tenant, wanted)
        if not locked:
            raise Invalid("This user has no schedule; there is nothing to close.")
        return locked
    assert owner.schedule_id is not None
    check_schedule_seen(work.caller, owner.schedule_id)
    locked = await close_to_bookings(work.tenant, [owner.schedule_id])
    require(locked or None, SCHEDULE, owner.schedule_id)
    return locked


async def _end_holds(work: UnitOfWork, absence: Absence) -> None:
    """Ends the holds in its time: whoever fills in a form then learns that the time is gone."""
    for hold_id in await absences.list_met_holds(work.tenant, absence):
        await end_hold(work.tenant, hold_id, work.now)
