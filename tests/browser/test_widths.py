"""Whatever people type, no page is wider than its window: words without end, in every field."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import Visits, open_all, sign_in
from tests.browser.test_booking import choose
from tests.web.pages.visitors import offered, slug_of
from tests.world import JSON, World, tomorrow_at

WIDTHS = (320, 390, 1280)
ENDLESS = {
    "latin": "W" * 78,
    "emoji": "\N{MAN}\N{ZERO WIDTH JOINER}\N{GIRL}\N{PILE OF POO}" * 18,
    "cjk": "株式会社" * 19,
    "arabic": "مستشفى" * 13,
}
MOST_PAGES = 90
EMAIL = f"{'w' * 60}@example.com"
TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return null;
  const reach = (one) => one.getBoundingClientRect().right;
  const all = [...document.body.querySelectorAll("*")];
  const beyond = all.filter((one) => reach(one) > root.clientWidth + 1).slice(0, 5);
  const shown = beyond.map((one) => one.outerHTML.replace(/[Ww]{9,}/g, "W+").slice(0, 80));
  return `${root.scrollWidth} > ${root.clientWidth}: ${shown.join(" | ")}`;
}"""


# As much as fits into every field that takes text, as if it was pasted.
FILL_ALL = """(text) => {
  const kinds = ["text", "email", "tel", "url", "search", "password", "textarea"];
  document.querySelectorAll("form").forEach((one) => { one.noValidate = true; });
  for (const one of document.querySelectorAll("main input.input, main textarea")) {
    if (!kinds.includes(one.type) || !one.checkVisibility()) continue;
    one.value = one.maxLength < 0 ? text : text.slice(0, one.maxLength);
    one.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}"""
# What the page clips at its edge is too wide all the same.
CLIP_NOTHING = "document.querySelector('main').style.overflow = 'visible'"
LINKS = "[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"


def too_wide(page: Page) -> list[str]:
    """Where the page is wider than its window, with all that it unfolds. It begins with the width
    that the window has: each other one lays the page out anew."""
    problems = []
    page.evaluate(CLIP_NOTHING)
    open_all(page)
    for width in sorted(WIDTHS, key=lambda width: page.viewport_size != window_of(width)):
        if page.viewport_size != window_of(width):
            page.set_viewport_size(window_of(width))
        if wrong := page.evaluate(TOO_WIDE):
            problems.append(f"{width} {page.url}: {wrong}")
    return problems


def window_of(width: int) -> ViewportSize:
    return {"width": width, "height": 844}


def fill_all(page: Page, text: str) -> None:
    """Puts the text into every field; sent without being judged by the browser."""
    page.evaluate(FILL_ALL, text)


def sent(page: Page, button: Locator) -> None:
    """Presses what leads to another page, and waits for it."""
    with page.expect_navigation():
        button.click()


