"""A haircut in Berlin, looked at from Chicago: its times are Berlin's, with script and without."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from kalends.availability.wallclock import zone_named
from tests.browser.conftest import PHONE, Visits
from tests.browser.test_embed import HOST_PAGE, Shop
from tests.browser.test_embed import shop as shop
from tests.web.pages.test_places import day_in, haircut, in_berlin
from tests.world import World

BERLIN, CHICAGO = "Europe/Berlin", "America/Chicago"
MOMENTS = [(9, "9:00 AM"), (1, "1:00 AM"), (23, "11:00 PM")]


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("hour", "time"), MOMENTS)
def test_a_haircut_is_shown_on_the_clock_and_day_of_its_place(
    world: World, visit: Visits, script: bool, hour: int, time: str
) -> None:
    path, start = haircut(world), in_berlin(hour)
    page = visit(timezone_id=CHICAGO, java_script_enabled=script, viewport=PHONE)
    for address in (path, f"{path}?timezone={CHICAGO}"):
        page.goto(f"{address}{'&' if '?' in address else '?'}day={day_in(BERLIN, start)}")
        page.wait_for_load_state("networkidle")
        expect(page.locator("#swap")).to_have_attribute("data-zone", BERLIN)
        expect(page.locator(f'#times button[value="{start}"]')).to_have_text(time)
        expect(page.locator(".zone")).to_contain_text("Europe/Berlin")
        expect(page.locator("#timezone, [role=combobox]")).to_have_count(0)
    page.locator(f'#times button[value="{start}"]').click()
    expect(page.locator(".about")).to_contain_text(f"{time} –")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_role("button", name="Book now").click()
    day = datetime.fromisoformat(day_in(BERLIN, start))
    expect(page.locator(".summary")).to_contain_text(f"{day:%B} {day.day}, {day.year}")
    expect(page.locator(".summary")).to_contain_text(re.compile(rf"{time} –.*Europe/Berlin", re.S))
    page.get_by_role("link", name="Reschedule").click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#swap")).to_have_attribute("data-zone", BERLIN)


def test_a_haircut_in_a_frame_is_on_the_clock_of_its_place(
    world: World, visit: Visits, shop: Shop
) -> None:
    path = haircut(world)
    shop.page = HOST_PAGE % (f'<div data-kalends="{path}"></div>', world.url)
    page = visit(timezone_id=CHICAGO)
    page.goto(shop.url)
    swap = page.frame_locator("iframe").locator("#swap")
    expect(swap).to_have_attribute("data-zone", BERLIN)
    button = swap.locator("#times button").first
    start = datetime.fromisoformat(str(button.get_attribute("value"))).astimezone(UTC)
    local = zone_named(BERLIN).local_text(int(start.timestamp()))
    hour = int(local[11:13])
    clock = f"{hour % 12 or 12}:{local[14:16]} {'AM' if hour < 12 else 'PM'}"
    expect(button).to_have_text(clock)
