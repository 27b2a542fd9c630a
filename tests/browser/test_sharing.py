"""Sharing an event type: its link and code copied, its page tried in place, its place in lists."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Violations, Visits, sign_in
from tests.web.pages.visitors import offered
from tests.world import World


def pasted(page: Page, root: str) -> str:
    page.goto(f"{root}/event-types/new")
    page.get_by_label("Name").focus()
    page.keyboard.press("Control+V")
    return page.get_by_label("Name").input_value()


def test_the_link_is_copied_without_a_permission(world: World, visit: Visits) -> None:
    path, event_type = offered(world)
    page = visit()
    # As it is over http but on one's own machine.
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    root = sign_in(page, world)
    page.goto(f"{root}/event-types/{event_type['id']}/share")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert pasted(page, root) == world.url + path


def test_the_code_for_a_site_is_tried_in_place(
    world: World, visit: Visits, violations: Violations
) -> None:
    _, event_type = offered(world, name="Talk")
    page = visit(viewport=PHONE)
    page.goto(f"{sign_in(page, world)}/event-types/{event_type['id']}/share")
    page.get_by_text("On your own site").click()
    assert violations(page) == []
    page.get_by_role("heading", name="This is how it looks").scroll_into_view_if_needed()
    preview = page.locator(".set-preview").frame_locator("iframe")
    expect(preview.get_by_role("heading", name="Talk")).to_be_visible()
    assert page.evaluate("document.querySelector('.set-qr').naturalWidth") > 0
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_the_order_is_changed_by_keyboard_and_by_dragging(world: World, visit: Visits) -> None:
    for name in ("A", "B", "C"):
        world.create_event_type(name=name)
    page = visit()
    page.goto(f"{sign_in(page, world)}/event-types")
    names = page.locator(".set-name")
    page.get_by_role("button", name="Move C up").focus()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["A", "C", "B"])
    expect(page.get_by_role("button", name="Move C up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["C", "A", "B"])

    handles = page.locator("[data-drag]")
    handles.nth(0).hover()
    page.mouse.down()
    below = handles.nth(2).bounding_box()
    assert below is not None
    page.mouse.move(below["x"] + 5, below["y"] + below["height"] + 8, steps=12)
    page.mouse.up()
    expect(page.get_by_role("status").first).to_contain_text("The order is changed")
    expect(names).to_have_text(["A", "B", "C"])
