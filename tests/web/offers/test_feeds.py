"""The calendar of a schedule: its secret address, what it shows, and that it is sent once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import vobject
from icalendar import Calendar

from kalends.compose import Installation
from kalends.web.public.feeds import has_it_already
from tests.conftest import run
from tests.servers import Server
from tests.world import JSON, World, plus, tomorrow_at, utc_text


def make_feed(world: World, schedule: JSON) -> str:
    """The path of a new feed."""
    answer = world.api.post(f"/api/v1/schedules/{schedule['id']}/feed")
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert made.keys() == {"url", "created_at"}
    assert made["url"].startswith(f"{world.url}/feeds/")
    return urlsplit(str(made["url"])).path


def read(world: World, path: str, **headers: str) -> httpx.Response:
    return world.stranger.get(path, headers=headers)


def entries(world: World, path: str) -> dict[str, Any]:
    """By UID without what stands after the `@`."""
    calendar = Calendar.from_ical(read(world, path).content)
    return {str(e["uid"]).partition("@")[0]: e for e in calendar.walk("VEVENT")}


def confirm(world: World, booking: JSON, *statuses: str) -> None:
    for status in statuses:
        path = f"/api/v1/bookings/{booking['id']}"
        assert world.api.patch(path, json={"status": status}).status_code == 200


def test_the_calendar_shows_a_booking_with_its_attendee(world: World) -> None:
    schedule = world.create_schedule(name="Dr. Schön")
    attendee = {
        "name": "Zoë O'Brien; \\, x",
        "email": "zoe@example.com",
        "phone": "+49 30 1234",
        "notes": "First line\nsecond line",
    }
    start = tomorrow_at(10)
    booking = world.book(schedule, start, attendee=attendee, title="Check-up", location="Room 1")
    path = make_feed(world, schedule)
    answer = read(world, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    assert "Dr. Schön" in str(calendar["x-wr-calname"])
    [event] = calendar.events
    assert event["uid"] == f"{booking['id']}@kalends"
    assert event["summary"] == "Check-up (Zoë O'Brien; \\, x)"
    assert event.start == datetime.fromisoformat(start)
    assert event.end == datetime.fromisoformat(plus(start, hours=1))
    for part in ("zoe@example.com", "+49 30 1234", "First line\nsecond line", booking["id"]):
        assert part in str(event["description"])
    assert event["location"] == "Room 1"
    assert vobject.readOne(answer.text).vevent.status.value == "TENTATIVE"


def test_a_video_link_is_in_the_calendar_while_it_is_confirmed(world: World) -> None:
    schedule = world.create_schedule()
    link = "https://meet.example/1"
    booking = world.book(schedule, location=link, location_type="video")
    path = make_feed(world, schedule)
    assert link not in read(world, path).text
    confirm(world, booking, "CONFIRMED")
    event = entries(world, path)[booking["id"]]
    assert (event["location"], event["url"]) == (link, link)


def test_answers_are_in_the_calendar_under_their_questions(world: World) -> None:
    schedule = world.create_schedule()
    question = {"key": "topic", "label": "What is it about?", "type": "text"}
    kind = world.create_event_type(schedule_id=schedule["id"], questions=[question])
    booking = world.book(event_type_id=kind["id"], answers={"topic": "Teeth"})
    path = make_feed(world, schedule)
    tag = read(world, path).headers["etag"]
    assert "What is it about?: Teeth" in entries(world, path)[booking["id"]]["description"]
    renamed = {"questions": [question | {"label": "Your topic"}]}
    world.api.patch(f"/api/v1/event-types/{kind['id']}", json=renamed)
    assert "Your topic: Teeth" in entries(world, path)[booking["id"]]["description"]
    assert read(world, path).headers["etag"] != tag
    world.api.delete(f"/api/v1/event-types/{kind['id']}")
    assert "Your topic: Teeth" in entries(world, path)[booking["id"]]["description"]


def test_each_status_is_shown_as_calendars_know_it(world: World) -> None:
    schedule = world.create_schedule()
    starts = [plus(tomorrow_at(8), days=n) for n in range(5)]
    pending, confirmed, completed, cancelled, no_show = (world.book(schedule, s) for s in starts)
    confirm(world, confirmed, "CONFIRMED")
    confirm(world, completed, "CONFIRMED", "COMPLETED")
    confirm(world, cancelled, "CANCELLED")
    confirm(world, no_show, "CONFIRMED", "NO_SHOW")
    listed = entries(world, make_feed(world, schedule))
    assert {uid: str(event["status"]) for uid, event in listed.items()} == {
        pending["id"]: "TENTATIVE",
        confirmed["id"]: "CONFIRMED",
        completed["id"]: "CONFIRMED",
    }
    assert int(listed[completed["id"]]["sequence"]) == 2


def test_busy_times_are_shown_as_busy(world: World) -> None:
    schedule = world.create_schedule()
    start = tomorrow_at(12)
    body = {"start_time": start, "end_time": plus(start, hours=2), "reason": "Lunch"}
    busy = world.api.post(f"/api/v1/schedules/{schedule['id']}/busy-times", json=body)
    listed = entries(world, make_feed(world, schedule))
    event = listed[busy.json()["data"]["id"]]
    assert event["summary"] == "Busy"
    assert event.end == datetime.fromisoformat(plus(start, hours=2))


@pytest.mark.parametrize(
    ("days", "is_listed"),
    [(-31, False), (-29, True), (365, True), (367, False)],
)
def test_it_goes_from_a_month_back_to_a_year_ahead(
    world: World, days: int, is_listed: bool
) -> None:
    schedule = world.create_schedule()
    now = utc_text(datetime.now(UTC))
    booking = world.book(schedule, plus(now, days=days))
    body = {"start_time": plus(now, days=days), "end_time": plus(now, days=days, hours=1)}
    path = f"/api/v1/schedules/{schedule['id']}/busy-times"
    busy = world.api.post(path, json=body).json()["data"]
    listed = entries(world, make_feed(world, schedule))
    assert (booking["id"] in listed, busy["id"] in listed) == (is_listed, is_listed)


def test_what_began_before_and_still_goes_on_is_shown(world: World) -> None:
    schedule = world.create_schedule()
    start = plus(tomorrow_at(0), days=-200)
    booking = world.book(schedule, start, end_time=plus(start, days=300))
    assert booking["id"] in entries(world, make_feed(world, schedule))


def test_a_booking_of_several_schedules_is_in_each_of_their_calendars(world: World) -> None:
    ids = [world.create_schedule(name=f"Person {n}")["id"] for n in range(3)]
    requirements = [{"count": 2, "schedule_ids": ids[:2]}]
    event_type = world.create_event_type(requirements=requirements)
    booking = world.book(start=tomorrow_at(10), event_type_id=event_type["id"])
    listed = [entries(world, make_feed(world, {"id": id_})) for id_ in ids]
    assert [booking["id"] in events for events in listed] == [True, True, False]


def test_an_unchanged_feed_is_answered_with_not_modified(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule)
    busy_path = f"/api/v1/schedules/{schedule['id']}/busy-times"
    path = make_feed(world, schedule)
    busy: list[str] = []

    def block() -> None:
        body = {"start_time": tomorrow_at(15), "end_time": tomorrow_at(16)}
        busy.append(world.api.post(busy_path, json=body).json()["data"]["id"])

    changes: list[Callable[[], Any]] = [
        lambda: confirm(world, booking, "CONFIRMED"),
        block,
        lambda: world.api.delete(f"{busy_path}/{busy[0]}"),
        lambda: world.api.patch(f"/api/v1/schedules/{schedule['id']}", json={"name": "Room 2"}),
        lambda: world.api.patch("/api/v1/organization", json={"name": f"New {path}"}),
        lambda: world.api.delete(f"/api/v1/bookings/{booking['id']}"),
    ]
    for change in changes:
        first = read(world, path)
        tag = first.headers["etag"]
        again = read(world, path, **{"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-length" not in again.headers
        assert read(world, path).content == first.content
        change()
        assert read(world, path, **{"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("header", "has_it"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", W/"abc" ,"y"', True),
        ("*", True),
        ('"x", "y"', False),
        ("abc", False),
        ('"ABC"', False),
        ("", False),
        (None, False),
    ],
)
def test_tags_are_compared_weakly_in_lists(header: str | None, has_it: bool) -> None:
    assert has_it_already(header, "abc") is has_it


def test_it_says_when_it_last_changed_and_is_private(world: World) -> None:
    schedule = world.create_schedule()
    path = make_feed(world, schedule)
    answer = read(world, path)
    changed = parsedate_to_datetime(answer.headers["last-modified"])
    assert abs(datetime.now(UTC) - changed) < timedelta(minutes=1)
    assert "private" in answer.headers["cache-control"]


def test_head_has_the_headers_alone(world: World) -> None:
    schedule = world.create_schedule()
    path = make_feed(world, schedule)
    whole, head = read(world, path), world.stranger.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "last-modified"):
        assert head.headers[name] == whole.headers[name]
    assert world.stranger.post(path).status_code == 405


def test_a_new_address_ends_the_one_before(world: World) -> None:
    schedule = world.create_schedule()
    first, second = make_feed(world, schedule), make_feed(world, schedule)
    assert first != second
    assert read(world, first).status_code == 404
    assert read(world, second).status_code == 200


def test_the_address_is_never_shown_again(world: World) -> None:
    schedule = world.create_schedule()
    path = f"/api/v1/schedules/{schedule['id']}/feed"
    assert world.api.get(path).json()["data"] == {"exists": False, "created_at": None}
    made = world.api.post(path).json()["data"]
    answer = world.api.get(path)
    assert answer.json()["data"] == {"exists": True, "created_at": made["created_at"]}


def test_a_revoked_address_opens_nothing(world: World) -> None:
    schedule = world.create_schedule()
    feed = make_feed(world, schedule)
    path = f"/api/v1/schedules/{schedule['id']}/feed"
    deleted = world.api.delete(path)
    assert deleted.json()["data"] == {"id": schedule["id"], "deleted": True}
    assert read(world, feed).status_code == 404
    assert world.api.get(path).json()["data"]["exists"] is False
    assert world.api.delete(path).status_code == 404


def test_the_same_request_gives_the_same_address_again(world: World) -> None:
    schedule = world.create_schedule()
    path = f"/api/v1/schedules/{schedule['id']}/feed"
    first, again = (world.api.post(path, headers={"idempotency-key": "feed"}) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    assert read(world, urlsplit(first.json()["data"]["url"]).path).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_another_organizations_schedule_is_not_found(
    new_world: Callable[[], World], method: str
) -> None:
    mine, other = new_world(), new_world()
    schedule = other.create_schedule()
    make_feed(other, schedule)
    path = f"/api/v1/schedules/{schedule['id']}/feed"
    assert mine.api.request(method, path).status_code == 404
    assert other.api.get(path).json()["data"]["exists"] is True


def test_it_takes_the_scopes_of_bookings(world: World) -> None:
    path = f"/api/v1/schedules/{world.create_schedule()['id']}/feed"
    key = world.api.post("/api/v1/api-keys", json={"scopes": ["bookings:read"]}).json()["data"]
    reader = world.with_key(key["key"])
    assert reader.get(path).status_code == 200
    assert reader.post(path).status_code == 403
    assert reader.delete(path).status_code == 403


@pytest.mark.parametrize(
    "path", ["/feeds/x.ics", "/feeds/%00.ics", "/feeds/%ff.ics", "/feeds/.ics", "/feeds/x"]
)
def test_an_unknown_address_is_not_found(world: World, path: str) -> None:
    assert read(world, path).status_code == 404


def test_a_deleted_schedule_has_no_calendar(world: World) -> None:
    schedule = world.create_schedule()
    feed = make_feed(world, schedule)
    assert world.api.delete(f"/api/v1/schedules/{schedule['id']}").status_code == 200
    assert read(world, feed).status_code == 404


def test_only_the_hash_of_the_address_is_kept_and_none_is_logged(
    world: World, home: Installation, server: Server
) -> None:
    feed = make_feed(world, world.create_schedule())
    token = feed.removeprefix("/feeds/").removesuffix(".ics")
    assert len(token) >= 32
    read(world, feed)
    run(
        home,
        f"DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM schedule_feeds f "
        f"WHERE strpos(f::text, '{token}') > 0); END $$",
    )
    assert token not in server.log_file.read_text()
