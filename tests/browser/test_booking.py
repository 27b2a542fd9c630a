"""Booking, rescheduling and cancelling in a real browser, as people do it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from kalends.availability.wallclock import zone_named
from tests.browser.conftest import PHONE, Violations, Visits, choose_day
from tests.web.pages.visitors import QUESTIONS, offered, slug_of
from tests.world import World, plus, tomorrow_at

BOOKED = "You are booked"
AT_HALF_PAST_ONE = re.compile(r"^\s*1:30\sAM")


def choose(page: Page, start: str) -> None:
    """Presses the button of that time."""
    page.locator(f'#times button[value="{start}"]').click()
    page.wait_for_url("**/book?**")


def fill_in(page: Page, name: str = "Ada Lovelace") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill("ada@example.com")


def send(page: Page) -> None:
    page.get_by_role("button", name="Book now").click()


def book(page: Page, path: str, start: str) -> None:
    page.goto(f"{path}?day={start[:10]}")
    choose(page, start)
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)


def bookings(world: World) -> list[tuple[str, str]]:
    listed = world.api.get("/api/v1/bookings").json()["data"]
    return [(booking["status"], booking["start_time"]) for booking in listed]


def test_a_visitor_books_reschedules_and_cancels(world: World, visit: Visits) -> None:
    path, _ = offered(world, name="Consultation")
    start, later = tomorrow_at(15), tomorrow_at(18)
    page = visit()
    page.goto(f"/{slug_of(world)}")
    page.get_by_role("link", name="Consultation").click()
    expect(page.locator("#swap")).to_have_attribute("data-zone", "America/New_York")
    page.goto(f"{path}?day={start[:10]}")
    choose(page, start)
    expect(page.get_by_text("We keep this time for you until")).to_be_visible()
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)
    expect(page.get_by_role("link", name="Calendar file")).to_be_visible()
    assert bookings(world) == [("CONFIRMED", start)]

    page.get_by_role("link", name="Reschedule").click()
    page.goto(f"{page.url.partition('?')[0]}?day={later[:10]}")
    page.locator(f'#times a[href*="{later.replace(":", "%3A")}"]').click()
    page.get_by_role("button", name="Move booking").click()
    expect(page.get_by_role("status").first).to_contain_text("Your booking was moved")
    assert bookings(world) == [("CONFIRMED", later)]

    page.get_by_text("Cancel booking").click()
    page.get_by_label("Reason").fill("I am ill")
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This booking is cancelled")
    assert bookings(world) == [("CANCELLED", later)]


def test_without_javascript_everything_works(world: World, visit: Visits) -> None:
    path, _ = offered(world, timezone="Europe/Berlin")
    start = tomorrow_at(10)
    page = visit(java_script_enabled=False)
    page.goto(path)
    expect(page.locator("#swap")).to_have_attribute("data-zone", "Europe/Berlin")
    page.get_by_role("link", name="Next month").click()
    page.get_by_role("link", name="Previous month").click()
    page.locator("details.zone summary").click()
    page.get_by_label("Change time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Show times").click()
    expect(page.locator("#swap")).to_have_attribute("data-zone", "Asia/Tokyo")
    local = datetime.fromisoformat(start) + timedelta(hours=9)
    choose_day(page, f"{local:%Y-%m-%d}")
    choose(page, start)
    assert "timezone=Asia%2FTokyo" in page.url
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)
    page.get_by_text("Cancel booking").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    assert bookings(world) == [("CANCELLED", start)]


def test_a_time_that_was_taken_meanwhile_loses_nothing(world: World, visit: Visits) -> None:
    path, _ = offered(world)
    start = tomorrow_at(15)
    first, second = visit(), visit()
    first.goto(f"{path}/book?start={start}")
    fill_in(first)
    first.get_by_label("Anything we should know").fill("A long story")
    book(second, path, start)
    send(first)
    expect(first.get_by_role("alert")).to_contain_text("What you typed is still here")
    expect(first.get_by_label("Name")).to_have_value("Ada Lovelace")
    expect(first.get_by_label("Anything we should know")).to_have_value("A long story")
    first.locator(".radios .time").last.click()
    send(first)
    expect(first.get_by_role("heading", level=1)).to_have_text(BOOKED)
    assert len(bookings(world)) == 2


def test_a_time_that_somebody_is_just_booking_is_not_offered_twice(
    world: World, visit: Visits
) -> None:
    path, _ = offered(world)
    start = tomorrow_at(15)
    first, second = visit(), visit()
    for page in (first, second):
        page.goto(f"{path}?day={start[:10]}")
    choose(first, start)
    second.locator(f'#times button[value="{start}"]').click()
    expect(second.get_by_role("alert")).to_contain_text("just been taken")
    expect(second.locator(f'button[value="{start}"]')).to_have_count(0)
    second.locator(".near button").first.click()
    second.wait_for_url("**/book?**")
    fill_in(second)
    send(second)
    expect(second.get_by_role("heading", level=1)).to_have_text(BOOKED)


def test_a_visitor_who_goes_back_may_choose_the_same_time_again(
    world: World, visit: Visits
) -> None:
    path, _ = offered(world)
    start = tomorrow_at(15)
    page = visit()
    page.goto(f"{path}?day={start[:10]}")
    choose(page, start)
    page.go_back()
    choose(page, start)
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)


def clock_goes_back() -> tuple[str, int, str]:
    """The next day on which New York's clock goes back, when it does, and the day before."""
    zone, now = zone_named("America/New_York"), datetime.now(UTC).timestamp()
    at = next(
        change
        for change, before, after in zip(
            zone.changes[1:], zone.offsets, zone.offsets[1:], strict=False
        )
        if change > now and after < before
    )
    return zone.local_text(at)[:10], at, zone.local_text(at - 86_400)[:10]


