"""The calendar over HTTP: what stands on which day, and moving a booking to another time."""

import html
import re
from typing import Any

import httpx
import pytest

from tests.web.pages.console.desks import SignedInBrowser, problem_in
from tests.web.pages.visitors import text_of
from tests.world import JSON, World

SPAN = ("busy.start_day", "busy.start", "busy.end_day", "busy.end")


@pytest.fixture
def new_york(world: World) -> World:
    world.api.patch("/api/v1/organization", json={"timezone": "America/New_York"})
    return world


def named(name: str) -> dict[str, str]:
    return {"name": name, "email": "someone@example.com"}


def start_of(world: World, booking: JSON) -> str:
    start: str = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]["start_time"]
    return start


def test_days_are_those_of_the_organization(new_york: World, admin: SignedInBrowser) -> None:
    late = "2026-12-02T03:30:00Z"  # 22:30 on the first
    new_york.book(new_york.create_schedule(), late, attendee=named("Ada"))
    for view in ("day", "week", "month"):
        assert "Ada" in admin.open("/calendar", view=view, day="2026-12-01").text
    assert "Ada" not in admin.open("/calendar", view="day", day="2026-12-02").text
    assert "10:30" in text_of(admin.open("/calendar", view="day", day="2026-12-01"))


def test_both_passes_of_an_hour_are_distinguished(new_york: World, admin: SignedInBrowser) -> None:
    schedule = new_york.create_schedule()
    new_york.book(schedule, "2026-11-01T05:30:00Z", attendee=named("Ada"))
    new_york.book(schedule, "2026-11-01T06:30:00Z", attendee=named("Grace"))
    for view in ("day", "week"):
        page_text = text_of(admin.open("/calendar", view=view, day="2026-11-01"))
        assert "UTC−4" in page_text[page_text.index("Ada") : page_text.index("Grace")]
        assert "UTC−5" in page_text[page_text.index("Grace") :]


def test_the_calendar_of_one_schedule_is_shown_alone(world: World, admin: SignedInBrowser) -> None:
    first, second = world.create_schedule(name="One"), world.create_schedule(name="Two")
    start = "2026-12-01T10:00:00Z"
    world.book(first, start, attendee=named("Ada"))
    world.book(second, start, attendee=named("Grace"))
    busy = {"start_time": start, "end_time": "2026-12-01T12:00:00Z", "reason": "Inventory"}
    world.api.post(f"/api/v1/schedules/{second['id']}/busy-times", json=busy)
    page = admin.open("/calendar", day=start[:10], schedule=second["id"])
    assert "Grace" in page.text
    assert "Ada" not in page.text
    assert "Busy: Inventory" in text_of(page)


def columns_of(page: httpx.Response) -> list[str]:
    """The text of each column, but those on paper alone."""
    parts = re.split(r'<section class="column(?! beyond)', page.text)[1:]
    return [re.sub(r"<[^>]+>", " ", part.split("</section>")[0]) for part in parts]


def test_a_day_has_a_column_for_each_schedule_as_many_as_fit(
    world: World, admin: SignedInBrowser
) -> None:
    ids = [world.create_schedule(name=f"Person {n}")["id"] for n in range(3)]
    start = "2026-12-01T10:00:00Z"
    for n, id_ in enumerate(ids):
        world.book({"id": id_}, start, attendee=named(f"Guest {n}"))
    busy = {"start_time": start, "end_time": "2026-12-01T12:00:00Z", "reason": "Dentist"}
    world.api.post(f"/api/v1/schedules/{ids[1]}/busy-times", json=busy)
    columns = columns_of(admin.open("/calendar", view="day", day=start[:10]))
    for n, column in enumerate(columns):
        assert re.search(rf"Person {n}\b.*Guest {n}\b", column, re.DOTALL)
        assert ("Dentist" in column) == (n == 1)
    assert len(columns) == 3

    admin.cookies.set("kalends_columns", "2")
    first = admin.open("/calendar", view="day", day=start[:10])
    assert ["Guest 1" in column for column in columns_of(first)] == [False, True]
    assert 'class="column beyond' in first.text
    assert "Schedules 1 to 2 of 3" in text_of(first)
    world.api.patch(f"/api/v1/schedules/{ids[0]}", json={"is_active": False})
    columns = columns_of(admin.open("/calendar", view="day", day=start[:10]))
    assert ["Guest 0" in column for column in columns] == [False, False, True]
    chosen = admin.open("/calendar", view="day", day=start[:10], schedule=[ids[1], ids[2]])
    assert "Guest 0" not in chosen.text
    assert len(columns_of(chosen)) == 2


