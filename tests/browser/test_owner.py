"""An owner who never saw the console makes a second service, by what its pages offer alone."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visits, sign_in
from tests.browser.test_settings import save
from tests.web.pages.visitors import offered
from tests.world import World


def follow(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("link", name=name, exact=True).click()


def test_an_owner_makes_a_second_service_and_shares_it(world: World, visit: Visits) -> None:
    offered(world, name="Cut")
    page = visit(viewport=PHONE)
    page.goto(f"{sign_in(page, world)}/calendar")
    follow(page, "Settings", "Looks")
    page.get_by_label("Colour", exact=True).fill("#8a2b5f")
    save(page)
    follow(page, "Services", "New service")
    page.get_by_label("Name").fill("Colouring")
    page.get_by_label("Duration").fill("2h")
    page.get_by_role("button", name="Create service").click()
    tabs = page.get_by_role("navigation", name="Colouring")
    tabs.get_by_role("link", name="Messages").click()
    follow(page, "New text")
    page.get_by_label("Subject").fill("See you soon, {attendee.name}")
    page.get_by_role("button", name="Save text").click()
    expect(page.get_by_role("status").first).to_contain_text("The text is there")
    follow(page, "Services", "Colouring", "Languages")
    page.get_by_role("combobox", name="Language").select_option("de")
    page.get_by_role("button", name="Add a language").click()
    page.get_by_role("textbox", name="Name").fill("Färben")
    save(page)
    follow(page, "Share")
    page.wait_for_url("**/share")
    page.wait_for_load_state()
    assert page.evaluate("document.querySelector('.set-qr').naturalWidth") > 0
    german = visit(locale="de-DE", viewport=PHONE)
    german.goto(page.get_by_role("textbox", name="Link").input_value())
    expect(german.get_by_role("heading", name="Färben")).to_be_visible()
    assert "8a2b5f" in german.content()
    (text,) = world.api.get("/api/v1/message-templates").json()["data"]
    assert text["event_type_id"] is not None
