"""What is busy in a calendar elsewhere takes the time of the schedules that read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain import ids
from kalends.domain.calendars.connections import BusyElsewhere
from tests.calendars.readings import busy, connect, store, use
from tests.conftest import run
from tests.world import JSON, Api, World

DAY = (datetime.now(UTC) + timedelta(days=3)).replace(hour=0, minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)


def at(hour: float) -> datetime:
    return DAY + hour * HOUR


def data_of(answer: httpx.Response) -> JSON:
    """What was answered, which is no error."""
    assert answer.is_success, answer.text
    data: JSON = answer.json()["data"]
    return data


class Office:
    """A sandbox with a schedule, an event type of an hour on it, and its calendar."""

    def __init__(self, world: World, home: Installation) -> None:
        self.api, self.home = world.sandbox, home
        self.organization_id = world.setup.sandbox_organization_id
        self.schedule = self.create("schedules", name="Ada")
        self.event_type = self.create_event_type(self.schedule)
        calendars = connect(self.api)
        self.calendar, self.team = calendars["Personal"], calendars["Team"]
        use(self.api, self.schedule["id"], self.calendar)

    def create(self, path: str, **body: Any) -> JSON:
        return data_of(self.api.post(f"/api/v1/{path}", json=body))

    def create_event_type(self, schedule: JSON) -> JSON:
        return self.create(
            "event-types", name="Visit", schedule_id=schedule["id"], duration_minutes=60
        )

    def fill(self, *pieces: BusyElsewhere, **known: timedelta) -> None:
        store(self.home, self.organization_id, self.calendar["id"], pieces, **known)

    def forget(self) -> None:
        """As if the calendar had never been read."""
        calendar_id = ids.decode_id(ids.CALENDAR, self.calendar["id"])
        run(self.home, f"UPDATE calendars SET known_until = NULL WHERE id = '{calendar_id}'")

    def codes(self, hour: float, event_type: JSON | None = None, **more: str) -> list[str]:
        kind = event_type or self.event_type
        query = {"event_type_id": kind["id"], "start_time": at(hour).isoformat(), **more}
        explained = self.api.get("/api/v1/slots/explain", params=query).json()["data"]
        return [reason["code"] for reason in explained["reasons"]]

    def book(self, hour: float, event_type: JSON | None = None) -> Any:
        kind = event_type or self.event_type
        attendee = {"name": "Bob", "email": "bob@example.com"}
        body = {"event_type_id": kind["id"], "start_time": at(hour).isoformat()}
        return self.api.post("/api/v1/bookings", json=body | {"attendee": attendee})

    def slots(self, start: float, end: float) -> list[datetime]:
        """The starts that are offered between two hours."""
        query = {
            "event_type_id": self.event_type["id"],
            "start": at(start).isoformat(),
            "end": at(end).isoformat(),
        }
        slots = self.api.get("/api/v1/slots", params=query).json()["data"]
        return [datetime.fromisoformat(slot["start_time"]) for slot in slots]


@pytest.fixture
def office(world: World, home: Installation) -> Office:
    return Office(world, home)


def test_time_that_is_busy_elsewhere_is_refused(office: Office) -> None:
    office.fill(busy(at(9.5), at(10)))
    assert [office.codes(hour) for hour in (8, 9, 10)] == [[], ["BUSY"], []]
    answer = office.book(9)
    assert (answer.status_code, answer.json()["code"]) == (422, "BUSY")
    assert office.slots(8, 12) == [at(8), at(10), at(11)]


def test_the_calendar_in_the_way_is_named_and_no_title(office: Office) -> None:
    office.fill(busy(at(9), at(10)))
    query = {"event_type_id": office.event_type["id"], "start_time": at(9).isoformat()}
    explained = office.api.get("/api/v1/slots/explain", params=query).json()["data"]
    (blocker,) = explained["reasons"][0]["in_the_way"]
    assert blocker == {
        "start_time": at(9).isoformat().replace("+00:00", "Z"),
        "end_time": at(10).isoformat().replace("+00:00", "Z"),
        "booking_id": None,
        "busy_time_id": None,
        "calendar_id": office.calendar["id"],
        "calendar_name": "Personal",
    }


def test_busy_times_list_what_calendars_make_busy(office: Office) -> None:
    office.fill(busy(at(9), at(10)), busy(at(12), at(13), is_tentative=True))
    use(office.api, office.schedule["id"], office.calendar, tentative_blocks=False)
    path = f"schedules/{office.schedule['id']}/busy-times"
    own = office.create(path, start_time=at(8).isoformat(), end_time=at(9).isoformat())
    listed = office.api.get(f"/api/v1/{path}").json()
    found = [(b["source"], b["calendar_id"], b["reason"]) for b in listed["data"]]
    assert found == [("manual", None, None), ("calendar", office.calendar["id"], None)]
    assert listed["meta"]["total"] == 2
    before = office.api.get(f"/api/v1/{path}", params={"end": at(9).isoformat()}).json()["data"]
    assert before == [own]
    foreign = listed["data"][1]["id"]
    assert office.api.delete(f"/api/v1/{path}/{foreign}").status_code == 404


def test_busy_times_and_calendars_keep_their_names(office: Office) -> None:
    """Both refuse, and each is named by its own id."""
    office.fill(busy(at(9), at(10)))
    path = f"schedules/{office.schedule['id']}/busy-times"
    own = office.create(path, start_time=at(9.5).isoformat(), end_time=at(10.5).isoformat())
    query = {"event_type_id": office.event_type["id"], "start_time": at(9).isoformat()}
    explained = office.api.get("/api/v1/slots/explain", params=query).json()["data"]
    named = [(b["busy_time_id"], b["calendar_id"]) for b in explained["reasons"][0]["in_the_way"]]
    assert sorted(named, key=str) == sorted(
        [(own["id"], None), (None, office.calendar["id"])], key=str
    )


@pytest.mark.parametrize(
    ("kind", "switch"),
    [
        ("is_tentative", "tentative_blocks"),
        ("is_all_day", "all_day_blocks"),
        ("is_out_of_office", "out_of_office_blocks"),
    ],
)
def test_a_schedule_chooses_what_blocks_it(office: Office, kind: str, switch: str) -> None:
    office.fill(busy(at(9), at(10), **{kind: True}))
    assert office.codes(9) == ["BUSY"]
    use(office.api, office.schedule["id"], office.calendar, **{switch: False})
    assert office.codes(9) == []


def test_a_calendar_that_is_not_read_blocks_nothing(office: Office) -> None:
    office.fill(busy(at(9), at(10)))
    use(office.api, office.schedule["id"], office.calendar, reads=False, writes=True)
    assert office.codes(9) == []


def test_time_is_unknown_until_the_first_reading(office: Office) -> None:
    office.forget()
    assert office.codes(9) == ["CALENDAR_UNKNOWN"]
    answer = office.book(9)
    assert (answer.status_code, answer.json()["code"]) == (422, "CALENDAR_UNKNOWN")
    assert office.slots(8, 12) == []


def test_time_beyond_what_is_known_is_refused(office: Office) -> None:
    office.fill(known_for=at(10) - datetime.now(UTC))
    assert [office.codes(hour) for hour in (8, 9.5, 11)] == [
        [], ["NOT_A_SLOT", "CALENDAR_UNKNOWN"], ["CALENDAR_UNKNOWN"],
    ]  # fmt: skip


def test_a_booking_directly_on_a_schedule_may_lie_in_the_unknown(office: Office) -> None:
    body = {
        "schedule_id": office.schedule["id"],
        "start_time": at(9).isoformat(),
        "end_time": at(10).isoformat(),
        "attendee": {"name": "Bob", "email": "bob@example.com"},
    }
    assert office.api.post("/api/v1/bookings", json=body).status_code == 201


class TestOurOwnEvents:
    """One person with two schedules and one calendar, into which a booking has been written."""

    @pytest.fixture
    def second(self, office: Office) -> JSON:
        other = office.create("schedules", name="Ada at the branch")
        use(office.api, other["id"], office.calendar)
        return office.create_event_type(other)

    @pytest.fixture
    def booking(self, office: Office) -> JSON:
        office.fill()
        answer = office.book(9)
        assert answer.status_code == 201, answer.text
        booking: JSON = answer.json()["data"]
        id_ = ids.decode_id(ids.BOOKING, booking["id"])
        office.fill(busy(at(9), at(10), own_id=id_))
        return booking

    def test_they_block_the_other_schedule(
        self, office: Office, second: JSON, booking: JSON
    ) -> None:
        assert office.codes(9, second) == ["BUSY"]
        assert office.book(9, second).json()["code"] == "BUSY"

    def test_they_do_not_block_the_schedule_of_the_booking(
        self, office: Office, booking: JSON
    ) -> None:
        assert office.codes(9) == ["SLOT_TAKEN"]

    def test_they_are_not_in_the_way_of_its_own_move(self, office: Office, booking: JSON) -> None:
        body = {"start_time": at(9.5).isoformat(), "end_time": at(10.5).isoformat()}
        answer = office.api.patch(
            f"/api/v1/bookings/{booking['id']}", json=body | {"override": False}
        )
        assert answer.json().get("code") == "NOT_A_SLOT"
        move = {"start_time": at(10).isoformat()}
        answer = office.api.patch(f"/api/v1/bookings/{booking['id']}", json=move)
        assert answer.status_code == 200, answer.text

    def test_they_block_nobody_once_the_booking_is_cancelled(
        self, office: Office, second: JSON, booking: JSON
    ) -> None:
        office.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CANCELLED"})
        assert (office.codes(9), office.codes(9, second)) == ([], [])


def test_a_disconnected_calendar_blocks_nothing(office: Office, world: World) -> None:
    office.fill(busy(at(9), at(10)))
    connection_id = office.calendar["connection_id"]
    answer = office.api.delete(f"/api/v1/calendar-connections/{connection_id}")
    assert answer.json()["data"] == {"id": connection_id, "deleted": True}
    assert office.codes(9) == []
    left = office.api.get(f"/api/v1/schedules/{office.schedule['id']}/calendars")
    assert left.json()["data"] == []


def refused(api: Api, method: str, path: str, body: Any) -> tuple[int, str, str]:
    answer = api.request(method, f"/api/v1/{path}", json=body)
    found = answer.json()
    fields = [detail["field"] for detail in found.get("details", ())]
    return answer.status_code, found["code"], ", ".join(fields)


def test_what_no_schedule_can_do_with_calendars_is_refused(office: Office) -> None:
    path = f"schedules/{office.schedule['id']}/calendars"
    one, other = office.calendar["id"], office.team["id"]
    invalid = (422, "VALIDATION_ERROR")
    writes = [{"calendar_id": one, "writes": True}, {"calendar_id": other, "writes": True}]
    twice = [{"calendar_id": one}, {"calendar_id": one}]
    assert refused(office.api, "PUT", path, writes) == (*invalid, "writes")
    assert refused(office.api, "PUT", path, twice) == (*invalid, "calendar_id")
    assert refused(office.api, "PUT", path, writes[1:]) == (*invalid, "0.writes")
    unknown = [{"calendar_id": office.calendar["connection_id"]}]
    assert refused(office.api, "PUT", path, unknown)[:2] == (404, "NOT_FOUND")


def test_a_call_without_a_body_unlinks_no_calendar(office: Office) -> None:
    path = f"/api/v1/schedules/{office.schedule['id']}/calendars"
    used = office.api.get(path).json()
    answer = office.api.put(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_JSON")
    assert office.api.get(path).json() == used


CALDAV = {
    "provider": "caldav", "url": "https://cloud.example.com", "username": "a", "password": "b",
}  # fmt: skip


def test_only_a_sandbox_has_the_test_provider(world: World, office: Office) -> None:
    body = {"provider": "test"}
    invalid = (422, "VALIDATION_ERROR", "provider")
    assert refused(world.api, "POST", "calendar-connections", body) == invalid
    assert refused(office.api, "POST", "calendar-connections", CALDAV) == invalid