def everywhere(world: World, text: str) -> tuple[str, JSON, JSON]:
    """An organization that has the text wherever one can stand; the path of its page."""
    api = world.api
    mine = {"name": text + world.setup.admin_email[6:14], "slug": "w" * 60 + slug_of(world)[-8:]}
    assert api.patch("/api/v1/organization", json=mine).status_code == 200
    schedule = world.create_schedule(name=text, description=text)
    api.post(f"/api/v1/schedules/{schedule['id']}/busy-times", json={
        "start_time": tomorrow_at(20), "end_time": tomorrow_at(21), "reason": text,
    })  # fmt: skip
    kinds = ("text", "textarea", "number", "email", "phone", "boolean", "select", "multiselect")
    questions: list[JSON] = [
        {"key": f"{kind}_{'k' * 40}", "label": f"{text} {kind}", "type": kind,
         "options": [text, text + "2"] if "select" in kind else None}
        for kind in kinds
    ]  # fmt: skip
    questions.append(
        {"key": "c", "label": f"[{text}](https://a.example/{'x' * 70})", "type": "consent"}
    )
    path, event_type = offered(
        world, schedule=schedule, name=text, slug="e" * 78, description=f"{text} https://{text}.de",
        location=text, location_type="in_person", questions=questions, requires_confirmation=True,
    )  # fmt: skip
    answered = ("text", "textarea", "phone", "select")
    booking = world.book(
        None, tomorrow_at(10), event_type_id=event_type["id"], title=text, location=text,
        attendee={"name": text, "email": EMAIL, "phone": text[:50], "notes": text},
        answers={f"{kind}_{'k' * 40}": text for kind in answered} | {"c": True},
        metadata={"m" * 70: text, text: {"n" * 70: [text]}},
    )  # fmt: skip
    gone = world.book(schedule, tomorrow_at(14), title=text)
    api.delete(f"/api/v1/bookings/{gone['id']}", params={"reason": text})
    hook = {"url": f"https://example.com/{'w' * 90}", "description": text}
    api.post("/api/v1/webhooks", json=hook)
    api.post("/api/v1/api-keys", json={"name": text, "scopes": ["*"]})
    return path, event_type, booking


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
def test_no_page_of_attendees_is_wider_than_its_window(
    world: World, visit: Visits, text: str
) -> None:
    path, _, _ = everywhere(world, text)
    day = tomorrow_at(10)[:10]
    page, problems = visit(), []
    for at in (path.rpartition("/")[0], path, f"{path}?day={day}", f"{path}/nothing"):
        page.goto(at)
        problems += too_wide(page)
    page.goto(f"{path}?day={day}")
    choose(page, tomorrow_at(11))
    problems += too_wide(page)
    fill_all(page, text)
    page.get_by_role("button", name="Send request").click()
    expect(page.locator("#problem")).to_be_visible()
    problems += too_wide(page)
    fill_all(page, "")
    page.get_by_label("Name").fill(text)
    page.get_by_label("E-mail").first.fill(EMAIL)
    page.locator('[type="checkbox"][id="answer.c"]').check()
    page.get_by_role("button", name="Send request").click()
    page.wait_for_url("**/booking/**")
    mine = page.url.partition("?")[0]
    problems += too_wide(page)
    page.goto(f"{mine}/reschedule?day={day}")
    problems += too_wide(page)
    sent(page, page.locator("#times a.time").first)
    problems += too_wide(page)
    page.goto(mine)
    page.get_by_text("Cancel booking").click()
    page.locator("#reason").fill(text)
    sent(page, page.get_by_role("button", name="Yes, cancel it"))
    problems += too_wide(page)
    assert problems == [], "\n".join(problems)


@pytest.mark.parametrize("text", [ENDLESS["latin"], ENDLESS["arabic"]], ids=["latin", "arabic"])
def test_no_page_of_the_console_is_wider_than_its_window(
    world: World, visit: Visits, text: str
) -> None:
    _, event_type, booking = everywhere(world, text)
    page, problems = visit(timezone_id="UTC"), []
    page.goto("/console/sign-in")
    fill_all(page, "w" * 78)
    sent(page, page.get_by_role("button").last)
    problems += too_wide(page)
    page.goto("/password-reset")
    fill_all(page, "w" * 78)
    sent(page, page.get_by_role("button").last)
    problems += too_wide(page)
    root = sign_in(page, world)
    day, one = tomorrow_at(10)[:10], f"{root}/bookings/{booking['id']}"
    start = tomorrow_at(11)
    waiting = [f"{root}/calendar?view={view}&day={day}" for view in ("day", "week", "month")]
    waiting += [f"{root}/bookings?email={'w' * 90}", f"{root}/webhooks/new", f"{one}/edit", one]
    waiting += [f"{root}/bookings/new?event_type={event_type['id']}&start={start}"]
    seen = {_kind(at) for at in waiting}
    looked = 0
    while waiting and looked < MOST_PAGES:
        page.goto(waiting.pop(0))
        looked += 1
        problems += too_wide(page)
        for link in page.evaluate(LINKS):
            to = urljoin(page.url, link)
            path = urlsplit(to).path
            is_page = path.startswith(root) and not path.endswith((".csv", ".svg", ".png"))
            if is_page and _kind(to) not in seen:
                seen.add(_kind(to))
                waiting.append(to)
    assert looked > 30, seen
    assert problems == [], "\n".join(problems)


def _kind(url: str) -> str:
    """Pages that differ in an id or in what they are asked for are one kind."""
    parts = urlsplit(url)
    names = sorted(part.partition("=")[0] for part in parts.query.split("&"))
    return re.sub(r"[a-z]+_[0-9A-Za-z]{20,}", "*", parts.path) + str(names)
