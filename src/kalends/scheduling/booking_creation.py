"""Creating a booking, for the API, the console and the booking pages alike."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct, json, structs

from kalends.domain.booking import Booking, LocationType, Status, hosts_among, merge_metadata
from kalends.domain.errors import Detail, Invalid
from kalends.domain.event_type import EventType, check_answer
from kalends.domain.ids import new_id
from kalends.domain.invisible_characters import is_blank
from kalends.domain.schedule import Schedule
from kalends.domain.webhook import EventName
from kalends.runtime import outbox, phones
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import booking_requests, local_time
from kalends.scheduling.booking_requests import RequestedTime
from kalends.scheduling.claiming import BookingRequest, claim_booking
from kalends.scheduling.holds import take_over_hold
from kalends.scheduling.video import first_video, place_of_call
from kalends.store.bookings import bookings


class NewAttendee(Struct, frozen=True, kw_only=True):
    name: str
    email: str
    phone: str | None = None
    timezone: str | None = None
    notes: str | None = None
    locale: str | None = None


class NewBooking(RequestedTime, frozen=True, kw_only=True):
    """A booking as a client requests it, parsed. A field that is None takes its default."""

    attendee: NewAttendee
    timezone: str | None = None
    title: str | None = None
    location: str | None = None
    location_type: LocationType | None = None
    answers: Mapping[str, Any] = {}
    metadata: Mapping[str, Any] = {}
    hold_id: UUID | None = None


async def create_booking(work: UnitOfWork, new: NewBooking) -> Booking:
    """Claims the time, or takes it over from its hold; writes the booking and records the event.

    Raises NotFound, Invalid, Inactive, HoldExpired, Refused, SlotTaken.
    """
    event_type = await booking_requests.find_event_type(work, new.event_type_id)
    try:
        request = booking_requests.booking_request_of(new, event_type)
        _check_answers(event_type, new.answers)
        metadata = merge_metadata(Raw(b"{}"), new.metadata)
    except Invalid:
        await booking_requests.check_schedule(work, new.schedule_id)
        raise
    request = structs.replace(request, booking_id=new_id())
    if new.hold_id is None:
        make = partial(_new_booking, work, new, request, metadata)
        booking = await claim_booking(work, request, make)
    else:
        request, schedules = await take_over_hold(work, request, new.hold_id)
        booking = await _new_booking(work, new, request, metadata, schedules)
        await bookings.insert_booking(work.tenant, booking)
    await outbox.record_event(
        work, EventName.CREATED, booking, event_type=event_type, override=new.override
    )
    return booking


def _check_answers(event_type: EventType | None, answers: Mapping[str, Any]) -> None:
    """Raises Invalid with every fault: unknown keys, missing and malformed answers."""
    questions = {q.key: q for q in event_type.questions} if event_type else {}
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


async def _new_booking(
    work: UnitOfWork,
    new: NewBooking,
    request: BookingRequest,
    metadata: Raw,
    schedules: Sequence[Schedule],
) -> Booking:
    event_type = request.query.event_type
    confirmed = event_type is not None and not event_type.requires_confirmation
    timezone = new.timezone or schedules[0].timezone
    assert request.booking_id is not None
    booking = Booking(
        id=request.booking_id,
        schedule_id=schedules[0].id,
        schedule_ids=[schedule.id for schedule in schedules],
        event_type_id=event_type.id if event_type else None,
        status=Status.CONFIRMED if confirmed else Status.PENDING,
        start_time=request.starts_at,
        end_time=request.ends_at,
        timezone=timezone,
        wall_clock=local_time.wall_clock_of(request.starts_at, timezone),
        **_title_and_place(new, event_type, await _find_link(work, new, request, schedules[0].id)),
        **{f"attendee_{name}": value for name, value in structs.asdict(new.attendee).items()},
        answers=Raw(json.encode(new.answers)),
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
        hosts=hosts_among(schedules),
    )
    booking = structs.replace(booking, video=first_video(booking, event_type, new.location))
    questions = event_type.questions if event_type else []
    return await phones.with_numbers(work, booking, questions, new.answers)


async def _find_link(
    work: UnitOfWork, new: NewBooking, request: BookingRequest, first: UUID
) -> str | None:
    """The link to the video call; None if the client named a location, or if the link is made
    later by a provider. `first` is the booking's first schedule."""
    event_type, booking_id = request.query.event_type, request.booking_id
    if event_type is None or event_type.video is None or new.location is not None:
        return None
    assert booking_id is not None
    return await place_of_call(work, booking_id, first, event_type, request.starts_at)


def _title_and_place(
    new: NewBooking, event_type: EventType | None, link: str | None
) -> dict[str, Any]:
    """Title and location as requested, else those of the event type. The location of a video call
    is its `link`, if that is known."""
    kind = event_type.location_type if event_type else None
    if event_type is not None and new.location is None:
        kind = event_type.kind_of_place
    return {
        "title": new.title or (event_type.name if event_type else None),
        "location": new.location or link or (event_type.location if event_type else None),
        "location_type": new.location_type or kind,
    }