def test_both_passes_of_a_repeated_hour_can_be_booked(world: World, visit: Visits) -> None:
    day, at, _ = clock_goes_back()
    path, _ = offered(world, timezone="America/New_York", duration_minutes=30)
    page = visit()
    page.goto(f"{path}?day={day}")
    expect(page.locator("#times")).to_contain_text("The clock goes back on this day")
    twice = page.locator("#times button", has_text=AT_HALF_PAST_ONE)
    expect(twice).to_have_count(2)
    expect(twice.first).to_contain_text("UTC−4")
    expect(twice.last).to_contain_text("UTC−5")
    once = page.locator("#times button", has_text="12:30")
    expect(once).to_have_count(2)
    assert [text for text in once.all_inner_texts() if "UTC" in text] == []
    second = datetime.fromtimestamp(at + 1800, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    choose(page, second)
    expect(page.locator(".about")).to_contain_text("UTC−5")
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)
    assert bookings(world) == [("CONFIRMED", second)]
    page.goto(f"{path}?day={day}")
    expect(page.locator("#times button", has_text=AT_HALF_PAST_ONE)).to_have_count(1)
    expect(page.locator("#times button", has_text=AT_HALF_PAST_ONE)).to_contain_text("UTC−4")


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Kolkata"])
def test_times_are_those_of_the_visitor_wherever_that_is(
    world: World, visit: Visits, zone: str
) -> None:
    _, at, day_before = clock_goes_back()
    path, _ = offered(world, timezone="Europe/Berlin")
    page = visit(timezone_id=zone, locale="de-DE")
    page.goto(f"{path}?day={day_before}")
    expect(page.locator("details.zone")).to_contain_text(zone.replace("_", " "))
    for days in (0, 1, 2):
        start = datetime.fromtimestamp(at + (days - 1) * 86_400, UTC).replace(hour=12, minute=0)
        local = zone_named(zone).local_text(int(start.timestamp()))
        page.goto(f"{path}?day={local[:10]}")
        button = page.locator(f'#times button[value="{start:%Y-%m-%dT%H:%M:%SZ}"]')
        expect(button).to_have_text(local[11:16])


def test_the_keyboard_alone_is_enough(world: World, visit: Visits) -> None:
    path, _ = offered(world)
    page = visit()
    page.goto(path)
    expect(page.locator("#swap")).to_have_attribute("data-zone", "America/New_York")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(page, "a[data-turn=next]")
    page.keyboard.press("Enter")
    page.wait_for_url("**month=**")
    expect(page.locator("a[data-turn=next]")).to_be_focused()
    tab_to(page, "a.day")
    page.keyboard.press("Enter")
    page.wait_for_url("**day=**")
    expect(page.locator("a.day.chosen")).to_be_focused()
    tab_to(page, "#times button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/book?**")
    tab_to(page, "#name")
    page.keyboard.type("Ada Lovelace")
    page.keyboard.press("Tab")
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)
    tab_to(page, "summary.danger")
    page.keyboard.press("Enter")
    tab_to(page, "form button.danger")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("This booking is cancelled")


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is there, which has to be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_a_phone_shows_everything_without_scrolling_sideways(world: World, visit: Visits) -> None:
    path, _ = offered(
        world,
        name="Donaudampfschifffahrtsgesellschaftskapitänsberatung",
        capacity=12,
        description="x" * 300,
    )
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    start = tomorrow_at(15)
    page.goto(f"/{slug_of(world)}")
    assert sideways(page) == 0
    page.goto(f"{path}?day={start[:10]}")
    assert sideways(page) == 0
    small = page.evaluate(
        "[...document.querySelectorAll('a.day, .time, .turn')]"
        ".filter(e => e.getBoundingClientRect().height < 44).length"
    )
    assert small == 0
    page.locator(f'#times button[value="{start}"]').tap()
    page.wait_for_url("**/book?**")
    assert sideways(page) == 0
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)
    assert sideways(page) == 0


