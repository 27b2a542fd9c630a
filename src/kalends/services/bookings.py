"""Bookings: list, get, create, update, cancel."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, json, structs

from kalends.domain.access import Scope
from kalends.domain.booking import (
    Booking,
    BookingFilter,
    LocationType,
    Status,
    check_movable,
    check_transition,
    merge_metadata,
    with_canceller,
)
from kalends.domain.errors import Detail, Invalid
from kalends.domain.event_type import EventType, check_answer
from kalends.domain.ids import BOOKING, encode_id, new_id
from kalends.domain.visible import is_blank
from kalends.runtime import outbox, phones
from kalends.runtime.if_match import IfMatch, check_version
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling import booking_requests, clocks
from kalends.scheduling.claiming import BookingRequest, claim_time
from kalends.scheduling.zones import zone_of_booking
from kalends.services.holds import take_over_hold
from kalends.store.availability.claims import release
from kalends.store.availability.event_types import lock_event_type
from kalends.store.availability.schedules import lock_schedules
from kalends.store.bookings import bookings
from kalends.store.database import RunAgain

MOST_METADATA_BYTES: Final = 4_000_000


class NewAttendee(Struct, frozen=True, kw_only=True):
    name: str
    email: str
    phone: str | None = None
    timezone: str | None = None
    notes: str | None = None
    locale: str | None = None


class NewBooking(Struct, frozen=True, kw_only=True):
    """What a client asks for, parsed. What is None takes its default."""

    start_time: datetime
    attendee: NewAttendee
    end_time: datetime | None = None
    schedule_id: UUID | None = None
    event_type_id: UUID | None = None
    timezone: str | None = None
    title: str | None = None
    location: str | None = None
    location_type: LocationType | None = None
    answers: Mapping[str, Any] = {}
    metadata: Mapping[str, Any] = {}
    hold_id: UUID | None = None
    override: bool = False


class AttendeeChanges(Struct, frozen=True, kw_only=True):
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    phone: str | None | UnsetType = UNSET
    timezone: str | None | UnsetType = UNSET
    notes: str | None | UnsetType = UNSET
    locale: str | None | UnsetType = UNSET


class BookingChanges(Struct, frozen=True, kw_only=True):
    """What a client wants changed; UNSET stays as it is, None clears. Without `notify` no mail is
    sent about it."""

    status: Status | UnsetType = UNSET
    cancellation_reason: str | None | UnsetType = UNSET
    title: str | None | UnsetType = UNSET
    location: str | None | UnsetType = UNSET
    location_type: LocationType | None | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    attendee: AttendeeChanges = AttendeeChanges()
    metadata: Mapping[str, Any] = {}
    start_time: datetime | UnsetType = UNSET
    end_time: datetime | UnsetType = UNSET
    override: bool = False
    notify: bool = True


class Cancellation(Struct, frozen=True, kw_only=True):
    """How a booking is cancelled. Without `notify` no mail is sent about it."""

    reason: str | None = None
    notify: bool = True


async def list_bookings(
    work: UnitOfWork, wanted: BookingFilter, *, upcoming: bool, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """A page, sorted by start, then id, and the total. Raises Invalid for more than 4 MB of
    metadata."""
    if upcoming:
        wanted = structs.replace(wanted, after=work.now)
    found, total = await bookings.list_bookings(work.tenant, wanted, limit, offset)
    if sum(len(bytes(booking.metadata)) for booking in found) > MOST_METADATA_BYTES:
        raise Invalid.field(
            "limit",
            f"these {len(found)} bookings have more than {MOST_METADATA_BYTES // 10**6} MB of "
            "metadata, which is the most that one answer holds. Ask for a smaller limit",
        )
    return found, total


async def get_booking(work: UnitOfWork, booking_id: UUID) -> Booking:
    """Raises NotFound."""
    booking = await bookings.find_booking(work.tenant, booking_id)
    return require(booking, "booking", encode_id(BOOKING, booking_id))


async def create_booking(work: UnitOfWork, wanted: NewBooking) -> Booking:
    """Takes the time and writes the booking.

    Raises Forbidden, NotFound, Invalid, Inactive, Refused, SlotTaken.
    """
    if wanted.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    event_type = await booking_requests.find_event_type(work, wanted.event_type_id)
    try:
        request = structs.replace(
            booking_requests.booking_request_of(wanted, event_type), booking_id=new_id()
        )
        _check_answers(event_type, wanted.answers)
        metadata = merge_metadata(Raw(b"{}"), wanted.metadata)
    except Invalid:
        await booking_requests.check_schedule(work, wanted.schedule_id)
        raise
    if wanted.hold_id is None:
        schedules = await claim_time(work, request)
    else:
        request, schedules = await take_over_hold(work, request, wanted.hold_id)
    timezone = wanted.timezone or schedules[0].timezone
    booking = _new_booking(work, wanted, request, timezone, metadata, [s.id for s in schedules])
    asked = event_type.questions if event_type else []
    booking = await phones.with_numbers(work, booking, asked, wanted.answers)
    await bookings.insert_booking(work.tenant, booking)
    await outbox.record_event(
        work, outbox.CREATED, booking, event_type=event_type, override=wanted.override
    )
    return booking


async def update_booking(
    work: UnitOfWork, booking_id: UUID, if_match: IfMatch, parse: Callable[[], BookingChanges]
) -> Booking:
    """Changes status, details or time; what changes nothing succeeds and says nothing.

    `decode_id` gives the changes; it is called once the booking is known to be there.
    Raises NotFound, Stale, Invalid, InvalidTransition, NotReschedulable, Refused, SlotTaken.
    """
    seen = await get_booking(work, booking_id)
    check_version(seen.version, if_match)
    wanted = parse()
    if wanted.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    moves = _moves(seen, wanted)
    before = await _lock(work, seen, moves=moves)
    check_version(before.version, if_match)
    if _moves(before, wanted) != moves:
        raise RunAgain  # somebody moved it meanwhile: the locks are not the ones it takes
    after = _with_details(before, wanted)
    if after.attendee_phone != before.attendee_phone:
        after = phones.with_number_of(await phones.find_country(work), before, after)
    if wanted.status is not UNSET:
        check_transition(before.status, wanted.status)
        after = structs.replace(after, status=wanted.status)
    if moves:
        after = await _move(work, before, after, wanted)
    return await _write(work, before, after, override=wanted.override, notify=wanted.notify)


async def cancel_booking(
    work: UnitOfWork, booking_id: UUID, if_match: IfMatch, parse: Callable[[], Cancellation]
) -> Booking:
    """Cancels; a cancelled booking stays as it is.

    `decode_id` gives the cancellation; it is called once the booking is known to be there.
    Raises NotFound, Stale, Invalid, InvalidTransition.
    """
    seen = await get_booking(work, booking_id)
    check_version(seen.version, if_match)
    wanted = parse()
    before = await _lock(work, seen, moves=False)
    check_version(before.version, if_match)
    if before.status == Status.CANCELLED:
        return before
    check_transition(before.status, Status.CANCELLED)
    after = structs.replace(before, status=Status.CANCELLED, cancellation_reason=wanted.reason)
    return await _write(work, before, after, override=False, notify=wanted.notify)


def _check_answers(event_type: EventType | None, answers: Mapping[str, Any]) -> None:
    """Raises Invalid with all that is wrong: unknown keys, missing and malformed answers."""
    asked = event_type.questions if event_type else []
    questions = {question.key: question for question in asked}
    details = [Detail(f"answers.{k}", "is not asked") for k in answers if k not in questions]
    for key, question in questions.items():
        answer = answers.get(key)
        if answer is None or answer == [] or (isinstance(answer, str) and is_blank(answer)):
            if question.required:
                details.append(Detail(f"answers.{key}", "is required"))
        elif wrong := check_answer(question, answer):
            details.append(Detail(f"answers.{key}", wrong))
    if details:
        raise Invalid(f"{details[0].field}: {details[0].message}", details)


def _new_booking(
    work: UnitOfWork,
    wanted: NewBooking,
    request: BookingRequest,
    timezone: str,
    metadata: Raw,
    schedule_ids: list[UUID],
) -> Booking:
    event_type = request.query.event_type
    confirmed = event_type is not None and not event_type.requires_confirmation
    attendee = wanted.attendee
    assert request.booking_id is not None
    return Booking(
        id=request.booking_id,
        schedule_id=schedule_ids[0],
        schedule_ids=schedule_ids,
        event_type_id=event_type.id if event_type else None,
        status=Status.CONFIRMED if confirmed else Status.PENDING,
        start_time=request.starts_at,
        end_time=request.ends_at,
        timezone=timezone,
        wall_clock=clocks.wall_clock_of(request.starts_at, timezone),
        title=wanted.title or (event_type.name if event_type else None),
        location=wanted.location or (event_type.location if event_type else None),
        location_type=wanted.location_type or (event_type.location_type if event_type else None),
        attendee_name=attendee.name,
        attendee_email=attendee.email,
        attendee_phone=attendee.phone,
        attendee_timezone=attendee.timezone,
        attendee_notes=attendee.notes,
        answers=Raw(json.encode(wanted.answers)),
        metadata=metadata,
        source=work.caller.source,
        external_provider=None,
        external_uid=None,
        conflict=False,
        cancellation_reason=None,
        buffer_before=request.query.buffer_before,
        buffer_after=request.query.buffer_after,
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
        attendee_locale=attendee.locale,
    )


async def _lock(work: UnitOfWork, seen: Booking, *, moves: bool) -> Booking:
    """Locks in the one order: event type, schedules by id, then the booking."""
    if moves:
        if seen.event_type_id:
            await lock_event_type(work.tenant, seen.event_type_id)
        await lock_schedules(work.tenant, seen.schedule_ids)
    locked = await bookings.lock_booking(work.tenant, seen.id)
    if locked is None or locked.schedule_ids != seen.schedule_ids:
        raise RunAgain
    return locked


def _moves(booking: Booking, wanted: BookingChanges) -> bool:
    return _span_of(booking, wanted) != (booking.start_time, booking.end_time)


def _span_of(booking: Booking, wanted: BookingChanges) -> tuple[datetime, datetime]:
    """Where the booking is to be; a new start alone keeps its length."""
    starts_at = booking.start_time if wanted.start_time is UNSET else wanted.start_time
    if wanted.end_time is not UNSET:
        ends_at = wanted.end_time
    else:
        ends_at = starts_at + (booking.end_time - booking.start_time)
    booking_requests.check_span(starts_at, ends_at)
    return starts_at, ends_at


def _with_details(booking: Booking, wanted: BookingChanges) -> Booking:
    plain = ("cancellation_reason", "title", "location", "location_type", "timezone")
    changes = {n: getattr(wanted, n) for n in plain if getattr(wanted, n) is not UNSET}
    for name in AttendeeChanges.__struct_fields__:
        if (value := getattr(wanted.attendee, name)) is not UNSET:
            changes[f"attendee_{name}"] = value
    if wanted.metadata:
        changes["metadata"] = merge_metadata(booking.metadata, wanted.metadata)
    if changes.get("timezone", booking.timezone) != booking.timezone:
        changes["wall_clock"] = clocks.wall_clock_of(booking.start_time, changes["timezone"])
    return structs.replace(booking, **changes)


async def _move(
    work: UnitOfWork, before: Booking, after: Booking, wanted: BookingChanges
) -> Booking:
    """The booking at its new time, in place: its own time is given back, the new one taken."""
    check_movable(before)
    starts_at, ends_at = _span_of(before, wanted)
    request = await booking_requests.reschedule_request(
        work, before, starts_at, ends_at, override=wanted.override
    )
    await release(work.tenant, before.id)
    schedules = await claim_time(work, request)
    return structs.replace(
        after,
        start_time=starts_at,
        end_time=ends_at,
        schedule_id=schedules[0].id,
        schedule_ids=[schedule.id for schedule in schedules],
        buffer_before=request.query.buffer_before,
        buffer_after=request.query.buffer_after,
        conflict=False,  # it has its time now, whatever it had before
        wall_clock=clocks.wall_clock_of(starts_at, zone_of_booking(after).name),
    )


async def _write(
    work: UnitOfWork, before: Booking, after: Booking, *, override: bool, notify: bool
) -> Booking:
    """Writes what changed, gives back the time of a booking that has ended, says so."""
    if after == before:
        return before
    after = structs.replace(after, updated_at=work.recorded_at, version=before.version + 1)
    after = with_canceller(before, after, outbox.actor_behind(work, before))
    if before.occupies and not after.occupies:
        await release(work.tenant, after.id)
    await bookings.update_booking(work.tenant, after)
    await outbox.record_change(work, before, after, override=override, notify=notify)
    return after
