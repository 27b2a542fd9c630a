"""The console in a real browser: keyboard, dragging, live, without scripts, on a phone, axe."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import PHONE, Violations, Visits, open_all, sign_in
from tests.web.pages.visitors import offered, slug_of
from tests.world import JSON, World, plus

DESK = {"width": 1280, "height": 900}
MOST_TABS = 120


def monday() -> str:
    """Noon of the next Monday but one, in UTC."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=14 - today.weekday())).strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_in_by_form(page: Page, world: World) -> None:
    page.goto("/console/sign-in")
    page.get_by_label("E-mail address").fill(world.setup.admin_email)
    page.get_by_label("Password").fill(world.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def path_of(world: World, path: str) -> str:
    return f"/console/{slug_of(world)}{path}"


def named(name: str) -> dict[str, str]:
    return {"name": name, "email": "someone@example.com"}


def now_of(world: World, booking: JSON) -> JSON:
    current: JSON = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    return current


def tab_to(page: Page, target: Locator) -> None:
    """Goes on with the tabulator until it is there."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not within {MOST_TABS} tabs: {target}")


def test_a_booking_is_found_confirmed_and_moved_by_keyboard_alone(
    world: World, visit: Visits
) -> None:
    _, event_type = offered(world, requires_confirmation=True)
    start = monday()
    body = world.booking_body(None, start, event_type_id=event_type["id"], attendee=named("Ada"))
    booking = world.api.post("/api/v1/bookings", json=body).json()["data"]
    page = visit(viewport=DESK)
    page.goto("/console")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(world.setup.admin_email)
    page.keyboard.press("Tab")
    page.keyboard.type(world.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/calendar")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    bookings = page.get_by_role("navigation", name="Console").get_by_role("link", name="Bookings")
    tab_to(page, bookings)
    page.keyboard.press("Enter")
    page.wait_for_url("**/bookings?upcoming=yes")
    tab_to(page, page.get_by_role("link", name="Ada"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Confirm"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("The booking is confirmed")
    tab_to(page, page.get_by_role("link", name="Reschedule"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator(f'#times button[value="{plus(start, hours=1)}"]'))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("The booking was moved")
    assert now_of(world, booking)["start_time"] == plus(start, hours=1)


def drag(page: Page, block: Locator, hours: int, days: int = 0) -> None:
    """Takes the block by its top and lets it go so much later."""
    box, hour = place_of(block), place_of(page.locator(".axis .r12"))
    first = place_of(page.locator(".axis .r24"))
    columns = page.locator(".column")
    one, two = place_of(columns.nth(0)), place_of(columns.nth(1))
    x, y = box["x"] + 20, box["y"] + 6
    page.mouse.move(x, y)
    page.mouse.down()
    to = (x + days * (two["x"] - one["x"]), y + hours * (first["y"] - hour["y"]))
    page.mouse.move(x + 10, y + 10)
    page.mouse.move(*to, steps=4)
    page.mouse.up()


def open_calendar(world: World, visit: Visits, **fields: Any) -> tuple[Page, JSON, Locator]:
    """A calendar tall enough to drag in, with a booking, and its block."""
    start = monday()
    booking = world.book(world.create_schedule(**fields), start, attendee=named("Ada"))
    page = visit(viewport={"width": 1280, "height": 1200})
    sign_in(page, world)
    page.goto(path_of(world, f"/calendar?day={start[:10]}"))
    return page, booking, page.locator(f'.block[data-booking="{booking["id"]}"]')


def test_dragging_asks_and_saves_nothing_before(world: World, visit: Visits) -> None:
    page, booking, block = open_calendar(world, visit)
    dialog = page.get_by_role("dialog")
    drag(page, block, hours=0)
    expect(block).not_to_have_class(re.compile("lifted"))
    expect(dialog).to_be_hidden()
    drag(page, block, hours=2, days=1)
    expect(dialog).to_contain_text(re.compile(r"Move to \w+, .*2:00\sPM and tell Ada\?"))
    assert now_of(world, booking) == booking
    assert block.evaluate("element => element.style.transform") != ""
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert block.evaluate("element => element.style.transform") == ""
    drag(page, block, hours=2, days=1)
    dialog.get_by_role("button", name="Cancel").click()
    assert block.evaluate("element => element.style.transform") == ""
    assert now_of(world, booking) == booking


def place_of(block: Locator) -> FloatRect:
    """Where it lies; for a moment it is nowhere, while a live update puts it anew."""
    for _ in range(1_000):
        if (box := block.bounding_box()) is not None:
            return box
        block.page.wait_for_timeout(50)
    raise AssertionError("it is not to be seen")


def test_dragging_moves_a_booking_and_a_refusal_puts_it_back(world: World, visit: Visits) -> None:
    weekday = {"start": "09:00", "end": "17:00"}
    page, booking, block = open_calendar(
        world, visit, availability={"monday": weekday, "tuesday": weekday}
    )
    start, dialog = booking["start_time"], page.get_by_role("dialog")
    drag(page, block, hours=2, days=1)
    with page.expect_request("**/reschedule") as sent:
        dialog.get_by_role("button", name="Move without telling").click()
    assert "notify=no&" in (sent.value.post_data or "")
    expect(page.locator(".column").nth(2).locator(".block")).to_contain_text("2:00")
    moved = plus(start, days=1, hours=2)
    assert now_of(world, booking)["start_time"] == moved
    assert page.url.endswith(f"/calendar?day={start[:10]}")

    placed = place_of(block)
    drag(page, block, hours=0, days=1)
    with page.expect_request("**/reschedule") as sent:
        dialog.get_by_role("button", name="Move and tell Ada").click()
    assert "notify=yes&" in (sent.value.post_data or "")
    toast = page.get_by_role("alert")
    expect(toast).to_contain_text("is not open for all of this time")
    assert place_of(block) == placed
    assert now_of(world, booking)["start_time"] == moved
    toast.get_by_role("link", name="Choose a time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Move Ada")


def test_dragging_after_the_session_has_ended_leads_to_sign_in_and_back(
    world: World, visit: Visits
) -> None:
    page, booking, block = open_calendar(world, visit)
    page.context.clear_cookies(name="kalends_session")
    drag(page, block, hours=2, days=1)
    page.get_by_role("dialog").get_by_role("button", name="Move without telling").click()
    page.wait_for_url("**/console/sign-in?next=*")
    page.get_by_label("E-mail address").fill(world.setup.admin_email)
    page.get_by_label("Password").fill(world.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#unsent")).to_contain_text("not saved yet")
    expect(page.get_by_role("heading", level=1)).to_have_text("Move Ada")
    assert now_of(world, booking) == booking


def test_an_empty_place_begins_a_booking_by_mouse_and_by_keyboard(
    world: World, visit: Visits
) -> None:
    start = monday()
    schedules = [world.create_schedule(name=f"Person {n}") for n in range(2)]
    page = visit(viewport={"width": 1280, "height": 1200})
    sign_in(page, world)
    day = path_of(world, f"/calendar?view=day&day={start[:10]}")
    page.goto(day)
    rows = place_of(page.locator(".column .rows").nth(1))
    noon = place_of(page.locator(".axis .r48"))["y"] + 9
    page.mouse.move(rows["x"] + 30, noon + 3)
    page.mouse.down()
    page.mouse.move(rows["x"] + 30, noon + 3 + rows["height"] / 10 * 0.7, steps=3)
    expect(page.locator(".ghost")).to_have_text("12:00 PM – 12:45 PM")
    page.mouse.up()
    page.wait_for_url("**/bookings/new?**")
    expect(page.locator("#schedule")).to_have_value(schedules[1]["id"])
    expect(page.get_by_label("Minutes")).to_have_value("45")
    page.get_by_role("button", name="Take this time").click()
    expect(page.locator(".chosen-time")).to_contain_text("12:00")

    page.goto(day)
    page.get_by_role("link", name="New booking: Person 0").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator(".column").nth(1).locator(".ghost")).to_contain_text("9:15")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: f"{start[:10]}T09%3A15" in url and schedules[1]["id"] in url)


def test_dragging_to_another_column_of_a_day_changes_the_host(world: World, visit: Visits) -> None:
    start = monday()
    first, second = (world.create_schedule(name=name) for name in ("One", "Two"))
    booking = world.book(first, start, attendee=named("Ada"))
    page = visit(viewport={"width": 1280, "height": 1200})
    sign_in(page, world)
    page.goto(path_of(world, f"/calendar?view=day&day={start[:10]}"))
    drag(page, page.locator(f'.block[data-booking="{booking["id"]}"]'), hours=1, days=1)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"1:00\sPM, Two and tell Ada"))
    dialog.get_by_role("button", name="Move and tell Ada").click()
    expect(page.locator(".column").nth(1).locator(".block")).to_contain_text("Ada")
    now = now_of(world, booking)
    assert (now["schedule_id"], now["start_time"]) == (second["id"], plus(start, hours=1))


class Finger:
    """A finger on a touch screen."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def _does(self, what: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in points]
        self._session.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": touched})

    def down(self, x: float, y: float) -> None:
        self._does("touchStart", (x, y))

    def move(self, x: float, y: float) -> None:
        self._does("touchMove", (x, y))

    def up(self) -> None:
        self._does("touchEnd")


def test_a_block_that_is_held_by_touch_can_be_dragged(world: World, visit: Visits) -> None:
    start = monday()
    first, second = (world.create_schedule(name=name) for name in ("One", "Two"))
    booking = world.book(first, start, attendee=named("Ada"))
    page = visit(viewport={"width": 1024, "height": 1200}, has_touch=True)
    sign_in(page, world)
    page.goto(path_of(world, f"/calendar?view=day&day={start[:10]}"))
    block = page.locator(f'.block[data-booking="{booking["id"]}"]')
    box, columns = place_of(block), page.locator(".column")
    across = place_of(columns.nth(1))["x"] - place_of(columns.nth(0))["x"]
    x, y, finger = box["x"] + 20, box["y"] + 6, Finger(page)
    finger.down(x, y)  # what moves at once does not lift it
    finger.move(x + across, y + 40)
    finger.up()
    expect(page.get_by_role("dialog")).to_be_hidden()
    finger.down(x, y)
    expect(block).to_have_class(re.compile("lifted"))
    for part in (0.3, 0.7, 1):
        finger.move(x + part * across, y)
    finger.up()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r", Two and tell Ada"))
    dialog.get_by_role("button", name="Move and tell Ada").click()
    expect(columns.nth(1).locator(".block")).to_contain_text("Ada")
    assert now_of(world, booking)["schedule_id"] == second["id"]


