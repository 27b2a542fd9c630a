"""`kalends calcom`: connect, sync, import, status, as a person calls them."""

import subprocess
from typing import Any

import pytest

from tests.calcom.conftest import Desk
from tests.calcom.oracle import check_same
from tests.commands import run_kalends
from tests.world import JSON


class Calcom:
    """Calls `kalends calcom` on the shared installation."""

    def __init__(self, desk: Desk, environment: dict[str, str]) -> None:
        self.desk = desk
        self.environment = environment

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        organization = ("--organization", self.desk.organization_id)
        return run_kalends(self.environment, "calcom", *words, *organization)

    def well(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def connect(self, *words: str) -> str:
        desk = self.desk
        given = ["--api-key", desk.calcom.key, "--base-url", desk.calcom.url]
        return self.well("connect", *given, "--schedule", desk.schedule["id"], *words)


@pytest.fixture
def kalends(new_desk: Any, environment: dict[str, str]) -> Calcom:
    return Calcom(new_desk(), environment)


def test_connect_sync_and_status(kalends: Calcom) -> None:
    desk = kalends.desk
    host = desk.world.create_schedule()
    output = kalends.connect("--map", f"host:501={host['id']}", "--interval-minutes", "0")
    assert desk.calcom.key not in output
    assert "/hooks/calcom/" in output
    assert "The key works." in output
    desk.calcom.book("one")
    desk.calcom.book("odd", status="waitlisted")
    tried = kalends.well("sync", "--dry-run")
    assert "1 bookings would be brought in" in tried
    assert "odd: Its status" in tried
    assert (desk.bookings(), desk.events(), desk.runs()) == ([], [], [])
    done = kalends.well("sync")
    assert "1 bookings were brought in" in done
    assert "odd: Its status" in done
    assert desk.booking("one")["schedule_id"] == host["id"]
    assert "1 needed nothing" in kalends.well("sync", "--dry-run")
    status = kalends.well("status")
    assert f"key …{desk.calcom.key[-4:]}" in status
    assert "1 synced, 1 skipped" in status
    assert desk.calcom.key not in status


@pytest.mark.parametrize(
    ("words", "code", "output"),
    [
        (["sync"], 1, "not connected"),
        (["status"], 1, "not connected"),
        (["sync", "--start-date", "2026-12-02", "--end-date", "2026-12-01"], 2, "--end-date"),
        (["sync", "--start-date", "soon"], 2, "--start-date"),
        (["connect", "--api-key", "x" * 9, "--schedule", "nonsense"], 2, "--schedule"),
        (["connect", "--api-key", "x", "--schedule", "sch_" + "0" * 22], 2, "--api-key"),
        (["connect", "--api-key", "x" * 9, "--schedule", "sch_" + "0" * 22], 1, "no schedule"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_what_goes_wrong_is_one_sentence(
    kalends: Calcom, words: list[str], code: int, output: str
) -> None:
    done = kalends(*words)
    assert done.returncode == code, done
    (line,) = done.stderr.splitlines()
    assert output in line


def test_a_refused_key_is_reported(kalends: Calcom) -> None:
    kalends.connect()
    kalends.desk.calcom.key = "another"
    done = kalends("sync")
    assert done.returncode == 1
    assert "refuses the API key" in done.stderr


def test_a_key_that_does_not_work_is_reported_as_it_is_stored(kalends: Calcom) -> None:
    given = ["--api-key", "cal_live_wrong", "--base-url", kalends.desk.calcom.url]
    done = kalends("connect", *given, "--schedule", kalends.desk.schedule["id"])
    assert done.returncode == 1
    assert "is stored" in done.stdout
    assert "does not work yet: Cal.com refuses the API key" in done.stderr


SCHEDULES: list[JSON] = [
    {
        "id": 11,
        "ownerId": 501,
        "name": "Working hours",
        "timeZone": "America/New_York",
        "isDefault": True,
        "availability": [
            {"days": ["Monday", "Tuesday"], "startTime": "09:00", "endTime": "12:00"},
            {"days": ["Monday"], "startTime": "13:00", "endTime": "17:30"},
            {"days": ["Sunday"], "startTime": "00:00", "endTime": "23:59"},
            {"days": ["Someday"], "startTime": "09:00", "endTime": "12:00"},
        ],
        "overrides": [
            {"date": "2026-12-24", "startTime": "00:00", "endTime": "00:00"},
            {"date": "2026-12-31", "startTime": "09:00", "endTime": "12:00"},
        ],
    },
    {"id": 12, "name": "Room", "timeZone": "Europe/Berlin", "availability": [], "overrides": []},
]
EVENT_TYPES: list[JSON] = [
    {
        "id": 1201,
        "title": "Intro call",
        "slug": "intro-call",
        "description": "Half an hour.",
        "lengthInMinutes": 30,
        "slotInterval": 15,
        "beforeEventBuffer": 5,
        "afterEventBuffer": 10,
        "minimumBookingNotice": 120,
        "bookingWindow": {"type": "calendarDays", "value": 30, "rolling": True},
        "bookingLimitsCount": {"day": 4, "week": 10},
        "confirmationPolicy": {"type": "always"},
        "locations": [{"type": "address", "address": "Main Street 1", "public": True}],
        "bookingFields": [
            {"isDefault": True, "type": "name", "slug": "name"},
            {
                "isDefault": False,
                "type": "select",
                "slug": "how",
                "label": "How?",
                "required": True,
                "options": ["a", "b"],
            },
        ],
        "price": 50,
        "recurrence": {"disabled": True},
        "seats": {"disabled": True},
        "scheduleId": None,
    },
    {
        "id": 1202,
        "title": "Class",
        "slug": "class",
        "lengthInMinutes": 60,
        "seats": {"seatsPerTimeSlot": 8, "showAttendeeInfo": True},
        "scheduleId": 12,
    },
    {"id": 1203, "title": "Nothing", "lengthInMinutes": 0},
]


def test_schedules_and_event_types_come_over_once(kalends: Calcom) -> None:
    desk = kalends.desk
    kalends.connect()
    desk.calcom.schedules, desk.calcom.event_types = SCHEDULES, EVENT_TYPES
    tried = kalends.well("import", "--dry-run")
    assert "would be made" in tried
    assert desk.world.api.get("/api/v1/event-types").json()["meta"]["total"] == 0
    output = kalends.well("import")
    for left_out in ("price 50", "at most 10 a week", "Someday", "Nothing"):
        assert left_out in output
    listed = desk.world.api.get("/api/v1/schedules").json()["data"]
    schedules = {schedule["name"]: schedule for schedule in listed}
    working = schedules["Working hours"]
    assert working["timezone"] == "America/New_York"
    assert [w["end"] for w in working["availability"]["monday"]] == ["12:00", "17:30"]
    assert working["availability"]["sunday"] == [{"start": "00:00", "end": "24:00"}]
    assert working["overrides"]["2026-12-24"] == []
    event_types = desk.world.api.get("/api/v1/event-types").json()["data"]
    types = {event_type["slug"]: event_type for event_type in event_types}
    intro = types["intro-call"]
    assert (intro["duration_minutes"], intro["slot_step_minutes"]) == (30, 15)
    assert (intro["buffer_before_minutes"], intro["buffer_after_minutes"]) == (5, 10)
    assert (intro["min_notice_minutes"], intro["max_days_ahead"]) == (120, 30)
    assert intro["booking_limits"]["max_per_day"] == 4
    assert intro["requires_confirmation"] is True
    assert (intro["location"], intro["location_type"]) == ("Main Street 1", "in_person")
    assert [q["key"] for q in intro["questions"]] == ["how"]
    assert intro["schedule_id"] == working["id"]
    assert types["class"]["capacity"] == 8
    assert types["class"]["requires_confirmation"] is False
    assert types["class"]["schedule_id"] == schedules["Room"]["id"]
    again = kalends.well("import")
    assert again.count("is here already") == 4
    assert desk.world.api.get("/api/v1/event-types").json()["meta"]["total"] == 2
    desk.calcom.book("one", eventType={"id": 1202, "slug": "class"}, eventTypeId=1202)
    kalends.well("sync")
    assert desk.booking("one")["schedule_id"] == schedules["Room"]["id"]
    check_same(desk)