def test_who_has_schedules_begins_with_those(world: World, admin: SignedInBrowser) -> None:
    own, other = world.create_schedule(name="Own"), world.create_schedule(name="Other")
    user = world.api.get("/api/v1/users").json()["data"][0]
    world.api.patch(f"/api/v1/schedules/{own['id']}", json={"user_id": user["id"]})
    world.book(own, "2026-12-01T10:00:00Z", attendee=named("Ada"))
    world.book(other, "2026-12-01T10:00:00Z", attendee=named("Grace"))
    page = admin.open("/calendar", day="2026-12-01")
    assert "Ada" in page.text
    assert "Grace" not in page.text
    assert "Grace" in admin.open("/calendar", day="2026-12-01", schedule="all").text


def test_an_empty_place_offers_what_its_schedule_may_take(
    world: World, admin: SignedInBrowser
) -> None:
    first, second = world.create_schedule(name="One"), world.create_schedule(name="Two")
    for schedule, name in ((first, "Colour"), (second, "Beard trim")):
        world.create_event_type(name=name, schedule_id=schedule["id"])
    at = {"schedule": first["id"], "start": "2026-12-01T10:00:00Z"}
    page = admin.open("/bookings/new", length="45", **at)
    assert "Colour" in page.text
    assert "Beard trim" not in page.text
    assert 'value="45"' in page.text
    link = re.search(r'href="(/console/[^"]+event_type=[^"]+)"', page.text)
    assert link
    form = text_of(admin.get(html.unescape(link[1])))
    assert "10:00" in form
    assert "One" in form


@pytest.mark.parametrize(
    ("at", "filled"),
    [
        (
            {"start": "2026-12-08T14:00:00Z", "length": "45"},
            ["2026-12-08", "15:00", "2026-12-08", "15:45"],
        ),
        (
            {"day": "2026-12-08", "time": "22:00", "length": "60"},
            ["2026-12-08", "23:00", "2026-12-08", "24:00"],
        ),
        ({"day": "2026-12-08"}, ["2026-12-08", "", "2026-12-08", ""]),
    ],
)
def test_a_place_can_be_closed_instead(
    world: World, admin: SignedInBrowser, at: JSON, filled: list[str]
) -> None:
    world.create_schedule(name="First")
    schedule = world.create_schedule(name="Second", timezone="Europe/Berlin")
    page = admin.open("/bookings/new", schedule=schedule["id"], **at)
    link = re.search(r'href="([^"]+)">Close this time instead', page.text)
    assert link
    form = admin.get(html.unescape(link[1]))
    assert f'value="{schedule["id"]}" selected' in form.text
    assert [value_of(form.text, name) for name in SPAN] == filled


def test_nothing_is_closed_where_no_place_was_chosen(world: World, admin: SignedInBrowser) -> None:
    world.create_schedule()
    assert "Close this time" not in admin.open("/bookings/new").text


def test_a_span_that_is_none_is_not_proposed(world: World, admin: SignedInBrowser) -> None:
    world.create_schedule()
    typed = dict.fromkeys(SPAN, "<noon>") | {"busy.end_day": "2026-12-09"}
    form = admin.open("/absences", **typed)
    assert form.status_code == 200
    assert [value_of(form.text, name) for name in SPAN[1::2]] == ["", ""]
    assert "noon" not in form.text


def value_of(text: str, name: str) -> str:
    (found,) = re.findall(rf'name="{re.escape(name)}" type="\w+" value="([^"]*)"', text)
    return str(found)


def test_cancelled_bookings_are_not_in_the_way(world: World, admin: SignedInBrowser) -> None:
    booking = world.book(world.create_schedule(), "2026-12-01T10:00:00Z", attendee=named("Ada"))
    world.api.delete(f"/api/v1/bookings/{booking['id']}")
    assert "Ada" not in admin.open("/calendar", day="2026-12-01").text


def test_what_began_before_the_first_day_is_there(world: World, admin: SignedInBrowser) -> None:
    schedule = world.create_schedule()
    body = world.booking_body(schedule, "2026-12-01T10:00:00Z", attendee=named("Ada"))
    body["end_time"] = "2026-12-04T10:00:00Z"
    assert world.api.post("/api/v1/bookings", json=body).status_code == 201
    for day in ("2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04"):
        assert "Ada" in admin.open("/calendar", view="day", day=day).text
    assert "Ada" not in admin.open("/calendar", view="day", day="2026-12-05").text


@pytest.mark.parametrize("view", ["day", "week", "month"])
@pytest.mark.parametrize("status", ["NO_SHOW", "COMPLETED", "CONFIRMED"])
def test_what_runs_over_midnight_is_there_in_every_status(
    world: World, admin: SignedInBrowser, status: str, view: str
) -> None:
    body = {"end_time": "2026-11-30T11:00:00Z", "attendee": named("Ada")}
    booking = world.book(world.create_schedule(), "2026-11-28T20:00:00Z", **body)
    for next_status in ("CONFIRMED", status):
        path = f"/api/v1/bookings/{booking['id']}"
        assert world.api.patch(path, json={"status": next_status}).status_code == 200
    assert "Ada" in admin.open("/calendar", view=view, day="2026-11-30").text
    listed = admin.open("/bookings", since="2026-11-30", until="2026-11-30").text
    assert "Ada" in listed
    assert "Ada" in admin.open("/bookings.csv", since="2026-11-30").text
    assert "Ada" not in admin.open("/bookings", since="2026-12-01").text
    assert "Ada" not in admin.open("/bookings", until="2026-11-27").text


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31", "2011-12-30"])
def test_the_ends_of_time_are_shown(world: World, admin: SignedInBrowser, day: str) -> None:
    world.api.patch("/api/v1/organization", json={"timezone": "Pacific/Apia"})
    for view in ("day", "week", "month"):
        assert admin.open("/calendar", view=view, day=day).status_code == 200