def test_what_has_no_room_in_a_week_is_listed(world: World, visit: Visits) -> None:
    start = monday()
    for n in range(5):
        world.book(world.create_schedule(), start, attendee=named(f"Guest {n}"))
    page = visit(viewport=DESK)
    sign_in(page, world)
    page.goto(path_of(world, f"/calendar?day={start[:10]}"))
    expect(page.locator(".blocks > .block:visible")).to_have_count(2)
    page.get_by_role("link", name="3 more").click()
    expect(page.get_by_role("dialog").get_by_role("link")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".blocks > .block:visible")).to_have_count(5)


def test_an_hour_in_a_week_shows_the_whole_name(world: World, visit: Visits) -> None:
    start = monday()
    booking = world.book(world.create_schedule(), start, attendee=named("Katherine Johnson"))
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})
    page = visit(viewport=DESK)
    sign_in(page, world)
    page.goto(path_of(world, f"/calendar?day={start[:10]}"))
    block = page.locator(".block", has_text="Katherine Johnson")
    name = block.locator("strong")
    assert name.evaluate("name => name.scrollWidth <= name.clientWidth")
    # All that follows the name has its place, too.
    assert block.locator("a").evaluate("link => link.scrollHeight <= link.clientHeight")


def test_a_booking_made_elsewhere_appears_without_a_reload(world: World, visit: Visits) -> None:
    start = monday()
    schedule = world.create_schedule()
    page = visit(viewport=DESK)
    sign_in(page, world)
    for path in (f"/calendar?day={start[:10]}", "/bookings?upcoming=yes"):
        name = f"Ada {path[1:9]}"
        with page.expect_request("**/live"):
            page.goto(path_of(world, path))
        page.evaluate("window.isTheSamePage = true")
        expect(page.get_by_text(name)).to_have_count(0)
        world.book(schedule, start, attendee=named(name))
        expect(page.get_by_text(name)).to_be_visible()
        assert page.evaluate("window.isTheSamePage")
        start = plus(start, hours=2)


