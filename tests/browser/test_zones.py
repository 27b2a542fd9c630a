"""Choosing a time zone, with and without scripts, by keyboard, with axe and on a phone."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, Violations, Visits
from tests.store.postgres_world import eventually
from tests.web.pages.visitors import offered
from tests.world import World, tomorrow_at

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
ZONE = re.compile(r"[?&]timezone=([^&]+)")
FOUND_BY = {
    "berl": "Berlin, Germany",
    "GERMANY": "Berlin, Germany",
    "kiev": "Kyiv, Ukraine",
    "calcutta": "Kolkata, India",
    "sao paulo": "Sao Paulo, Brazil",
    "São Paulo": "Sao Paulo, Brazil",
    "usa chicago": "Chicago, United States",
    "america/chicago": "Chicago, United States",
    "utc+5:45": "Kathmandu, Nepal",
    "+8:45": "Eucla, Australia",
    "gmt-9:30": "Marquesas, French Polynesia",
    "cote ivoire": "Abidjan, Côte d’Ivoire",
}


def opened(page: Page, path: str) -> None:
    page.goto(path)
    page.locator("details.zone summary").click()


def test_a_zone_is_found_by_city_country_offset_and_older_name(
    world: World, visit: Visits, violations: Violations
) -> None:
    path, _ = offered(world)
    page, hosts = visit(viewport=PHONE), set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    opened(page, path)
    field, rows = page.get_by_role("combobox"), page.get_by_role("option")
    expect(field).to_be_focused()
    expect(rows).to_have_count(419)
    for typed, label in FOUND_BY.items():
        field.fill(typed)
        expect(rows.first).to_contain_text(label)
        expect(rows.first).to_have_attribute("aria-selected", "true")
        expect(rows.first.locator("span")).to_have_text(re.compile(r"^\d{1,2}:\d\d\s[AP]M$"))
    field.fill("no such place")
    expect(rows).to_have_count(0)
    page.keyboard.press("Enter")
    assert not ZONE.search(page.url)
    field.fill("ind")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert hosts == {urlsplit(world.url).netloc}


def test_a_zone_is_chosen_by_keyboard_and_by_finger(world: World, visit: Visits) -> None:
    path, _ = offered(world)
    page = visit()
    page.goto(path)
    page.locator("details.zone summary").focus()
    page.keyboard.press("Enter")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type("berl")
    expect(page.get_by_role("option").first).to_contain_text("Berlin")
    page.keyboard.press("Enter")
    page.wait_for_url("**timezone=Europe%2FBerlin**")
    opened(page, page.url)
    expect(field).to_be_focused()
    page.keyboard.type("united kingdom")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = page.locator(f"#{field.get_attribute('aria-activedescendant')}")
    expect(chosen).to_contain_text("London")
    page.keyboard.press("Escape")
    expect(field).to_have_value("")
    field.fill("tokyo")
    page.get_by_role("option").first.click()
    page.wait_for_url("**timezone=Asia%2FTokyo**")
    expect(page.locator("details.zone summary")).to_contain_text("Asia/Tokyo")


def test_without_scripts_a_zone_is_chosen_from_a_list_with_offsets(
    world: World, visit: Visits
) -> None:
    path, _ = offered(world)
    page = visit(java_script_enabled=False)
    opened(page, path)
    page.get_by_label("Change time zone").select_option(
        label=page.locator('option[value="Asia/Kathmandu"]').text_content()
    )
    assert "UTC+5:45" in (page.locator('option[value="Asia/Kathmandu"]').text_content() or "")
    page.get_by_role("button", name="Show times").click()
    page.wait_for_url("**timezone=Asia%2FKathmandu**")


def test_a_press_is_not_lost_when_times_come_in_the_visitors_zone(
    world: World, visit: Visits
) -> None:
    page, asked = visit(), list[Route]()
    opened_in_another_zone(page, world, asked)
    page.locator("#times button").last.hover()
    page.mouse.down()
    answer(page, asked)
    page.mouse.up()
    page.wait_for_url("**/book?**")


def test_who_chooses_a_zone_meanwhile_goes_on_choosing(world: World, visit: Visits) -> None:
    page, asked = visit(), list[Route]()
    opened_in_another_zone(page, world, asked)
    page.locator("details.zone summary").click()
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("be")
    answer(page, asked)
    page.keyboard.type("rl")
    expect(page.get_by_role("combobox")).to_have_value("berl")
    expect(page.get_by_role("option").first).to_contain_text("Berlin")


def opened_in_another_zone(page: Page, world: World, asked: list[Route]) -> None:
    """The page of a first visitor, which has asked for its times in the visitor's zone."""
    path, _ = offered(world)
    page.route(
        "**/*", lambda route: asked.append(route) if is_fetched(route) else route.continue_()
    )
    with page.expect_request(lambda request: request.resource_type == "fetch"):
        page.goto(f"{path}?day={tomorrow_at(15)[:10]}")
    eventually(lambda: is_there(page, asked))


def is_there(page: Page, asked: list[Route]) -> bool:
    page.wait_for_timeout(10)  # what comes from the browser is heard of meanwhile
    return bool(asked)


def answer(page: Page, asked: list[Route]) -> None:
    with page.expect_response(lambda answer: answer.request == asked[0].request) as answered:
        asked[0].continue_()
    answered.value.finished()
    page.evaluate(TWO_FRAMES)


def is_fetched(route: Route) -> bool:
    return route.request.resource_type == "fetch"