def test_a_day_that_does_not_exist_is_reported(admin: SignedInBrowser) -> None:
    assert admin.open("/calendar", day="tomorrow").status_code == 422


def test_a_booking_moves_to_a_free_time_that_is_offered(
    world: World, admin: SignedInBrowser
) -> None:
    booking = world.book(world.create_schedule(), "2027-01-04T10:00:00Z")
    path = f"/bookings/{booking['id']}/reschedule"
    assert 'value="2027-01-04T12:00:00Z"' in admin.open(path).text
    page = admin.submit(path, start="2027-01-04T12:00:00Z", seen="1")
    assert "The booking was moved" in text_of(page)
    assert start_of(world, booking) == "2027-01-04T12:00:00Z"


def test_a_booking_moves_to_a_day_and_time_of_the_organizations_clock(
    new_york: World, admin: SignedInBrowser
) -> None:
    booking = new_york.book(new_york.create_schedule(), "2027-01-04T10:00:00Z")
    path = f"/bookings/{booking['id']}/reschedule"
    admin.submit(path, day="2027-07-01", time="09:15")
    assert start_of(new_york, booking) == "2027-07-01T13:15:00Z"


def test_a_time_that_comes_twice_is_asked_about(new_york: World, admin: SignedInBrowser) -> None:
    booking = new_york.book(new_york.create_schedule(), "2027-01-04T10:00:00Z")
    path = f"/bookings/{booking['id']}/reschedule"
    page = admin.submit(path, day="2026-11-01", time="01:30")
    assert page.status_code == 422
    assert "twice" in problem_in(page)
    for start in ("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"):
        assert f'name="start" value="{start}"' in page.text
    assert start_of(new_york, booking) == "2027-01-04T10:00:00Z"


def test_a_time_that_the_clock_skips_is_refused(new_york: World, admin: SignedInBrowser) -> None:
    booking = new_york.book(new_york.create_schedule(), "2027-01-04T10:00:00Z")
    page = admin.submit(f"/bookings/{booking['id']}/reschedule", day="2027-03-14", time="02:30")
    assert page.status_code == 422
    assert "There is no 02:30 on this day" in problem_in(page)


@pytest.mark.parametrize("fields", [{}, {"day": "2027-01-04"}, {"start": "soon"}, {"time": "9"}])
def test_an_invalid_time_is_reported(
    world: World, admin: SignedInBrowser, fields: dict[str, Any]
) -> None:
    booking = world.book(world.create_schedule(), "2027-01-04T10:00:00Z")
    page = admin.submit(f"/bookings/{booking['id']}/reschedule", **fields)
    assert page.status_code == 422
    assert "choose a day and a time" in problem_in(page)


def test_a_refusal_names_its_rule_and_an_admin_may_pass_over_it(
    world: World, admin: SignedInBrowser
) -> None:
    hours = {"monday": {"start": "09:00", "end": "17:00"}}
    booking = world.book(world.create_schedule(availability=hours), "2027-01-04T10:00:00Z")
    path = f"/bookings/{booking['id']}/reschedule"
    fields = {"day": "2027-01-04", "time": "20:00"}
    page = admin.submit(path, **fields)
    assert page.status_code == 422
    assert "is not open for all of this time" in problem_in(page)
    admin.submit(path, **fields, override="yes")
    assert start_of(world, booking) == "2027-01-04T20:00:00Z"


def test_a_taken_time_is_refused_even_with_an_override(
    world: World, admin: SignedInBrowser
) -> None:
    schedule = world.create_schedule()
    world.book(schedule, "2027-01-04T12:00:00Z")
    booking = world.book(schedule, "2027-01-04T10:00:00Z")
    path = f"/bookings/{booking['id']}/reschedule"
    page = admin.submit(path, start="2027-01-04T12:30:00Z", override="yes")
    assert page.status_code == 409
    assert start_of(world, booking) == "2027-01-04T10:00:00Z"


def test_a_move_of_what_was_changed_meanwhile_is_not_made(
    world: World, admin: SignedInBrowser
) -> None:
    booking = world.book(world.create_schedule(), "2027-01-04T10:00:00Z")
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": "New"})
    path = f"/bookings/{booking['id']}/reschedule"
    page = admin.submit(path, start="2027-01-04T12:00:00Z", seen="1")
    assert page.status_code == 409
    assert start_of(world, booking) == "2027-01-04T10:00:00Z"