def test_what_is_typed_is_not_lost_when_something_happens(world: World, visit: Visits) -> None:
    booking = world.book(world.create_schedule(), monday(), attendee=named("Ada"))
    page = visit(viewport=DESK)
    sign_in(page, world)
    with page.expect_request("**/live"):
        page.goto(path_of(world, f"/bookings/{booking['id']}"))
    page.get_by_text("Reject", exact=True).click()
    page.get_by_label("Reason").fill("We are closed that day")
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": "Changed"})
    page.wait_for_timeout(2000)
    expect(page.get_by_label("Reason")).to_have_value("We are closed that day")


def test_without_javascript_everything_works(world: World, visit: Visits) -> None:
    offered(world, name="Consultation")
    start = monday()
    page = visit(java_script_enabled=False, viewport=DESK)
    sign_in_by_form(page, world)
    page.get_by_role("link", name="New booking", exact=True).click()
    page.get_by_role("link", name="Consultation").click()
    page.goto(f"{page.url}&day={start[:10]}")
    page.locator(f'#times a[href*="{start.replace(":", "%3A")}"]').click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("The booking was made")

    page.get_by_role("link", name="Reschedule").click()
    page.get_by_label("Day", exact=True).fill(start[:10])
    page.get_by_label("Time", exact=True).fill("15:00")
    page.get_by_label("Do not tell Ada by mail").last.check()
    page.get_by_role("button", name="Move booking").click()
    expect(page.get_by_role("status").first).to_contain_text("No mail is sent about it")
    page.get_by_text("Cancel booking").click()
    page.get_by_label("Reason").fill("Ill")
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("status").first).to_contain_text("The booking is cancelled")
    page.goto(path_of(world, f"/calendar?day={start[:10]}"))
    expect(page.get_by_role("button", name="Show")).to_have_count(0)
    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out")).to_be_visible()
    assert [b["status"] for b in world.api.get("/api/v1/bookings").json()["data"]] == ["CANCELLED"]


