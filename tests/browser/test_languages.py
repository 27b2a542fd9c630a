"""Pages in Arabic, in a browser: from right to left, and no wider than a phone."""

from collections.abc import Iterator
from typing import Final

from playwright.sync_api import Page, expect

from kalends.translation import languages
from kalends.web.console.settings.offers.event_type_sections import SECTIONS
from tests.browser.conftest import Violations, Visits, open_all
from tests.browser.test_booking import choose
from tests.browser.test_widths import TOO_WIDE
from tests.web.pages.visitors import Browser as Visitor
from tests.web.pages.visitors import offered, slug_of
from tests.world import JSON, World, tomorrow_at

PHONE: Final = {"width": 320, "height": 640}
# Names of ours in Greek, so that Latin words are the program's.
NAME: Final = "Κούρεμα"
CONSOLE: Final = (
    *("calendar?view=day", "calendar?view=week", "calendar?view=month", "bookings"),
    *("bookings/new", "charts", "event-types", "event-types/new", "schedules"),
    *(f"event-types/{{event_type}}{section.page}" for section in SECTIONS),
    *("schedules/{schedule}", "schedules/{schedule}/about", "schedules/{schedule}/exceptions"),
    *("webhooks/new", "mail"),
    *("integrations", "keys", "users", "settings", "settings/looks", "settings/region"),
    *("settings/notices", "settings/staff", "events", "api", "language", "bookings/{booking}"),
)


def salon(world: World) -> tuple[str, JSON]:
    """An event type that asks, and its path; a booking in the console's calendar."""
    schedule = world.create_schedule(name=NAME)
    questions: list[JSON] = [
        {"key": "why", "label": NAME, "type": "textarea"},
        {"key": "sure", "label": NAME, "type": "boolean", "required": True},
        {"key": "c", "label": NAME, "type": "consent", "required": True},
    ]
    path, event_type = offered(
        world, schedule=schedule, name=NAME, slug="koyrema", description=NAME, location=NAME,
        location_type="in_person", questions=questions, capacity=3, requires_confirmation=True,
    )  # fmt: skip
    booking = world.book(schedule, tomorrow_at(15), title=NAME, attendee=named())
    return path, {
        "event_type": event_type["id"],
        "schedule": schedule["id"],
        "booking": booking["id"],
    }


def named() -> JSON:
    return {"name": "Άντα", "email": "ada@example.com"}


def sign_in(page: Page, world: World) -> None:
    page.goto("/console/sign-in")
    page.locator("[name=email]").fill(world.setup.admin_email)
    page.locator("[name=password]").fill(world.password)
    page.locator("form button").last.click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def pages_of(page: Page, world: World, path: str) -> Iterator[str]:
    """Opens each page that an attendee comes by, up to a booking; the name of each."""
    for at in (path.rpartition("/")[0], path, f"{path}/none"):
        page.goto(at)
        yield at
    page.goto(f"{path}?day={tomorrow_at(10)[:10]}")
    yield "times"
    choose(page, tomorrow_at(11))
    yield "form"
    page.evaluate("document.querySelectorAll('form').forEach((one) => { one.noValidate = true; })")
    page.locator("form button:not([formaction])").last.click()
    expect(page.locator(".wrong").first).to_be_visible()
    yield "form with faults"
    page.locator("[name=name]").fill("Άντα")
    page.locator("[name=email]").fill("ada@example.com")
    page.locator('[name="answer.sure"]').first.check()
    page.locator('[name="answer.c"]').check()
    page.locator("form button:not([formaction])").last.click()
    page.wait_for_url("**/booking/**")
    yield "booking"
    page.goto(f"{page.url.partition('?')[0]}/reschedule?day={tomorrow_at(10)[:10]}")
    yield "move"


def console_of(page: Page, world: World, ids: JSON) -> Iterator[str]:
    for name in CONSOLE:
        page.goto(f"/console/{slug_of(world)}/{name.format(**ids)}")
        yield name


def test_arabic_pages_run_from_right_to_left_and_fit_a_phone(
    world: World, visit: Visits, violations: Violations
) -> None:
    path, _ = salon(world)
    page = visit(locale="ar-EG", viewport=PHONE)
    problems: list[str] = []
    for _ in pages_of(page, world, path):
        assert page.locator("html").get_attribute("dir") == "rtl"
        open_all(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        problems += filter(None, [page.evaluate(TOO_WIDE)])
    assert problems == []
    assert violations(page) == []


def test_the_arabic_console_fits_a_phone(world: World, visit: Visits) -> None:
    _, ids = salon(world)
    page = visit(locale="ar", viewport=PHONE)
    sign_in(page, world)
    problems: list[str] = []
    for name in console_of(page, world, ids):
        assert page.locator("html").get_attribute("dir") == "rtl"
        open_all(page)
        problems += [f"{name}: {wide}" for wide in [page.evaluate(TOO_WIDE)] if wide]
    assert problems == []


def test_pages_in_each_language_are_for_everybody(
    world: World, visit: Visits, violations: Violations
) -> None:
    path, _ = offered(world, name=NAME, description=NAME, location=NAME, location_type="in_person")
    problems: list[str] = []
    for hour, language in enumerate(sorted(languages())):
        page = visit(locale=language, viewport=PHONE)
        page.goto(path)
        problems += violations(page, only_light=True)
        with Visitor(world.url, **{"accept-language": language}) as visitor:
            mine = visitor.book(path, tomorrow_at(hour), name=NAME)
        page.goto(f"{mine.url.path}?booked=1")
        assert page.locator("html").get_attribute("lang") == language
        problems += violations(page, only_light=True)
    assert problems == []
