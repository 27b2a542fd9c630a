"""The booking page on somebody else's site: in place, as a pop-up, and what that site receives."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import Visits, choose_day
from tests.web.pages.visitors import offered
from tests.world import World, tomorrow_at

HOST_PAGE = """<!doctype html><html lang="en"><title>A shop</title>
<h1>A shop</h1>
<script>
  window.heard = []; window.seen = [];
  addEventListener("message", (event) => heard.push([event.origin, event.data]));
  for (const kind of ["ready", "resized", "booked", "closed"])
    addEventListener("kalends:" + kind, (event) => seen.push(event.type));
</script>
%s
<script src="%s/embed.js" async></script>
"""


class Shop:
    """A site on another origin, with one page."""

    page = ""

    def __init__(self, host: str = "127.0.0.1") -> None:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = shop.page.encode()
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://{host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def other_site() -> Iterator[Shop]:
    """A shop that is another site to browsers, too, and not just another port of ours."""
    shop = Shop("localhost")
    yield shop
    shop.close()


def types_of(page: Page, origin: str) -> list[str]:
    heard: list[str] = page.evaluate(
        "origin => heard.filter(h => h[0] === origin).map(h => h[1].type)", origin
    )
    return heard


def book_in(frame: FrameLocator, start: str) -> None:
    choose_day(frame, start[:10])
    frame.locator(f'#times button[value="{start}"]').click()
    frame.get_by_label("Name").fill("Ada")
    frame.get_by_label("E-mail").fill("ada@example.com")
    frame.get_by_role("button", name="Book now").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("You are booked")


def test_embedded_in_place_it_fits_its_content_and_reports_the_booking(
    world: World, visit: Visits, shop: Shop
) -> None:
    path, _ = offered(world)
    shop.page = HOST_PAGE % (
        f'<div data-kalends="{path}" data-kalends-title="Book"></div>',
        world.url,
    )
    page = visit(timezone_id="UTC")
    page.goto(shop.url)
    frame = page.frame_locator("iframe[title=Book]")
    expect(frame.locator("#swap")).to_be_visible()
    expect(frame.locator(".footer")).to_have_count(0)
    page.wait_for_function("heard.some(h => h[1].type === 'kalends:resized')")
    page.wait_for_function(
        "Math.abs(document.querySelector('iframe').offsetHeight -"
        " heard.filter(h => h[1].type === 'kalends:resized').at(-1)[1].height) < 2"
    )
    start = tomorrow_at(15)
    book_in(frame, start)
    page.wait_for_function("heard.some(h => h[1].type === 'kalends:booked')")
    booking = page.evaluate("heard.find(h => h[1].type === 'kalends:booked')[1].booking")
    made = world.api.get("/api/v1/bookings").json()["data"][0]
    assert booking == {key: made[key] for key in ("id", "start_time", "end_time")}
    assert types_of(page, world.url)[0] == "kalends:ready"
    assert "kalends:booked" in page.evaluate("seen")


def test_a_pop_up_opens_and_closes_and_says_so(world: World, visit: Visits, shop: Shop) -> None:
    path, _ = offered(world)
    shop.page = HOST_PAGE % (f'<button data-kalends-popup="{path}">Book us</button>', world.url)
    page = visit()
    page.goto(shop.url)
    page.wait_for_function("window.Kalends")
    button = page.get_by_role("button", name="Book us")
    button.click()
    expect(page.frame_locator("dialog iframe").locator("#swap")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    assert "kalends:closed" in types_of(page, shop.url)
    button.click()
    frame = page.frame_locator("dialog iframe")
    frame.locator(".turn[data-turn=next]").focus()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_only_pages_made_for_frames_are_framed(world: World, visit: Visits, shop: Shop) -> None:
    path, _ = offered(world)
    shop.page = f'<!doctype html><iframe src="{world.url}{path}"></iframe>'
    page = visit()
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    with page.expect_event("console"):
        page.goto(shop.url)
    assert any("frame" in line for line in refused)
    assert page.frames[1].locator("#swap").count() == 0


def test_messages_of_strangers_move_nothing(world: World, visit: Visits, shop: Shop) -> None:
    path, _ = offered(world)
    shop.page = HOST_PAGE % (
        f'<div data-kalends="{path}" data-kalends-title="Book"></div>',
        world.url,
    )
    page = visit()
    page.goto(shop.url)
    expect(page.frame_locator("iframe").locator("#swap")).to_be_visible()
    page.wait_for_function("heard.some(h => h[1].type === 'kalends:resized')")
    before = page.evaluate("document.querySelector('iframe').offsetHeight")
    page.evaluate("postMessage({type: 'kalends:resized', height: 7}, '*')")
    page.evaluate("new Promise(done => setTimeout(done, 50))")
    assert page.evaluate("document.querySelector('iframe').offsetHeight") == before


def test_on_another_site_what_was_typed_stays_over_another_time(
    world: World, other_site: Shop, visit: Visits
) -> None:
    path, _ = offered(world)
    start, later = tomorrow_at(15), tomorrow_at(18)
    other_site.page = f'<iframe src="{world.url}{path}?embed=1&day={start[:10]}"></iframe>'
    page = visit()
    page.goto(other_site.url)
    frame = page.frame_locator("iframe")
    frame.locator(f'#times button[value="{start}"]').click()
    frame.get_by_label("Name").fill("Ada")
    frame.get_by_role("button", name="Choose another time").click()
    frame.locator(f'#times button[value="{later}"]').click()
    expect(frame.get_by_label("Name")).to_have_value("Ada")
