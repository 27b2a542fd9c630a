"""Schedules in the console: the weekly editor, exceptions, the feed, and their refusals."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kalends.domain.access import Role
from tests.web.pages.settings.clerks import Clerk, clerk_of, fields_in, rows
from tests.web.pages.visitors import text_of
from tests.world import JSON, World, plus, tomorrow_at


def stored(world: World, schedule_id: str) -> JSON:
    schedule: JSON = world.api.get(f"/api/v1/schedules/{schedule_id}").json()["data"]
    return schedule


def id_in(answer: httpx.Response, prefix: str = "sch") -> str:
    match = re.search(rf"/({prefix}_\w+)", answer.headers["location"])
    assert match, answer.headers
    return match[1]


def path_of(schedule: JSON, page: str = "") -> str:
    return f"/schedules/{schedule['id']}{page}"


@pytest.fixture
def clerk(world: World) -> Clerk:
    return Clerk(world)


def test_a_schedule_is_made_with_windows_as_people_write_them(world: World, clerk: Clerk) -> None:
    answer = clerk.submit(
        "/schedules/new",
        name="Room 7",
        timezone="Europe/Berlin",
        **rows(
            "availability__monday",
            {"start": "9", "end": "1230"},
            {"start": "1 pm", "end": "24"},
        ),
        **rows("availability__friday", {"start": "22:00", "end": "2:00"}),
        **rows("availability__wednesday", {"start": "", "end": ""}),
        booking_limits__max_per_day="8",
        booking_limits__min_notice_hours="1,5",
    )
    made = stored(world, id_in(answer))
    assert made["name"] == "Room 7"
    assert made["availability"]["monday"] == [
        {"start": "09:00", "end": "12:30"},
        {"start": "13:00", "end": "24:00"},
    ]
    assert made["availability"]["friday"] == [{"start": "22:00", "end": "02:00"}]
    assert "wednesday" not in made["availability"]
    assert made["booking_limits"] == {"max_per_day": 8, "min_notice_hours": 1.5}
    assert "The schedule is there" in text_of(clerk.follow(answer))


def test_saving_what_is_there_changes_nothing(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(
        description="Two\nlines",
        availability={"monday": {"start": "09:00", "end": "17:00"}, "sunday": []},
        booking_limits={"min_notice_hours": 2},
        overrides={"2026-12-24": []},
    )
    assert clerk.submit(path_of(schedule)).status_code == 303
    after = stored(world, schedule["id"])
    kept = {"name", "description", "timezone", "booking_limits", "overrides", "is_active"}
    assert {k: after[k] for k in kept} == {k: schedule[k] for k in kept}
    assert after["availability"] == {"monday": [{"start": "09:00", "end": "17:00"}]}


def test_open_at_all_times_comes_and_goes(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    assert schedule["availability"] is None
    clerk.submit(path_of(schedule))
    assert stored(world, schedule["id"])["availability"] is None
    clerk.submit(path_of(schedule), always="")
    assert stored(world, schedule["id"])["availability"] == {}


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"name": ""}, "name", "Please fill this in."),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"timezone": "Nowhere"}, "timezone", "time-zone name"),
        ({"availability__monday__0__start": "25:00"}, "availability.monday.0.start", "time of day"),
        ({"availability__monday__0__end": ""}, "availability.monday.0.end", "time of day"),
        ({"availability__monday__0__start": "17:00"}, "availability.monday.0", "end as it starts"),
        ({"booking_limits__max_per_day": "many"}, "booking_limits.max_per_day", "whole number"),
        ({"booking_limits__max_per_day": "0"}, "booking_limits.max_per_day", "1 or more"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    clerk: Clerk, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = clerk.submit("/schedules/new", **{"name": "Kept", "description": "Kept too"} | typed)
    assert answer.status_code == 422
    fault = re.search(rf'id="wrong-{re.escape(field)}">(.*?)<', answer.text)
    assert fault, answer.text
    assert sentence in fault[1]
    fields = fields_in(answer, f"{clerk.root}/schedules/new")
    assert fields["description"] == "Kept too"
    for name, value in typed.items():
        assert fields[name.replace("__", ".")] == value


def test_several_faults_are_reported_at_once(clerk: Clerk) -> None:
    answer = clerk.submit("/schedules/new", name="", booking_limits__max_per_day="x")
    assert "2 fields need another look" in text_of(answer)


def test_a_concurrent_change_is_reported_and_may_be_overwritten(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(name="First")
    path = path_of(schedule, "/about")
    page = clerk.open(path)
    assert clerk.submit(path, name="Second").status_code == 303
    late = clerk.fill_in(page, path, name="Third")
    assert late.status_code == 412
    assert "Somebody else changed this" in text_of(late)
    assert stored(world, schedule["id"])["name"] == "Second"
    assert clerk.fill_in(late, path).status_code == 303
    assert stored(world, schedule["id"])["name"] == "Third"


def test_hours_and_what_it_is_are_saved_apart(world: World, clerk: Clerk) -> None:
    hours = {"monday": [{"start": "09:00", "end": "17:00"}]}
    schedule = world.create_schedule(availability=hours, booking_limits={"max_per_day": 3})
    texts = {"name": "Chair", "public_name": "Ada", "description": "By the window"}
    assert clerk.submit(path_of(schedule, "/about"), **texts, is_active=[]).status_code == 303
    after = stored(world, schedule["id"])
    assert {name: after[name] for name in texts} == texts
    assert not after["is_active"]
    assert (after["availability"], after["booking_limits"]["max_per_day"]) == (hours, 3)
    assert clerk.submit(path_of(schedule), booking_limits__max_per_day="4").status_code == 303
    last = stored(world, schedule["id"])
    same = set(after) - {"booking_limits", "updated_at"}
    assert {name: last[name] for name in same} == {name: after[name] for name in same}


def test_a_form_of_before_that_has_both_loses_nothing(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(name="First", description="Kept")
    path = path_of(schedule)
    before = {"timezone": "Asia/Tokyo", "description": "Typed", "is_active": "yes"}
    refused = clerk.submit(path, name="", **before)
    assert refused.status_code == 422
    assert "opened before Kalends was updated" in text_of(refused)
    assert clerk.fill_in(refused, path, name="Second").status_code == 303
    after = stored(world, schedule["id"])
    assert (after["name"], after["timezone"]) == ("Second", "Asia/Tokyo")
    assert (after["description"], after["is_active"]) == ("Typed", True)


def test_a_schedule_in_use_is_not_deleted_and_the_page_says_why(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(name="Fitting", schedule_id=schedule["id"])
    refused = clerk.submit(path_of(schedule, "/delete"), page=path_of(schedule, "/about"))
    assert refused.status_code == 409
    assert "Fitting" in text_of(refused)
    world.api.delete(f"/api/v1/event-types/{event_type['id']}")
    done = clerk.submit(path_of(schedule, "/delete"), page=path_of(schedule, "/about"))
    assert "Deleted" in text_of(clerk.follow(done))
    assert clerk.open(path_of(schedule)).status_code == 404


def test_a_day_is_closed_opened_otherwise_and_forgotten(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(overrides={"2030-01-01": []})
    page, form = path_of(schedule, "/exceptions"), path_of(schedule, "/overrides")
    assert clerk.submit(form, page=page, day="2030-12-24").status_code == 303
    clerk.submit(form, page=page, day="2030-12-31", hours__0__start="9", hours__0__end="12")
    assert stored(world, schedule["id"])["overrides"] == {
        "2030-01-01": [],
        "2030-12-24": [],
        "2030-12-31": [{"start": "09:00", "end": "12:00"}],
    }
    assert "Closed" in text_of(clerk.open(page))
    clerk.submit(f"{form}/remove", page=page, day="2030-12-24")
    assert sorted(stored(world, schedule["id"])["overrides"]) == ["2030-01-01", "2030-12-31"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": ""}, "day"),
        ({"day": "2030-02-30"}, "day"),
        ({"day": "2030-12-24", "hours__0__start": "x", "hours__0__end": "12"}, "hours.0.start"),
        ({"day": "2030-12-24", "hours__0__start": "9", "hours__0__end": "9"}, "hours.0"),
    ],
)
def test_an_invalid_day_is_reported_at_its_field(
    world: World, clerk: Clerk, typed: dict[str, str], field: str
) -> None:
    schedule = world.create_schedule()
    page, form = path_of(schedule, "/exceptions"), path_of(schedule, "/overrides")
    answer = clerk.submit(form, page=page, **typed)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert stored(world, schedule["id"])["overrides"] == {}


def busy_times(world: World, schedule: JSON) -> list[JSON]:
    listed: list[JSON] = world.api.get(f"/api/v1{path_of(schedule, '/busy-times')}").json()["data"]
    return listed


def test_a_busy_time_is_on_the_clock_of_the_schedule(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(timezone="America/New_York")
    page, form = path_of(schedule, "/exceptions"), path_of(schedule, "/busy-times")
    typed = {"busy__start_day": "2030-07-01", "busy__start": "9", "busy__reason": "<b>Holiday</b>"}
    clerk.submit(form, page=page, busy__end_day="2030-07-03", **typed)
    (busy,) = busy_times(world, schedule)
    assert (busy["start_time"], busy["end_time"]) == (
        "2030-07-01T13:00:00Z",
        "2030-07-04T04:00:00Z",
    )
    busy_page = clerk.open(page)
    assert "&lt;b&gt;Holiday&lt;/b&gt;" in busy_page.text
    assert clerk.submit(f"{form}/{busy['id']}/remove", page=page).status_code == 303
    assert busy_times(world, schedule) == []


@pytest.mark.parametrize(
    ("zone", "first", "last", "start", "end"),
    [
        ("Europe/Berlin", "2030-12-21", "2030-12-23", "2030-12-20T23:00", "2030-12-23T23:00"),
        ("Europe/Berlin", "2030-12-21", "2030-12-21", "2030-12-20T23:00", "2030-12-21T23:00"),
        # The clock goes forward, back, forward over midnight, and back to it.
        ("Europe/Berlin", "2030-03-31", "2030-03-31", "2030-03-30T23:00", "2030-03-31T22:00"),
        ("Europe/Berlin", "2030-10-26", "2030-10-27", "2030-10-25T22:00", "2030-10-27T23:00"),
        ("Asia/Beirut", "2030-03-31", "2030-03-31", "2030-03-30T22:00", "2030-03-31T21:00"),
        ("America/Havana", "2030-11-02", "2030-11-03", "2030-11-02T04:00", "2030-11-04T05:00"),
    ],
)
def test_a_busy_time_of_days_takes_the_last_day_too(
    world: World, clerk: Clerk, zone: str, first: str, last: str, start: str, end: str
) -> None:
    schedule = world.create_schedule(timezone=zone)
    page, form = path_of(schedule, "/exceptions"), path_of(schedule, "/busy-times")
    for hours in ({}, {"busy__start": "0:00", "busy__end": "24:00"}):
        clerk.submit(form, page=page, busy__start_day=first, busy__end_day=last, **hours)
        (busy,) = busy_times(world, schedule)
        assert (busy["start_time"], busy["end_time"]) == (f"{start}:00Z", f"{end}:00Z")
        assert "all day" in text_of(clerk.open(page))
        clerk.submit(f"{form}/{busy['id']}/remove", page=page)


def test_a_busy_time_of_hours_may_run_over_midnight(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(timezone="Europe/Berlin")
    page, form = path_of(schedule, "/exceptions"), path_of(schedule, "/busy-times")
    hours = {"busy__start": "22", "busy__end": "2 am"}
    clerk.submit(form, page=page, busy__start_day="2030-12-21", busy__end_day="2030-12-22", **hours)
    (busy,) = busy_times(world, schedule)
    assert (busy["start_time"], busy["end_time"]) == (
        "2030-12-21T21:00:00Z",
        "2030-12-22T01:00:00Z",
    )
    assert "all day" not in text_of(clerk.open(page))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"busy__end_day": "2030-07-01", "busy__end": "8"}, "busy.end"),
        ({"busy__end_day": ""}, "busy.end_day"),
        ({"busy__start": "soon"}, "busy.start"),
        ({"busy__start_day": "2030-03-31", "busy__start": "2:30"}, "busy.start"),
        ({"busy__reason": "x" * 501}, "busy.reason"),
    ],
)
def test_an_invalid_busy_time_is_reported_at_its_field(
    world: World, clerk: Clerk, typed: dict[str, str], field: str
) -> None:
    schedule = world.create_schedule(timezone="Europe/Berlin")
    page, form = path_of(schedule, "/exceptions"), path_of(schedule, "/busy-times")
    given = {"busy__start_day": "2030-07-01", "busy__start": "9", "busy__end_day": "2030-07-02"}
    answer = clerk.submit(form, page=page, **given | typed)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert busy_times(world, schedule) == []


def test_the_times_that_result_are_shown_and_what_is_in_the_way(world: World, clerk: Clerk) -> None:
    hours = {"start": "09:00", "end": "11:00"}
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    schedule = world.create_schedule(
        timezone="Europe/Berlin", availability=dict.fromkeys(days, hours)
    )
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    times_page = clerk.open(path_of(schedule, "/times"), minutes="60")
    assert times_page.status_code == 200
    assert len(re.findall(r"<li[^>]*>9:00\sAM", times_page.text)) >= 6
    closed = clerk.open(path_of(schedule, "/times"), minutes="60", day=day, time="12")
    assert "is not open for all of this time" in text_of(closed)
    offered = clerk.open(path_of(schedule, "/times"), minutes="60", day=day, time="9:00")
    assert "This time can be booked" in text_of(offered)


def test_why_links_to_the_booking_and_the_busy_time_in_the_way(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    start = plus(tomorrow_at(10), days=2)
    booking = world.book(schedule, start)
    busy = world.api.post(
        f"/api/v1{path_of(schedule, '/busy-times')}",
        json={"start_time": start, "end_time": plus(start, minutes=30)},
    ).json()["data"]
    why = clerk.open(path_of(schedule, "/times"), day=start[:10], time="10:00", minutes="30")
    assert f"{clerk.root}/bookings/{booking['id']}" in why.text
    assert f"/exceptions#{busy['id']}" in why.text


def test_a_time_that_the_clock_leaves_out_or_shows_twice(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(timezone="Europe/Berlin")
    ask = path_of(schedule, "/times")
    assert "leaves it out" in text_of(clerk.open(ask, day="2027-03-28", time="2:30"))
    twice = text_of(clerk.open(ask, day="2027-10-31", time="2:30"))
    assert "UTC+2" in twice
    assert "UTC+1" in twice
    assert "no day or time" in text_of(clerk.open(ask, day="soon", time="2:30"))


def test_an_inactive_schedule_says_so_in_place_of_times(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule(is_active=False)
    assert "is not active" in text_of(clerk.open(path_of(schedule, "/times")))
    assert schedule["name"] not in text_of(clerk.open("/schedules"))
    assert schedule["name"] in text_of(clerk.open("/schedules", show="inactive"))


def test_the_address_of_the_feed_is_shown_once(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    page = path_of(schedule, "/feed")
    made = clerk.submit(page)
    assert "/feeds/" not in made.text + made.headers["location"]
    first = clerk.follow(made)
    match = re.search(r'value="(http[^"]+/feeds/[^"]+\.ics)"', first.text)
    assert match
    address = match[1]
    assert world.stranger.get(address).status_code == 200
    assert "/feeds/" not in clerk.open(page).text

    replaced = clerk.follow(clerk.submit(page))
    assert world.stranger.get(address).status_code == 404
    again = re.search(r'value="(http[^"]+/feeds/[^"]+\.ics)"', replaced.text)
    assert again
    clerk.submit(f"{page}/revoke", page=page)
    assert world.stranger.get(again[1]).status_code == 404
    assert "no address yet" in text_of(clerk.open(page))


def test_a_secret_is_shown_on_its_page_alone(world: World, clerk: Clerk) -> None:
    schedule, other = world.create_schedule(), world.create_schedule()
    clerk.submit(path_of(schedule, "/feed"))
    assert "/feeds/" not in clerk.open(path_of(other, "/feed")).text


def test_members_read_and_change_nothing(home: Any, world: World) -> None:
    schedule = world.create_schedule(name="Room 9", overrides={"2030-01-01": []})
    member = clerk_of(home, world, Role.MEMBER)
    for page in ("", "/exceptions", "/times"):
        opened = member.open(path_of(schedule, page))
        assert opened.status_code == 200
        assert "Room 9" in text_of(opened)
    assert '<fieldset class="set-all" disabled>' in member.open(path_of(schedule)).text
    token = fields_in_menu(member.open("/schedules"))
    refused = ["", "/delete", "/overrides", "/overrides/remove", "/busy-times", "/feed"]
    for form in refused:
        answer = member.post(member.root + path_of(schedule, form), data={"form_token": token})
        assert answer.status_code == 403, form
        assert "needs an admin" in text_of(answer)
    assert member.open("/schedules/new").status_code == 403
    assert member.open(path_of(schedule, "/feed")).status_code == 403
    assert stored(world, schedule["id"]) == schedule


def fields_in_menu(page: httpx.Response) -> str:
    token = fields_in(page, "/console/sign-out")["form_token"]
    assert isinstance(token, str)
    return token


def test_a_form_without_the_token_of_the_session_changes_nothing(
    world: World, clerk: Clerk
) -> None:
    schedule = world.create_schedule(name="Kept")
    answer = clerk.post(clerk.root + path_of(schedule), data={"name": "Changed"})
    assert answer.status_code == 403
    assert stored(world, schedule["id"])["name"] == "Kept"


def test_a_schedule_of_another_organization_is_not_there(world: World, new_world: Any) -> None:
    theirs = new_world().create_schedule(name="Not yours")
    clerk = Clerk(world)
    token = fields_in_menu(clerk.open("/schedules"))
    for page in ("", "/exceptions", "/times", "/feed"):
        answer = clerk.open(path_of(theirs, page))
        assert answer.status_code == 404
        assert "Not yours" not in answer.text
    for form in ("", "/delete", "/overrides", "/overrides/remove", "/busy-times", "/feed"):
        data = {"form_token": token, "day": "2030-01-01", "name": "x"}
        assert clerk.post(clerk.root + path_of(theirs, form), data=data).status_code == 404
    assert "Not yours" not in clerk.open("/schedules").text
