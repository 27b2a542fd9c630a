"""What an attendee's own page shows in a browser: video link, answers, until when it changes."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visits
from tests.browser.test_booking import book, choose, fill_in
from tests.web.pages.visitors import offered
from tests.world import World, plus, tomorrow_at

LINK = "https://meet.example/secret-room"


@pytest.mark.parametrize("has_scripts", [True, False])
def test_the_video_link_appears_with_the_confirmation_and_goes(
    world: World, visit: Visits, has_scripts: bool
) -> None:
    path, _ = offered(world, location=LINK, location_type="video", requires_confirmation=True)
    page = visit(java_script_enabled=has_scripts)
    start = tomorrow_at(15)
    page.goto(f"{path}?day={start[:10]}")
    choose(page, start)
    fill_in(page)
    page.get_by_role("button", name="Send request").click()
    where = page.locator("dl.summary div").filter(has_text="Where")
    expect(where).to_contain_text("The link comes once it is confirmed.")
    booking = world.api.get("/api/v1/bookings").json()["data"][0]
    api_path = f"/api/v1/bookings/{booking['id']}"
    world.api.patch(api_path, json={"status": "CONFIRMED"})
    page.reload()
    expect(where.get_by_role("link")).to_have_attribute("href", LINK)
    world.api.delete(api_path)
    page.reload()
    expect(where).to_contain_text("Video call")
    assert "secret-room" not in page.content()


def test_a_move_into_the_locked_period_warns_before_it_is_done(world: World, visit: Visits) -> None:
    path, _ = offered(world, cancellation_notice_minutes=3 * 24 * 60)
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    book(page, path, plus(tomorrow_at(15), days=6))
    mine = page.url.partition("?")[0]
    page.goto(f"{mine}/reschedule?start={tomorrow_at(18)}")
    expect(page.locator("#locks")).to_contain_text("cannot cancel or move")
    page.get_by_role("button", name="Move booking").click()
    expect(page.get_by_text("It can no longer be changed online")).to_be_visible()
    expect(page.get_by_role("link", name="Reschedule")).to_have_count(0)
