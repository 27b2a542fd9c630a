"""One real browser and one real server for all tests that look at pages."""

import os
import shutil
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Page,
    expect,
    sync_playwright,
)

from tests.servers import Server
from tests.web.pages.visitors import slug_of
from tests.world import World

CHROMIUM = "/usr/bin/chromium"
# The shell is the same engine without windows of its own: a page takes a fifth of the CPU.
PROGRAMS = ("chromium-headless-shell", "chromium", CHROMIUM)
MISSING = (
    "There is no Chromium to look at pages with. On Debian: apt-get install chromium-headless-shell"
)
# The first of them keeps the frame of a page for the next page of the site, which takes a quarter
# less CPU than a new one; the others are those that Playwright disables, whose list this replaces.
DISABLED = (
    "RenderDocument", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose",
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter",
    "PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch",
)  # fmt: skip
# Nothing of it asks anything of the network; letters are drawn in one colour, by one thread.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-lcd-text", "--num-raster-threads=1", f"--disable-features={','.join(DISABLED)}",
]  # fmt: skip
PATIENCE_MS = 60_000
PHONE = {"width": 390, "height": 844}
OPEN_ALL = "(all) => document.querySelectorAll(all).forEach((one) => { one.open = true; })"
# What it finds, in the page: all that it has looked at would take half as long again to send.
RUN_AXE = """async (options) => {
  const { violations } = await axe.run(options);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.html.slice(0, 150)} ${JSON.stringify(node.any.slice(0, 1))}`));
}"""


@pytest.fixture(scope="package")
def browser(server: Server) -> Iterator[Browser]:
    """Debian's Chromium. It depends on the server, which has to be there before a loop runs."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    expect.set_options(timeout=PATIENCE_MS)  # else 5 s, which a busy machine reaches
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visits(Protocol):
    def __call__(self, **options: Any) -> Page: ...


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visits]:
    """Opens windows of new visitors, in New York by default. Whatever a page does that
    its own policy forbids, or throws, fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_window(**options: Any) -> Page:
        # Without transitions: a colour half way to another one is nobody's contrast.
        given: dict[str, Any] = {
            "locale": "en-US",
            "timezone_id": "America/New_York",
            "base_url": server.url,
            "reduced_motion": "reduce",
        }
        context = browser.new_context(**{**given, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        _listen(page, faults)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert faults == []


def _listen(page: Page, faults: list[str]) -> None:
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    page.on("console", lambda line: faults.extend(_broken_policy(line.text)))


def _broken_policy(line: str) -> list[str]:
    """What a page does against its own policy; not that another may not show it in a frame."""
    is_fault = "Content Security Policy" in line and "frame-ancestors" not in line
    return [line] if is_fault else []


def choose_day(page: Page | FrameLocator, day: str) -> None:
    """Presses a day of a booking page that shows the current month: it may be in the next one."""
    link = page.locator(f'a.day[href*="day={day}"]')
    if link.count() == 0:
        page.get_by_role("link", name="Next month").click()
    link.click()


def sign_in(page: Page, world: World) -> str:
    """Signs in as the owner without the form, and where the organization's console is."""
    typed = {"email": world.setup.admin_email, "password": world.password}
    answer = page.request.post("/api/auth/login", data=typed)
    assert answer.ok, answer.text()
    return f"/console/{slug_of(world)}"


def open_all(page: Page, within: str = "body") -> None:
    """Unfolds whatever can be unfolded there."""
    page.evaluate(OPEN_ALL, f"{within} details")


class Violations(Protocol):
    def __call__(self, page: Page, *, only_light: bool = False) -> list[str]: ...


@pytest.fixture(scope="package")
def violations() -> Violations:
    """What axe-core finds on a page, each as a line."""
    from axe_playwright_python.sync_playwright import Axe

    script = Axe().axe_script

    def run(page: Page, **options: Any) -> list[str]:
        found = page.evaluate(RUN_AXE, {"resultTypes": ["violations"], **options})
        return [f"{page.url} {line}" for line in found]

    def find(page: Page, *, only_light: bool = False) -> list[str]:
        """All rules on the light page; on the dark one what depends on colours."""
        page.emulate_media(color_scheme="light")
        page.evaluate(script)
        problems = run(page)
        if only_light:
            return problems
        page.emulate_media(color_scheme="dark")
        return problems + run(page, runOnly=["color-contrast", "link-in-text-block"])

    return find
