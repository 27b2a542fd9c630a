"""An attendee's own booking by its link: shown, cancelled, moved, and kindly refused."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.web.pages.visitors import Browser, offered, starts_in, text_of
from tests.world import World, plus, tomorrow_at


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    with Browser(world.url) as visitor:
        yield visitor


def status_of(world: World) -> tuple[str, str]:
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    return booking["status"], booking["start_time"]


def test_looking_at_a_booking_changes_nothing(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    mine = visitor.book(path, start).url.path
    for address in (mine, f"{mine}/reschedule", f"{mine}/reschedule?start={plus(start, hours=2)}"):
        assert visitor.get(address).status_code == 200
        assert visitor.head(address).status_code == 200
    assert visitor.get(f"{mine}/cancel").status_code == 405
    assert status_of(world) == ("CONFIRMED", start)


def test_it_is_cancelled_with_a_reason(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    done = visitor.fill_in(visitor.book(path, start), reason="I am ill")
    assert "This booking is cancelled" in text_of(done)
    assert "I am ill" in text_of(done)
    assert status_of(world)[0] == "CANCELLED"
    assert start in starts_in(visitor.get(path, params={"day": start[:10]}))


def test_a_reason_with_control_characters_cancels_nothing(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    again = visitor.fill_in(visitor.book(path, start), reason="I\x01ll")
    assert again.status_code == 422
    assert status_of(world) == ("CONFIRMED", start)


def test_a_cancelled_booking_is_shown_without_times(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    booked = visitor.book(path, tomorrow_at(10))
    visitor.fill_in(booked)
    times = visitor.get(f"{booked.url.path}/reschedule")
    assert times.status_code == 200
    assert "This booking is cancelled" in text_of(times)
    assert starts_in(times) == []


def test_it_is_moved_to_a_time_that_is_free(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    mine = visitor.book(path, start).url.path
    times = visitor.get(f"{mine}/reschedule", params={"day": start[:10]})
    later = plus(start, hours=3)
    assert f"start={later.replace(':', '%3A')}" in times.text
    confirm = visitor.get(f"{mine}/reschedule", params={"start": later})
    assert "Move your booking?" in text_of(confirm)
    done = visitor.fill_in(confirm)
    assert "Your booking was moved" in text_of(done)
    assert status_of(world) == ("CONFIRMED", later)


def test_on_a_schedule_that_is_not_active_it_cannot_be_moved(
    world: World, visitor: Browser
) -> None:
    schedule = world.create_schedule()
    path, _ = offered(world, schedule=schedule)
    mine = visitor.book(path, tomorrow_at(10)).url.path
    world.api.patch(f"/api/v1/schedules/{schedule['id']}", json={"is_active": False})
    page = visitor.get(f"{mine}/reschedule")
    assert page.status_code == 422
    assert "cannot be moved online at the moment" in text_of(page)


def test_a_time_that_is_taken_meanwhile_leaves_it_where_it_is(
    world: World, visitor: Browser
) -> None:
    path, event_type = offered(world)
    start, later = tomorrow_at(10), tomorrow_at(13)
    mine = visitor.book(path, start).url.path
    confirm = visitor.get(f"{mine}/reschedule", params={"start": later})
    world.book(start=later, event_type_id=event_type["id"])
    refused = visitor.fill_in(confirm)
    assert refused.status_code == 409
    assert "just been taken" in text_of(refused)
    assert status_of(world) == ("CONFIRMED", start)


def test_a_late_change_is_refused_kindly(world: World, visitor: Browser) -> None:
    path, _ = offered(world, cancellation_notice_minutes=4 * 24 * 60)
    page = visitor.book(path, tomorrow_at(10))
    assert "can no longer be changed online" in text_of(page)
    assert "Reschedule" not in text_of(page)
    refused = visitor.post(f"{page.url.path}/cancel")
    assert refused.status_code in (403, 409, 422)
    assert "too late" in text_of(refused)
    assert "You are booked" not in text_of(refused)
    assert status_of(world)[0] == "CONFIRMED"


def test_a_booking_that_has_begun_is_shown_and_stays(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    page = visitor.book(path, tomorrow_at(10))
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    now = datetime.now(UTC)
    start, end = now - timedelta(minutes=10), now + timedelta(minutes=50)
    begun = {"start_time": f"{start:%FT%TZ}", "end_time": f"{end:%FT%TZ}", "override": True}
    moved = world.api.patch(f"/api/v1/bookings/{booking['id']}", json=begun)
    assert moved.status_code == 200, moved.text
    shown = visitor.get(page.url.path)
    assert "It can no longer be changed online" in text_of(shown)
    assert "Reschedule" not in text_of(shown)
    refused = visitor.post(f"{page.url.path}/cancel")
    assert refused.status_code in (403, 409, 422)
    assert "it has begun" in text_of(refused)
    assert status_of(world)[0] == "CONFIRMED"
    assert world.api.delete(f"/api/v1/bookings/{booking['id']}").status_code == 200


def test_what_changed_meanwhile_is_shown_and_not_cancelled(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    page = visitor.book(path, tomorrow_at(10))
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    change = {"start_time": tomorrow_at(15), "end_time": tomorrow_at(16)}
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json=change)
    refused = visitor.fill_in(page)
    assert "changed meanwhile" in text_of(refused)
    assert status_of(world) == ("CONFIRMED", tomorrow_at(15))


def test_a_link_that_opens_nothing_is_a_kind_404(world: World, visitor: Browser) -> None:
    for token in ("x", "x" * 32, "%00", "a" * 3000):
        page = visitor.get(f"/booking/{token}")
        assert (page.status_code, page.headers["content-type"][:9]) == (404, "text/html")


def test_the_log_never_contains_a_link(world: World, visitor: Browser, server_log: str) -> None:
    path, _ = offered(world)
    page = visitor.book(path, tomorrow_at(10))
    token = page.url.path.rpartition("/")[2]
    with open(server_log) as log:
        lines = log.read()
    assert '"/booking/{token}"' in lines
    assert token not in lines


def test_it_can_be_put_into_a_calendar(world: World, visitor: Browser) -> None:
    path, _ = offered(world, name="Talk, with; commas", location="Room 1")
    page = visitor.book(path, "2027-03-01T10:00:00Z")
    file = visitor.get(f"{page.url.path}/booking.ics")
    assert file.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "attachment" in file.headers["content-disposition"]
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    assert f"UID:{booking['id']}@kalends" in file.text
    assert "Talk\\, with\\; commas" in file.text
    google = re.search(r'href="(https://calendar\.google\.com[^"]+)"', page.text)
    outlook = re.search(r'href="(https://outlook\.live\.com[^"]+)"', page.text)
    assert google
    assert "dates=20270301T100000Z%2F20270301T110000Z" in google[1]
    assert outlook
    assert "/booking/" not in google[1] + outlook[1]


def test_no_other_site_learns_the_address(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    page = visitor.book(path, tomorrow_at(10))
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert 'name="robots" content="noindex"' in page.text


def test_a_link_opens_nothing_once_the_address_is_another_one(
    world: World, visitor: Browser
) -> None:
    path, _ = offered(world)
    mine = visitor.book(path, tomorrow_at(10), email="ada@example.com").url.path
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    change = {"attendee": {"email": "ada.right@example.com"}, "notify": False}
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json=change)
    for address in (mine, f"{mine}/reschedule", f"{mine}/booking.ics"):
        assert visitor.get(address).status_code == 404
    assert visitor.post(f"{mine}/cancel").status_code == 404
    assert status_of(world)[0] == "CONFIRMED"


def test_a_link_goes_on_opening_an_address_in_other_letters(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    mine = visitor.book(path, tomorrow_at(10), email="ada@example.com").url.path
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    change = {"attendee": {"email": "Ada@example.com", "name": "Ada King"}}
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json=change)
    assert "Ada King" in text_of(visitor.get(mine))


@pytest.mark.parametrize("requires_confirmation", [False, True])
def test_without_a_mail_server_no_page_promises_mail(
    world: World, visitor: Browser, requires_confirmation: bool
) -> None:
    path, _ = offered(world, requires_confirmation=requires_confirmation)
    form = visitor.hold(path, tomorrow_at(10))
    booked = visitor.fill_in(form, name="Ada", email="ada@example.com")
    assert ("This page shows when it is." in text_of(booked)) == requires_confirmation
    for page in (form, booked):
        assert not re.search("goes there|The details go|hear by mail", text_of(page))
