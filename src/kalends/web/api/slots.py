"""`/api/v1/slots` lists the times that can be booked; `/slots/explain` says why one cannot."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache, partial
from typing import Annotated, Any, Final

from msgspec import Meta, Raw, Struct

from kalends.availability.slots import Slots
from kalends.availability.wallclock import zone_named
from kalends.domain import ids
from kalends.domain.errors import Invalid
from kalends.domain.scopes import Scope
from kalends.domain.values import Instant
from kalends.formats.described import about
from kalends.formats.slots import ExplanationBody, SlotBody, encode_slots, write_slots
from kalends.runtime.idempotency import HttpAnswer
from kalends.scheduling.explaining import Blocker, Reason
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.scheduling.slots import ListedSlots, SlotRange
from kalends.services import slots
from kalends.web.api.models import DayOrInstant, ZoneName, check_zone, day_or_instant
from kalends.web.http.answers import DataOf, data, data_with_meta
from kalends.web.http.call import Call, id_named
from kalends.web.http.reading import read_query
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import Resource, Route, Scopes

LONGEST_SLOT_RANGE: Final = timedelta(days=366)
LONGEST_MINUTES: Final = 30 * 24 * 60
# Parsed queries are cached, as they do not depend on when or by whom they are made.
QUERIES_KEPT: Final = 256
KEPT_QUERY_BYTES: Final = 500

Minutes = Annotated[int, Meta(ge=1, le=LONGEST_MINUTES)]
ScheduleTaken = Annotated[
    str | None, about("With an event type: only slots that take this schedule.")
]
Duration = Annotated[Minutes | None, about("Required if only `schedule_id` is given.")]
Step = Annotated[
    Minutes | None,
    about("Minutes between starts, if only `schedule_id` is given. Default: the duration."),
]
BookingToMove = Annotated[str | None, about("Lists the times to which this booking could move.")]


class SlotPurposeQuery(RequestModel, frozen=True):
    """An event type, or a schedule with a duration."""

    event_type_id: str | None = None
    schedule_id: ScheduleTaken = None
    duration_minutes: Duration = None
    slot_step_minutes: Step = None
    booking_id: BookingToMove = None


class SlotsQuery(SlotPurposeQuery, frozen=True, kw_only=True):
    """Slots that start within a range of at most 366 days, and at most 20,000 of them."""

    start: Annotated[DayOrInstant, about("A day or an instant.", "2026-12-01")]
    end: Annotated[
        DayOrInstant,
        about("The end: a day, which is included, or an instant, which is not.", "2026-12-14"),
    ]
    timezone: Annotated[
        ZoneName | None, about("The time zone of days. Default: the first schedule's zone.")
    ] = None


class ExplainQuery(SlotPurposeQuery, frozen=True, kw_only=True):
    """The start that is asked about."""

    start_time: Instant


class SlotsMeta(Struct, frozen=True):
    total: int
    timezone: str


class SlotList(Struct, frozen=True):
    data: list[SlotBody]
    meta: SlotsMeta


async def list_slots(call: Call) -> HttpAnswer:
    """List the times that can be booked

    For an event type, or for a schedule with a duration. A time that is listed can be booked at
    this moment; any other is refused with the code of the rule against it. An answer holds at
    most 20,000 slots (a year of half hours); for a longer one you get 422 and have to ask for a
    shorter range.

    If fewer schedules are needed than the event type lists, `schedule_ids` names those that are
    next in turn: the order follows from what each had in the month and on the day, divided by its
    weight.

    A group session is one start on one set of schedules. A booking joins the fullest session that
    has a seat left; if none has, and other schedules are free, a further session opens on them.
    `seats_left` belongs to the session that the next booking would join: 1 is not the last seat
    of that time if a further session can open. In daily limits a session counts once, however
    many seats it has, and a limit never closes a session that has begun.
    """
    purpose, slot_range = _parse_query(call.query_string)
    listed = await slots.list_slots(call.context, call.caller, purpose, slot_range)
    return await _encode(listed, slot_range.timezone)


async def explain_slot(call: Call) -> HttpAnswer:
    """Explain why a time is not offered

    Lists every rule that refuses the start: those of the event type itself, and those of each
    schedule that could help to meet its requirements. If some of its schedules meet a requirement
    already, the others are not named. A past time is never offered (`TOO_SHORT_NOTICE`), though a
    booking can be recorded there if no notice is set.
    """
    query = call.query(ExplainQuery)
    explained = await call.read(slots.explain_slot, _purpose(query), query.start_time)
    reasons = [_show_reason(reason) for reason in explained.reasons]
    return data({"offered": explained.is_offered, "reasons": reasons})


def _parse_query(raw: bytes) -> tuple[SlotPurpose, SlotRange]:
    """The purpose and range that a query asks for. Raises Invalid, NotFound."""
    return (
        _parse_kept_query(raw)
        if len(raw) <= KEPT_QUERY_BYTES
        else _parse_kept_query.__wrapped__(raw)
    )


@lru_cache(QUERIES_KEPT)
def _parse_kept_query(raw: bytes) -> tuple[SlotPurpose, SlotRange]:
    query = read_query(raw, SlotsQuery)
    check_zone("timezone", query.timezone)
    return _purpose(query), _range(query)


def _purpose(query: SlotPurposeQuery) -> SlotPurpose:
    """Raises Invalid, NotFound."""
    if query.event_type_id is not None:
        for name in ("duration_minutes", "slot_step_minutes"):
            if getattr(query, name) is not None:
                raise Invalid.field(name, "is the event type's to say")
    return SlotPurpose(
        event_type_id=_id(ids.EVENT_TYPE, query.event_type_id),
        schedule_id=_id(ids.SCHEDULE, query.schedule_id),
        duration_minutes=query.duration_minutes,
        step_minutes=query.slot_step_minutes,
        booking_id=_id(ids.BOOKING, query.booking_id),
    )


def _id(prefix: str, text: str | None) -> Any:
    return None if text is None else id_named(prefix, text)


def _range(query: SlotsQuery) -> SlotRange:
    """Raises Invalid, also for a range of more than 366 days."""
    slot_range = SlotRange(
        start=day_or_instant("start", query.start),
        end=day_or_instant("end", query.end),
        timezone=query.timezone,
    )
    if slot_range.length < -timedelta(days=1):
        raise Invalid.field("end", "must be after start")
    if slot_range.length > LONGEST_SLOT_RANGE:
        raise Invalid.field("end", f"must be at most {LONGEST_SLOT_RANGE.days} days after start")
    return slot_range


async def _encode(listed: ListedSlots, timezone: str | None) -> HttpAnswer:
    """The answer with the slots as JSON. Slots that are kept between requests keep their text too:
    they were listed for the same range, and so in the same zone."""
    if listed.texts:
        return HttpAnswer(200, listed.texts[0])
    zone = zone_named(timezone) if timezone else None
    write = encode_slots if listed.texts is None else write_slots
    encoded = await _encode_pieces(listed.pieces, partial(write, zone=zone))
    meta = SlotsMeta(sum(map(len, listed.pieces)), listed.zone_name)
    answer = data_with_meta(Raw(encoded), meta)
    listed.keep_text(answer.body)
    return answer


async def _encode_pieces(pieces: Sequence[Slots], write: Callable[[Slots], bytes]) -> bytes:
    """The JSON list of all slots, encoded piece by piece so that other tasks run in between."""
    parts = []
    for piece in pieces:
        parts.append(write(piece))
        await asyncio.sleep(0)
    lists = [part[1:-1] for part in parts if len(part) > len(b"[]")]
    return parts[0] if len(parts) == 1 else b"[" + b",".join(lists) + b"]"


def _show_reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "message": reason.message,
        "schedule_id": ids.encode_id_or_none(ids.SCHEDULE, reason.schedule_id),
        "in_the_way": [_show_in_the_way(obstacle) for obstacle in reason.in_the_way],
    }


def _show_in_the_way(obstacle: Blocker) -> dict[str, Any]:
    return {
        "start_time": obstacle.start_time,
        "end_time": obstacle.end_time,
        "booking_id": ids.encode_id_or_none(ids.BOOKING, obstacle.booking_id),
        "busy_time_id": ids.encode_id_or_none(ids.BUSY_TIME, obstacle.busy_time_id),
        "calendar_id": ids.encode_id_or_none(ids.CALENDAR, obstacle.calendar_id),
        "calendar_name": obstacle.calendar_name,
    }


_call = Resource("Slots", "/api/v1/slots", Scopes(Scope.BOOKINGS_READ, Scope.BOOKINGS_READ))

ROUTES: Final[tuple[Route, ...]] = (
    _call(
        "GET",
        list_slots,
        {200: SlotList},
        query=SlotsQuery,
        errors=("NOT_FOUND", "INACTIVE", "NOT_RESCHEDULABLE", "BROKEN_ZONE"),
    ),
    _call(
        "GET /explain",
        explain_slot,
        {200: DataOf[ExplanationBody]},
        query=ExplainQuery,
        errors=("NOT_FOUND", "INACTIVE", "NOT_RESCHEDULABLE", "BROKEN_ZONE"),
    ),
)
