"""A sick day in a real browser, as somebody at the desk settles it who never saw the page."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Violations, Visits, sign_in
from tests.browser.test_console import DESK, named, path_of
from tests.browser.test_widths import TOO_WIDE
from tests.web.people.test_absences import now_is
from tests.web.people.test_reassigning import team
from tests.world import JSON, World, tomorrow_at

HOURS = range(8, 20)


def sick_day(world: World) -> list[JSON]:
    """Twelve bookings of the first of three, at one of which nobody else is free."""
    (ada, *others), event_type = team(world)
    bodies = [(ada, hour) for hour in HOURS] + [(other, HOURS[0]) for other in others]
    booked = [
        world.book(
            None,
            tomorrow_at(hour),
            event_type_id=event_type["id"],
            schedule_id=who["id"],
            attendee=named(f"Guest {hour}"),
        )
        for who, hour in bodies
    ]
    return booked[: len(HOURS)]


def looked_at(page: Page, violations: Violations) -> list[str]:
    wide = page.evaluate(TOO_WIDE)
    return violations(page) + ([wide] if wide else [])


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_a_sick_day_of_twelve_bookings_is_settled_on_one_page(
    world: World, visit: Visits, violations: Violations, window: dict[str, int]
) -> None:
    bookings = sick_day(world)
    page = visit(viewport=window)
    sign_in(page, world)
    page.goto(path_of(world, "/calendar"))
    page.get_by_role("navigation", name="Console").get_by_role("link", name="Team").click()
    page.get_by_role("navigation", name="Team").get_by_role("link", name="Absences").click()
    page.wait_for_url("**/absences")
    problems = looked_at(page, violations)
    page.get_by_label("Who").select_option(bookings[0]["schedule_id"])
    tomorrow = tomorrow_at(8)[:10]
    page.get_by_label("First day").fill(tomorrow)
    # It was today, and follows.
    expect(page.get_by_label("Last day")).to_have_value(tomorrow)
    page.get_by_role("button", name="Close this time").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("12 bookings fall into this time")
    problems += looked_at(page, violations)
    # Nobody is free for the first; somebody is suggested for each of the others.
    chosen = page.locator("select").evaluate_all("all => all.map(one => one.value.split(':')[0])")
    assert chosen == ["offer"] + ["reassign"] * 11
    page.get_by_role("button", name="Settle all of them").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Nothing is left to settle.")
    problems += looked_at(page, violations)
    assert problems == []
    first, *others = (now_is(world, booking) for booking in bookings)
    assert first["needs_new_time"]
    assert not {one["schedule_id"] for one in others} & {bookings[0]["schedule_id"]}