def test_a_new_admin_has_a_booking_page_in_three_steps(world: World, visit: Visits) -> None:
    page = visit(viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    sign_in_by_form(page, world)
    expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    page.get_by_role("textbox", name="Your name").fill("Ada Lovelace")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("textbox", name="Name").fill("First talk")
    page.get_by_role("button", name="Make the booking page").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == f"{world.url}/{slug_of(world)}/first-talk"
    expect(page.get_by_role("link", name="QR code")).to_have_attribute(
        "href", re.compile(r"/event-types/evt_\w+/share$")
    )
    page.get_by_role("link", name="Open the page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("First talk")


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_is_for_everyone(
    world: World, visit: Visits, violations: Violations, window: dict[str, int]
) -> None:
    start = monday()
    _, event_type = offered(world, requires_confirmation=True)
    schedule = world.create_schedule(name="Room 2")
    fields = {"event_type_id": event_type["id"], "metadata": {"source": "test"}}
    booking = world.book(None, start, **fields)
    world.book(schedule, start, attendee=named("Ada Lovelace"))
    done = world.book(schedule, plus(start, hours=1), attendee=named("Grace Hopper"))
    for status in ("CONFIRMED", "NO_SHOW"):
        world.api.patch(f"/api/v1/bookings/{done['id']}", json={"status": status})
    one = f"/bookings/{booking['id']}"
    calendar, list_ = f"/calendar?day={start[:10]}", "/bookings?status=PENDING"
    problems: list[str] = []
    # Without motion no colour is looked at halfway from light to dark.
    page = visit(viewport=window, reduced_motion="reduce")
    page.goto("/console/sign-in")
    problems += violations(page)
    sign_in(page, world)
    for path in (
        calendar,
        f"/calendar?view=day&schedule={schedule['id']}&day={start[:10]}",
        f"/calendar?view=month&day={start[:10]}",
        list_,
        "/bookings?email=nobody",
        one,
        f"{one}/edit",
        f"{one}/reschedule",
        "/bookings/new",
        f"/bookings/new?event_type={event_type['id']}",
        f"/bookings/new?event_type={event_type['id']}&start={start}",
        "/charts",
        "/notifications",
        "/welcome/event-type?schedule=" + schedule["id"],
        "/welcome/share?event_type=" + event_type["id"],
        "/nowhere" if window is DESK else "/bookings/bk_0",
    ):
        page.goto(path_of(world, path))
        open_all(page, "main")
        if window is DESK or path in (calendar, list_, one):
            problems += violations(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
        assert len(re.findall(r"<h1", page.content())) == 1
    assert problems == []
