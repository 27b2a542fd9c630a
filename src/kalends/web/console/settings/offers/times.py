"""The resulting times: the slots of the coming days, and why a time is not offered."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from kalends.availability.slots import Slot
from kalends.availability.wallclock import Zone, local_day
from kalends.domain import ids
from kalends.domain.errors import Inactive, Invalid, KalendsError
from kalends.domain.event_type import EventType
from kalends.domain.rights import Right
from kalends.domain.values import Day
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.scheduling.slots import SlotRange
from kalends.scheduling.zones import zone_of_schedule
from kalends.services import slots
from kalends.services.booking_pages import offers
from kalends.translation import gettext
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.typed import clock_text, minutes_or_text
from kalends.web.console.settings.offers.event_types import EDITOR as EVENT_TYPES
from kalends.web.console.settings.offers.exceptions import instants_at
from kalends.web.console.settings.offers.schedules import EDITOR as SCHEDULES
from kalends.web.console.settings.offers.schedules import list_all
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.clock_words import local
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import refusal_words

TAB: Final = "/times"
DAYS: Final = 7
MOST_TIMES_A_DAY: Final = 48
DEFAULT_MINUTES: Final = 30
LONGEST_MINUTES: Final = 30 * 24 * 60
FARTHEST_CHECKED: Final = timedelta(days=20 * 366)


@dataclass(frozen=True)
class DayOfSlots:
    """A day and its slots; `more` is how many there are beyond those shown."""

    day: date
    slots: list[Slot]
    more: int


@dataclass(frozen=True)
class ExplainedTime:
    """Why one instant is offered or not."""

    starts_at: datetime
    is_offered: bool
    reasons: Any


async def show_of_schedule(request: ConsoleRequest) -> PageAnswer:
    """Shows the times for bookings on the schedule itself, of the length in the query."""
    schedule = await SCHEDULES.open(request)
    minutes = _minutes_in(request.query)
    purpose = SlotPurpose(schedule_id=schedule.id, duration_minutes=minutes)
    zone = zone_of_schedule(schedule)
    answers = await _answers(request, purpose, zone)
    template = "console/settings/schedule-times.html"
    return SCHEDULES.page_about(request, template, schedule, TAB, minutes=minutes, **answers)


async def show_of_event_type(request: ConsoleRequest) -> PageAnswer:
    event_type = await EVENT_TYPES.open(request)
    zone = await request.read(offers.find_zone, event_type)
    answers = await _answers(request, await _purpose(request, event_type), zone)
    template = "console/settings/event-type-times.html"
    return EVENT_TYPES.page_about(request, template, event_type, TAB, **answers)


async def _purpose(request: ConsoleRequest, event_type: EventType) -> SlotPurpose:
    """What the slots are for. An event type without requirements is shown on the schedule in the
    query, or else on the first."""
    if event_type.requirements:
        return SlotPurpose(event_type_id=event_type.id)
    named = ids.decode_id(ids.SCHEDULE, request.query.text("schedule"))
    listed = await list_all(request)
    schedule_id = named or (listed[0].id if listed else None)
    return SlotPurpose(event_type_id=event_type.id, schedule_id=schedule_id)


async def _answers(request: ConsoleRequest, purpose: SlotPurpose, zone: Zone) -> dict[str, Any]:
    query, now = request.query, request.page_request.context.clock()
    today = local(now, zone).date()
    first = _day_or(query.text("from"), today)
    days, closed = await _days(request, purpose, zone, first)
    answered, trouble = await _answered(request, purpose, zone, query)
    earlier = max(first - timedelta(days=DAYS), today)
    return {
        "days": days,
        "closed": closed,
        "slot_zone": zone,
        "now": now,
        "first": first,
        "earlier": earlier.isoformat() if first > today else None,
        "later": (first + timedelta(days=DAYS)).isoformat(),
        "answered": answered,
        "trouble": trouble,
        "query": query,
        "ask_day": query.text("day") or first.isoformat(),
        "names": {schedule.id: schedule.name for schedule in await list_all(request)},
        "booking_path": lambda id_: request.to(f"/bookings/{ids.encode_id(ids.BOOKING, id_)}"),
        "busy_path": _busy_path,
        "shown_schedule": lambda id_: ids.encode_id(ids.SCHEDULE, id_),
    }


async def _days(
    request: ConsoleRequest, purpose: SlotPurpose, zone: Zone, first: date
) -> tuple[list[DayOfSlots], str | None]:
    """The slots by day; or the reason why there are none, if it applies to all times."""
    last = first + timedelta(days=DAYS - 1)
    span = SlotRange(start=first, end=last, timezone=zone.name)
    by_day: dict[date, list[Slot]] = {first + timedelta(days=n): [] for n in range(DAYS)}
    try:
        listed = await slots.list_slots(
            request.page_request.context, request.page_request.caller, purpose, span
        )
    except (Inactive, Invalid) as error:
        return [], refusal_words(error)
    for slot in listed.slots:
        by_day.setdefault(local_day(slot.start, zone), []).append(slot)
    days = [
        DayOfSlots(
            day, slots_of_day[:MOST_TIMES_A_DAY], max(0, len(slots_of_day) - MOST_TIMES_A_DAY)
        )
        for day, slots_of_day in by_day.items()
    ]
    return days, None


async def _answered(
    request: ConsoleRequest, purpose: SlotPurpose, zone: Zone, query: FormFields
) -> tuple[list[ExplainedTime], str | None]:
    """Why the chosen time is offered or not; with two answers if the clock shows it twice."""
    if not query.text("day") or not query.text("time"):
        return [], None
    try:
        day = Day.parse(query.text("day"))
        moments = instants_at(zone, day, clock_text(query.text("time")))
    except (ValueError, Invalid):
        return [], gettext("This is no day or time of day, such as 09:00.")
    if not moments:
        return [], gettext("This time does not exist on that day: the clock leaves it out.")
    answered = []
    for moment in moments:
        try:
            explained = await request.read(slots.explain_slot, purpose, moment)
        except KalendsError as error:
            return [], refusal_words(error)
        answered.append(ExplainedTime(moment, explained.is_offered, explained.reasons))
    return answered, None


def _busy_path(schedule_id: Any, busy_id: Any) -> str:
    schedule = ids.encode_id(ids.SCHEDULE, schedule_id)
    return f"{SCHEDULES.path}/{schedule}/exceptions#{ids.encode_id(ids.BUSY_TIME, busy_id)}"


def _minutes_in(query: FormFields) -> int:
    minutes = minutes_or_text(query.text("minutes"))
    return (
        minutes if isinstance(minutes, int) and 1 <= minutes <= LONGEST_MINUTES else DEFAULT_MINUTES
    )


def _day_or(text: str, today: date) -> date:
    """The day in the text, or today if it is not one or too far away."""
    try:
        day = Day.parse(text)
    except ValueError:
        return today
    plain = date(day.year, day.month, day.day)
    return plain if abs(plain - today) < FARTHEST_CHECKED else today


PAGES: Final = (
    console_route(
        Right.SEE_SCHEDULES, "GET", SCHEDULES.path + "/{schedule}" + TAB, show_of_schedule
    ),
    console_route(
        Right.SEE_EVENT_TYPES, "GET", EVENT_TYPES.path + "/{event_type}" + TAB, show_of_event_type
    ),
)
