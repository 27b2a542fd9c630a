"""Slots over HTTP on the strangest nights, compared with the oracle, and booked one by one."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from kalends.availability.hours import Hours, Window
from kalends.availability.interval import DAY_SECONDS, MINUTE_SECONDS, Interval
from kalends.availability.slot_inputs import Calendar, SlotTerms
from kalends.availability.wallclock import local_day, zone_named
from kalends.domain.schedule import WEEKDAYS
from tests.availability.cases import at, schedule_id, utc_text
from tests.availability.oracle import walk
from tests.availability.strategies import NIGHTS
from tests.world import JSON, World, plus

# Open over midnight and in two windows; the night of the change has hours of its own.
WEEKLY = (Window(9 * 60, 12 * 60 + 20), Window(21 * 60, 3 * 60 + 15))
THAT_DAY = (Window(0, 4 * 60), Window(22 * 60 + 30, 1 * 60 + 30))
TERMS = SlotTerms(
    duration=50 * MINUTE_SECONDS,
    step=25 * MINUTE_SECONDS,
    buffer_before=5 * MINUTE_SECONDS,
    buffer_after=10 * MINUTE_SECONDS,
    notice=90 * MINUTE_SECONDS,
)
BOOKED = 6
HOUR = 60 * MINUTE_SECONDS
CODES = ("TOO_SHORT_NOTICE", "OUTSIDE_AVAILABILITY", "NOT_A_SLOT", "BUSY", "LIMIT_REACHED")


class Night:
    """One schedule in the sandbox around a night, with a busy time in it, and its oracle."""

    def __init__(self, world: World, zone_name: str, change: int) -> None:
        self.world = world
        today = local_day(change, zone_named(zone_name))
        self.span = Interval(change - DAY_SECONDS, change + DAY_SECONDS)
        self.now = self.span.start + 5 * HOUR
        self.headers = {"kalends-now": utc_text(self.now)}
        self.calendar = Calendar(
            schedule_id(1),
            zone_named(zone_name),
            Hours((WEEKLY,) * 7, {today: THAT_DAY}),
            busy=[(change + 10 * MINUTE_SECONDS, change + 35 * MINUTE_SECONDS)],
        )
        self.schedule_id = self._make_schedule(zone_name, today)
        self.event_type_id = self._make_event_type()

    @property
    def listed(self) -> list[str]:
        query = {
            "event_type_id": self.event_type_id,
            "start": utc_text(self.span.start),
            "end": utc_text(self.span.end),
        }
        answer = self.world.sandbox.get("/api/v1/slots", params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return [slot["start_time"] for slot in answer.json()["data"]]

    def book(self, start: str) -> str:
        """`""` where it is booked, else the code of the refusal."""
        body = self.world.booking_body(start=start, event_type_id=self.event_type_id)
        answer = self.world.sandbox.post("/api/v1/bookings", json=body, headers=self.headers)
        return "" if answer.status_code == 201 else str(answer.json()["code"])

    def explain(self, start: str) -> list[str]:
        query = {"event_type_id": self.event_type_id, "start_time": start}
        answer = self.world.sandbox.get("/api/v1/slots/explain", params=query, headers=self.headers)
        return [reason["code"] for reason in answer.json()["data"]["reasons"]]

    def _make_schedule(self, zone_name: str, today: date) -> str:
        body = {
            "name": zone_name,
            "timezone": zone_name,
            "availability": dict.fromkeys(WEEKDAYS, _windows_json(WEEKLY)),
            "overrides": {today.isoformat(): _windows_json(THAT_DAY)},
        }
        made = self._post("/api/v1/schedules", body)
        for start, end in self.calendar.busy:
            busy = {"start_time": utc_text(start), "end_time": utc_text(end)}
            self._post(f"/api/v1/schedules/{made['id']}/busy-times", busy)
        return str(made["id"])

    def _make_event_type(self) -> str:
        assert TERMS.step
        assert TERMS.notice
        body = {
            "name": "Night",
            "schedule_id": self.schedule_id,
            "duration_minutes": TERMS.duration // MINUTE_SECONDS,
            "slot_step_minutes": TERMS.step // MINUTE_SECONDS,
            "buffer_before_minutes": TERMS.buffer_before // MINUTE_SECONDS,
            "buffer_after_minutes": TERMS.buffer_after // MINUTE_SECONDS,
            "min_notice_minutes": TERMS.notice // MINUTE_SECONDS,
        }
        return str(self._post("/api/v1/event-types", body)["id"])

    def _post(self, path: str, body: JSON) -> JSON:
        answer = self.world.sandbox.post(path, json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        made: JSON = answer.json()["data"]
        return made


def _windows_json(windows: Iterable[Window]) -> list[JSON]:
    return [{"start": _clock(w.opens), "end": _clock(w.closes)} for w in windows]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def first_rule(codes: list[str]) -> str:
    """The code that the API names where several rules refuse."""
    return next((code for code in CODES if code in codes), "SLOT_TAKEN")


@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: f"{night[0]}-{night[1][:10]}")
def test_slots_of_the_oracle_can_be_booked_others_not(
    module_world: World, night: tuple[str, str]
) -> None:
    around = Night(module_world, night[0], at(night[1]))
    offered = around.listed
    assert offered == [utc_text(t) for t in walk(around.calendar, TERMS, around.now, around.span)]
    assert offered
    for start in offered[:: max(1, len(offered) // BOOKED)]:
        for beside in (plus(start, minutes=-1), plus(start, minutes=1)):
            assert around.book(beside) == first_rule(around.explain(beside)), beside
        is_free = start in around.listed
        assert (around.book(start) == "") == is_free
        assert start not in around.listed


def test_a_day_that_does_not_exist_has_no_slots(world: World) -> None:
    headers = {"kalends-now": "2011-12-01T00:00:00Z"}
    body = {"name": "Samoa", "timezone": "Pacific/Apia"}
    schedule = world.sandbox.post("/api/v1/schedules", json=body, headers=headers).json()["data"]

    def hours(first: str, last: str) -> list[str]:
        query = {"schedule_id": schedule["id"], "duration_minutes": 60, "start": first, "end": last}
        answer = world.sandbox.get("/api/v1/slots", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return [slot["start_time"] for slot in answer.json()["data"]]

    assert hours("2011-12-30", "2011-12-30") == []
    before, after = hours("2011-12-29", "2011-12-29"), hours("2011-12-31", "2011-12-31")
    assert (len(before), len(after)) == (24, 24)
    assert datetime.fromisoformat(after[0]) - datetime.fromisoformat(before[-1]) == timedelta(
        hours=1
    )
    assert hours("2011-12-29", "2011-12-31") == before + after


def test_a_year_is_its_months_put_together(world: World) -> None:
    """366 days over two clock changes, in half hours."""
    schedule = world.create_schedule(timezone="Australia/Lord_Howe")
    query = {"schedule_id": schedule["id"], "duration_minutes": 30}

    def starts(start: datetime, end: datetime) -> list[str]:
        days = {"start": start.isoformat(), "end": end.isoformat()}
        answer = world.api.get("/api/v1/slots", params=query | days)
        assert answer.status_code == 200, answer.text
        assert answer.json()["meta"]["total"] == len(answer.json()["data"])
        return [slot["start_time"] for slot in answer.json()["data"]]

    first = datetime(2030, 1, 1, tzinfo=UTC)
    year = starts(first, first + timedelta(days=366))
    months = [first + timedelta(days=days) for days in (0, 30, 61, 100, 200, 300, 366)]
    parts = [starts(a, b) for a, b in pairwise(months)]
    assert year == [start for part in parts for start in part]
    assert len(year) == 366 * 48
