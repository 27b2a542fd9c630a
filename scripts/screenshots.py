"""Makes the pictures of the pages in docs/images: `python scripts/screenshots.py [FOLDER]`.

Starts a Kalends of its own in a temporary folder, with a small practice in it, and looks at it
with Debian's Chromium (`apt-get install chromium-headless-shell`, or `chromium`), on a phone and a
desktop, light and dark, from left to right and from right to left.
"""

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import ARGUMENTS, PROGRAMS  # noqa: E402
from tests.servers import Server  # noqa: E402
from tests.world import Api  # noqa: E402

ADMIN: Final = "ada@example.com"
PASSWORD: Final = "correct horse battery"
GUESTS: Final = (
    ("Grace Hopper", "consultation", 0, "09:00"),
    ("Alan Turing", "follow-up", 0, "11:30"),
    ("Katherine Johnson", "consultation", 1, "10:00"),
    ("Edsger Dijkstra", "follow-up", 1, "15:15"),
    ("Radia Perlman", "consultation", 2, "09:30"),
    ("Barbara Liskov", "consultation", 2, "16:00"),
    ("Donald Knuth", "consultation", 3, "11:00"),
)
# So many tell text and shades of a page apart, and make a third of the file.
COLOURS: Final = 128
SIZES: Final = {"phone": (390, 844), "desktop": (1200, 800)}
OFFICE: Final = [{"start": "09:00", "end": "12:30"}, {"start": "14:00", "end": "18:00"}]
WEEK: Final = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), OFFICE)
QUESTIONS: Final = [
    {"key": "reason", "label": "What brings you here?", "type": "textarea", "required": True},
    {"key": "first", "label": "Is this your first visit?", "type": "boolean", "required": True},
]
ANSWERS: Final = {"reason": "Back pain", "first": True}
CONSULTATION: Final = {
    "name": "First consultation",
    "slug": "consultation",
    "description": "An hour to get to know you and what troubles you. Please bring earlier "
    "findings, if you have any.",
    "duration_minutes": 60,
    "slot_step_minutes": 30,
    "location": "Lindenstraße 12, Berlin",
    "location_type": "in_person",
    "requires_confirmation": False,
    "questions": QUESTIONS,
    "reminders_minutes_before": [1440],
    "translations": {
        "ar": {
            "name": "الاستشارة الأولى",
            "description": "ساعة للتعرف عليك وعلى ما يزعجك. يُرجى إحضار نتائج الفحوص السابقة.",
        }
    },
}
FOLLOW_UP: Final = {
    "name": "Follow-up by video",
    "slug": "follow-up",
    "description": "Questions about results, prescriptions and what comes next.",
    "duration_minutes": 25,
    "location_type": "video",
    "requires_confirmation": False,
}
COURSE: Final = {
    "name": "Back training in a group",
    "slug": "training",
    "duration_minutes": 75,
    "slot_step_minutes": 120,
    "capacity": 8,
    "location": "Studio, ground floor",
    "location_type": "in_person",
    "requires_confirmation": False,
}


@dataclass(frozen=True)
class Shot:
    """A picture: how the page is come to, whether all of it is shown or a window's worth, and the
    language of the browser."""

    name: str
    open: Callable[[Page], None]
    is_whole: bool = True
    locale: str = "en-GB"


def open_list(page: Page) -> None:
    page.goto("/morgenlicht")


def open_times(page: Page) -> None:
    page.goto("/morgenlicht/consultation")
    page.get_by_role("link", name="Next month").click()
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)


def open_in_arabic(page: Page) -> None:
    page.goto("/morgenlicht/consultation")
    page.wait_for_load_state("networkidle")


def open_group(page: Page) -> None:
    page.goto("/morgenlicht/training")
    page.wait_for_load_state("networkidle")


def open_form(page: Page) -> None:
    open_times(page)
    page.locator("#times button").last.click()
    page.wait_for_url("**/book?**")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("What brings you here?").fill("A moth in my relay")


def open_faults(page: Page) -> None:
    open_form(page)
    page.get_by_label("E-mail").fill("grace")
    page.locator("form.details").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Book now").click()
    page.wait_for_selector("#problem")


def open_booked(page: Page) -> None:
    open_form(page)
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Book now").click()
    page.wait_for_url("**/booking/**")


def open_move(page: Page) -> None:
    open_booked(page)
    page.get_by_role("link", name="Reschedule").click()


def open_cancelled(page: Page) -> None:
    open_booked(page)
    page.get_by_text("Cancel booking").click()
    page.get_by_label("Reason").fill("I found the moth")
    page.get_by_role("button", name="Yes, cancel it").click()


def sign_in(page: Page) -> None:
    page.goto("/console")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/morgenlicht**")


def open_calendar(page: Page) -> None:
    sign_in(page)
    page.goto(f"/console/morgenlicht/calendar?view=week&day={next_monday()}")


def open_service(page: Page) -> None:
    sign_in(page)
    page.goto("/console/morgenlicht/event-types")
    page.get_by_role("link", name="First consultation", exact=True).click()
    page.get_by_role("link", name="Form", exact=True).click()
    page.wait_for_load_state("networkidle")


