"""A visitor who goes back and forth, with two tabs, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.test_booking import BOOKED, bookings, choose, fill_in, send
from tests.web.pages.visitors import offered
from tests.world import World, tomorrow_at

FIRST, SECOND = tomorrow_at(15), tomorrow_at(17)
QUESTIONS = [
    {"key": "sure", "label": "Sure?", "type": "boolean"},
    {"key": "many", "label": "All?", "type": "multiselect", "options": ["x", "y"]},
]


def form_of(page: Page, path: str, start: str) -> None:
    page.goto(f"{path}?day={start[:10]}")
    choose(page, start)


def is_typed(page: Page, name: str = "Ada Lovelace") -> None:
    expect(page.get_by_label("Name")).to_have_value(name)
    expect(page.get_by_label("Anything we should know")).to_have_value("Half a\nsentence")
    expect(page.get_by_label("Yes")).to_be_checked()
    expect(page.get_by_label("y", exact=True)).to_be_checked()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_what_was_typed_stays_on_every_way_to_another_time(
    world: World, visit: Visits, script: bool
) -> None:
    path, _ = offered(world, questions=QUESTIONS)
    page = visit(java_script_enabled=script)
    form_of(page, path, FIRST)
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Anything we should know").fill("Half a\nsentence")
    page.get_by_label("Yes").check()
    page.get_by_label("y", exact=True).check()
    page.get_by_role("button", name="Choose another time").click()
    choose(page, SECOND)
    is_typed(page)
    assert "Ada" not in page.url
    if script:  # without, nobody knows what was typed before the browser's own back
        page.get_by_label("Name").fill("Ada King")
        page.go_back()
        choose(page, FIRST)
        is_typed(page, name="Ada King")
    fill_in(page)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(BOOKED)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_two_tabs_of_one_visitor_make_one_booking_and_back_says_so(
    world: World, visit: Visits, script: bool
) -> None:
    path, _ = offered(world)
    one = visit(java_script_enabled=script)
    other = one.context.new_page()
    for tab in (one, other):
        form_of(tab, path, FIRST)
        fill_in(tab)
    for tab in (one, other):
        send(tab)
        expect(tab.get_by_role("heading", level=1)).to_have_text(BOOKED)
    assert bookings(world) == [("CONFIRMED", FIRST)]
    one.go_back()
    expect(one.get_by_role("heading", level=1)).to_have_text("You booked this")
    one.get_by_role("button", name="Show my booking").click()
    expect(one.get_by_text("ada@example.com")).to_be_visible()
