"""Changing a booking, for the API, the console, attendees' links and timed endings alike.

Each change locks its rows in the global lock order, compares versions, and records one event.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, structs

from kalends.domain.booking import (
    MOVABLE,
    Booking,
    Status,
    check_movable,
    check_transition,
    hosts_among,
    merge_metadata,
    with_canceller,
)
from kalends.domain.errors import Invalid
from kalends.domain.ids import BOOKING
from kalends.runtime import outbox, phones
from kalends.runtime.if_match import IfMatch, check_version
from kalends.runtime.unit_of_work import UnitOfWork, require_seen
from kalends.scheduling import booking_requests, local_time
from kalends.scheduling.claiming import claim_time
from kalends.scheduling.zones import zone_of_booking
from kalends.store.availability.claims import release
from kalends.store.availability.event_types import lock_event_type
from kalends.store.availability.schedules import lock_schedules
from kalends.store.bookings import bookings
from kalends.store.database import RunAgain


class BookingChanges(Struct, frozen=True, kw_only=True):
    """What a client wants changed; UNSET leaves a field as it is.

    `details` has the changed fields of the booking (title, location, timezone, reason) and
    `attendee` those of the attendee, by name; None clears a field. `schedule_ids` are all the
    schedules to take; `schedule_id` is the same for a booking on one schedule. Without `notify` no
    mail is sent about the change.
    """

    status: Status | UnsetType = UNSET
    details: Mapping[str, Any] = {}
    attendee: Mapping[str, str | None] = {}
    metadata: Mapping[str, Any] = {}
    start_time: datetime | UnsetType = UNSET
    end_time: datetime | UnsetType = UNSET
    schedule_id: UUID | UnsetType = UNSET
    schedule_ids: Sequence[UUID] | UnsetType = UNSET
    override: bool = False
    notify: bool = True


class ChangeableBooking(Struct, frozen=True):
    """A booking as it was read, and the versions that the client's `If-Match` accepts."""

    booking: Booking
    if_match: IfMatch


class Cancellation(Struct, frozen=True, kw_only=True):
    """How a booking is cancelled. Without `notify` no mail is sent about it."""

    reason: str | None = None
    notify: bool = True


async def get_booking(work: UnitOfWork, booking_id: UUID) -> Booking:
    """The booking. Raises NotFound, also for a booking that the caller does not see."""
    booking = await bookings.find_booking(work.tenant, booking_id)
    return require_seen(booking, lambda b: work.caller.sees(b.schedule_ids), BOOKING, booking_id)


async def get_changeable(
    work: UnitOfWork, booking_id: UUID, if_match: IfMatch
) -> ChangeableBooking:
    """The booking, to be changed in this unit of work. Raises NotFound, Stale."""
    booking = await get_booking(work, booking_id)
    check_version(booking.version, if_match)
    return ChangeableBooking(booking, if_match)


async def update_booking(
    work: UnitOfWork, changeable: ChangeableBooking, changes: BookingChanges
) -> Booking:
    """Changes status, details, time or schedules. Without a difference it succeeds and records no
    event.

    Raises Stale, Invalid, InvalidTransition, NotReschedulable, Refused, SlotTaken.
    """
    booking = changeable.booking
    moves = _moves(booking, changes)
    to_lock = {*booking.schedule_ids, *(_named(booking, changes) or ())} if moves else set()
    before = await _lock(work, changeable, to_lock)
    if _moves(before, changes) != moves:
        raise RunAgain  # somebody moved it meanwhile, so other schedules have to be locked
    after = _with_details(before, changes)
    if after.attendee_phone != before.attendee_phone:
        after = phones.with_number_of(await phones.find_country(work), before, after)
    if changes.status is not UNSET:
        check_transition(before.status, changes.status)
        after = structs.replace(after, status=changes.status)
    if moves:
        after = await _move(work, before, after, changes)
    return await _write(work, before, after, override=changes.override, notify=changes.notify)


async def reassign_together(
    work: UnitOfWork, seats: Sequence[ChangeableBooking], schedule_ids: Sequence[UUID]
) -> None:
    """Moves a booking, or all seats of a group session, to other schedules at the same time. It
    releases the claims of all seats before it claims the first, so that none is in another's way.

    Raises Stale, Invalid, NotReschedulable, Refused, SlotTaken.
    """
    changes = BookingChanges(schedule_ids=schedule_ids)
    ordered = sorted(seats, key=lambda seat: seat.booking.id)
    to_lock = {*schedule_ids, *(id_ for seat in ordered for id_ in seat.booking.schedule_ids)}
    locked = [await _lock(work, seat, to_lock) for seat in ordered]
    for before in locked:
        check_movable(before)
        await release(work.tenant, before.id)
    for before in locked:
        after = await _move(work, before, before, changes)
        await _write(work, before, after, override=False, notify=True)