def sideways(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, width)


def test_hostile_text_does_nothing_in_any_field(world: World, visit: Visits) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e"
    path, _ = offered(
        world, name=evil, slug="evil", description=evil, location="javascript:alert(3)",
        location_type="custom", questions=[{"key": "q", "label": evil},
        {"key": "s", "label": "S", "type": "select", "options": [evil]}],
    )  # fmt: skip
    page = visit()
    page.goto(f"/{slug_of(world)}")
    page.goto(path)
    page.locator("#times button").first.click()
    page.wait_for_url("**/book?**")
    fill_in(page, "<img src=x onerror=alert(4)>")
    page.locator("[name='answer.q']").fill(evil)
    page.locator("select").select_option(index=1)
    page.get_by_label("Anything we should know").fill(evil)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)
    assert page.locator("img, main script").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0
    expect(page.locator(".summary")).to_contain_text("<img src=x onerror=alert(4)>")


def test_two_organizations_never_meet(new_world: Callable[[], World], visit: Visits) -> None:
    mine, theirs = new_world(), new_world()
    path, _ = offered(mine, name="Mine alone")
    offered(theirs, name="Theirs alone")
    page = visit()
    page.goto(f"/{slug_of(theirs)}")
    expect(page.locator("body")).not_to_contain_text("Mine alone")
    book(page, path, tomorrow_at(15))
    expect(page.locator("body")).not_to_contain_text("Theirs alone")
    assert bookings(theirs) == []
    assert page.goto(f"/{slug_of(theirs)}{path[path.rindex('/') :]}").status == 404  # type: ignore[union-attr]


def test_a_month_is_turned_without_loading_the_page_again(world: World, visit: Visits) -> None:
    path, _ = offered(world)
    page = visit()
    page.goto(path)
    expect(page.locator("#swap")).to_have_attribute("data-zone", "America/New_York")
    page.evaluate("window.stayed = true")
    title = page.locator("#month").inner_text()
    page.get_by_role("link", name="Next month").click()
    expect(page.locator("#month")).not_to_have_text(title)
    assert page.evaluate("window.stayed") is True
    page.go_back()
    expect(page.locator("#month")).to_have_text(title)


def fill_in_all(page: Page) -> None:
    fill_in(page)
    page.get_by_label("How many?").fill("3")
    page.get_by_label("Yes").check()


def test_axe_finds_nothing_wrong_on_the_way_to_a_booking(
    world: World, visit: Visits, violations: Violations
) -> None:
    schedule = world.create_schedule()
    path, _ = offered(world, schedule=schedule, questions=QUESTIONS, capacity=4, description="x")
    start, taken = tomorrow_at(15), tomorrow_at(19)
    page, problems = visit(reduced_motion="reduce"), []
    for address in (f"/{slug_of(world)}", f"/{slug_of(world, sandbox=True)}", "/no-such-page"):
        page.goto(address)
        problems += violations(page)
    page.goto(f"{path}?day={start[:10]}")
    page.locator("details.zone summary").click()
    problems += violations(page)
    choose(page, start)
    page.locator("form.details").evaluate("form => form.noValidate = true")
    send(page)
    expect(page.get_by_role("alert")).to_be_visible()
    problems += violations(page)
    page.goto(f"{path}/book?start={taken}")
    world.api.post(
        f"/api/v1/schedules/{schedule['id']}/busy-times",
        json={"start_time": taken, "end_time": plus(taken, hours=1)},
    )
    fill_in_all(page)
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("This time is no longer free")
    problems += violations(page)
    assert problems == []


def test_axe_finds_nothing_wrong_with_a_booking_and_its_changes(
    world: World, visit: Visits, violations: Violations
) -> None:
    path, _ = offered(world, location="https://meet.example/x", location_type="video")
    start = tomorrow_at(15)
    page, problems = visit(reduced_motion="reduce"), []
    book(page, path, start)
    page.get_by_text("Cancel booking").click()
    problems += violations(page)
    mine = page.url.partition("?")[0]
    for address in (f"{mine}/reschedule", f"{mine}/reschedule?start={plus(start, hours=2)}"):
        page.goto(address)
        problems += violations(page)
    page.goto(mine)
    page.get_by_text("Cancel booking").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This booking is cancelled")
    problems += violations(page)
    assert problems == []