def open_mail(key: str, page: Page) -> None:
    """The confirmation of an attendee, as a mail program shows its HTML."""
    sign_in(page)
    page.goto("/console/morgenlicht/event-types")
    page.get_by_role("link", name="First consultation", exact=True).click()
    event_type_id = page.url.partition("?")[0].rpartition("/")[2]
    asked = {"kind": "confirmed", "audience": "attendee", "event_type_id": event_type_id}
    answer = page.request.post(
        "/api/v1/message-templates/preview",
        data=asked,
        headers={"authorization": f"Bearer {key}"},
    )
    page.goto("about:blank")  # whose policy lets mail have its styles
    page.set_content(answer.json()["data"]["html"])


def open_schedule(page: Page) -> None:
    sign_in(page)
    page.goto("/console/morgenlicht/schedules")
    page.get_by_role("link", name="Dr. Ada Klein").first.click()


def next_monday() -> date:
    today = date.today()
    return today + timedelta(days=7 - today.weekday())


SHOTS: Final = (
    Shot("list", open_list),
    Shot("times", open_times),
    Shot("group", open_group),
    Shot("form", open_form),
    Shot("faults", open_faults),
    Shot("booked", open_booked),
    Shot("move", open_move),
    Shot("cancelled", open_cancelled),
    Shot("calendar", open_calendar, is_whole=False),
    Shot("schedule", open_schedule),
    Shot("service", open_service, is_whole=False),
    Shot("arabic", open_in_arabic, locale="ar"),
)
# What the README shows; all there are, in every size and scheme, where a folder is named.
README: Final = frozenset(
    {
        ("times", "desktop", "light"),
        ("form", "phone", "light"),
        ("booked", "phone", "dark"),
        ("arabic", "phone", "light"),
        ("mail", "phone", "light"),
        ("calendar", "desktop", "light"),
        ("service", "desktop", "light"),
    }
)


def main() -> None:
    named = sys.argv[1:]
    folder = Path(named[0]) if named else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with practice() as (server, key), sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        shots = (*SHOTS, Shot("mail", partial(open_mail, key)))
        for shot, size, scheme in itertools.product(shots, SIZES, ("light", "dark")):
            if named or (shot.name, size, scheme) in README:
                take(browser, server, shot, size, scheme, folder)
        browser.close()


def take(
    browser: Browser, server: Server, shot: Shot, size: str, scheme: Any, folder: Path
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        base_url=server.url,
        timezone_id="Europe/Berlin",
        locale=shot.locale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    shot.open(page)
    page.evaluate("document.activeElement?.blur()")
    picture = page.screenshot(full_page=shot.is_whole)
    context.close()
    write_small(picture, folder / f"{shot.name}-{size}-{scheme}.png")


def write_small(picture: bytes, path: Path) -> None:
    """The picture in few colours."""
    with Image.open(BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


@contextmanager
def practice() -> Iterator[tuple[Server, str]]:
    """A server with an organization that has something to book, and its key."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "KALENDS_DATA_DIR": f"{folder}/data",
            "KALENDS_RATE_LIMIT_PAGE_ADDRESS": "none",
            "KALENDS_RATE_LIMIT_PAGE_SCHEDULE": "none",
        }
        key = set_up(environment)
        with Server(environment, Path(folder) / "server.log") as server:
            fill(Api(server.url, key))
            yield server, key


def set_up(environment: dict[str, str]) -> str:
    """The key of a new organization."""
    command = [
        *(sys.executable, "-m", "kalends", "init", "--organization", "Praxis Morgenlicht"),
        *("--admin-email", ADMIN, "--admin-password", PASSWORD),
        "--json",
    ]
    done = subprocess.run(command, env={**environment}, capture_output=True, check=True)
    key: str = json.loads(done.stdout)["api_key"]
    return key


def fill(api: Api) -> None:
    api.patch(
        "/api/v1/organization", json={"slug": "morgenlicht", "timezone": "Europe/Berlin"}
    ).raise_for_status()
    schedule = {"name": "Dr. Ada Klein", "timezone": "Europe/Berlin", "availability": WEEK}
    made = api.post("/api/v1/schedules", json=schedule).raise_for_status().json()["data"]
    ids = {}
    for event_type in (CONSULTATION, FOLLOW_UP, COURSE):
        body = event_type | {"schedule_id": made["id"]}
        answer = api.post("/api/v1/event-types", json=body).raise_for_status()
        ids[event_type["slug"]] = answer.json()["data"]["id"]
    for name, slug, day, time in GUESTS:
        start = datetime.fromisoformat(f"{next_monday() + timedelta(days=day)}T{time}")
        body = {
            "event_type_id": ids[slug],
            "start_time": start.replace(tzinfo=ZoneInfo("Europe/Berlin")).isoformat(),
            "attendee": {"name": name, "email": f"{name.split()[0].lower()}@example.com"},
            "answers": ANSWERS if slug == "consultation" else {},
        }
        api.post("/api/v1/bookings", json=body).raise_for_status()


if __name__ == "__main__":
    main()