async def ask_for_new_time(work: UnitOfWork, changeable: ChangeableBooking) -> Booking:
    """Asks the attendee by mail to choose another time; until then the booking keeps its own. Does
    nothing if the attendee has been asked already.

    Raises Stale, NotReschedulable.
    """
    before = await _lock(work, changeable)
    check_movable(before)
    after = structs.replace(before, needs_new_time=True)
    return await _write(work, before, after, override=False, notify=True)


async def cancel_booking(
    work: UnitOfWork, changeable: ChangeableBooking, cancellation: Cancellation
) -> Booking:
    """Cancels a booking; one that is cancelled already stays as it is.

    Raises Stale, InvalidTransition.
    """
    before = await _lock(work, changeable)
    if before.status == Status.CANCELLED:
        return before
    check_transition(before.status, Status.CANCELLED)
    after = structs.replace(
        before, status=Status.CANCELLED, cancellation_reason=cancellation.reason
    )
    return await _write(work, before, after, override=False, notify=cancellation.notify)


async def _lock(
    work: UnitOfWork, changeable: ChangeableBooking, schedule_ids: Collection[UUID] = ()
) -> Booking:
    """Locks the rows in the global lock order: event type and schedules by id, if there are any to
    lock, then the booking, which it returns. Raises Stale; RunAgain if it has other schedules now.
    """
    booking = changeable.booking
    if schedule_ids:
        if booking.event_type_id:
            await lock_event_type(work.tenant, booking.event_type_id)
        await lock_schedules(work.tenant, sorted(schedule_ids))
    locked = await bookings.lock_booking(work.tenant, booking.id)
    if locked is None or locked.schedule_ids != booking.schedule_ids:
        raise RunAgain
    check_version(locked.version, changeable.if_match)
    return locked


def _moves(booking: Booking, changes: BookingChanges) -> bool:
    """Whether the booking gets another time or other schedules."""
    named = _named(booking, changes)
    has_others = named is not None and set(named) != set(booking.schedule_ids)
    return has_others or _span_of(booking, changes) != (booking.start_time, booking.end_time)


def _named(booking: Booking, changes: BookingChanges) -> Sequence[UUID] | None:
    """The schedules that the change names; None if it names none. Raises Invalid."""
    if changes.schedule_ids is not UNSET:
        return changes.schedule_ids
    if changes.schedule_id is UNSET:
        return None
    if len(booking.schedule_ids) > 1:
        raise Invalid.field(
            "schedule_id", "is for bookings on one schedule; name all of them in schedule_ids"
        )
    return [changes.schedule_id]


def _span_of(booking: Booking, changes: BookingChanges) -> tuple[datetime, datetime]:
    """The new start and end; a new start alone keeps the length. Raises Invalid."""
    starts_at = booking.start_time if changes.start_time is UNSET else changes.start_time
    if changes.end_time is not UNSET:
        ends_at = changes.end_time
    else:
        ends_at = starts_at + (booking.end_time - booking.start_time)
    booking_requests.check_span(starts_at, ends_at)
    return starts_at, ends_at


def _with_details(booking: Booking, changes: BookingChanges) -> Booking:
    attendee = {f"attendee_{name}": value for name, value in changes.attendee.items()}
    values = {**changes.details, **attendee}
    if changes.metadata:
        values["metadata"] = merge_metadata(booking.metadata, changes.metadata)
    if values.get("timezone", booking.timezone) != booking.timezone:
        values["wall_clock"] = local_time.wall_clock_of(booking.start_time, values["timezone"])
    return structs.replace(booking, **values)


async def _move(
    work: UnitOfWork, before: Booking, after: Booking, changes: BookingChanges
) -> Booking:
    """The booking at its new time: releases its claim and claims the new time."""
    check_movable(before)
    starts_at, ends_at = _span_of(before, changes)
    request = await booking_requests.reschedule_request(
        work,
        before,
        starts_at,
        ends_at,
        schedule_ids=_named(before, changes),
        override=changes.override,
    )
    await release(work.tenant, before.id)
    schedules = await claim_time(work, request)
    return structs.replace(
        after,
        start_time=starts_at,
        end_time=ends_at,
        schedule_id=schedules[0].id,
        schedule_ids=[schedule.id for schedule in schedules],
        hosts=hosts_among(schedules),
        buffer_before=request.query.buffer_before,
        buffer_after=request.query.buffer_after,
        needs_new_time=False,
        conflict=False,  # it has a claim now, even if it had none before
        wall_clock=local_time.wall_clock_of(starts_at, zone_of_booking(after).name),
    )


async def _write(
    work: UnitOfWork, before: Booking, after: Booking, *, override: bool, notify: bool
) -> Booking:
    """Writes what changed as the next version, releases the claim of a booking that no longer takes
    time, and records the event."""
    if after == before:
        return before
    after = structs.replace(after, updated_at=work.recorded_at, version=before.version + 1)
    after = with_canceller(before, after, outbox.actor_behind(work, before))
    if after.status not in MOVABLE:
        after = structs.replace(after, needs_new_time=False)
    if before.occupies and not after.occupies:
        await release(work.tenant, after.id)
    await bookings.update_booking(work.tenant, after)
    await outbox.record_change(work, before, after, override=override, notify=notify)
    return after
