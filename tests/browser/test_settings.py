"""The settings of the console in a real browser: editors, secrets, keyboard, phone, no script."""

import re
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from kalends.domain.schedule import WEEKDAYS
from kalends.web.console.settings import organization
from kalends.web.console.settings.offers.event_type_sections import SECTIONS
from tests.browser.conftest import PHONE, Violations, Visits, sign_in
from tests.receivers import Receiver, receiving
from tests.web.pages.settings.clerks import Clerk
from tests.world import JSON, World

LOW_SCREEN = {"width": 1280, "height": 800}
# Its button sticks to the window while there is more below, so that the form's own end counts.
END_OF_FORM = "document.querySelector('.set-form').getBoundingClientRect().bottom + scrollY"
END_OF_PAGE = "document.querySelector('main').lastElementChild.getBoundingClientRect().bottom"
MONDAY = {"monday": [{"start": "09:00", "end": "12:00"}]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def stored(world: World, schedule: JSON) -> JSON:
    current: JSON = world.api.get(f"/api/v1/schedules/{schedule['id']}").json()["data"]
    return current


def test_the_week_is_edited_with_buttons(world: World, visit: Visits) -> None:
    schedule = world.create_schedule(availability=MONDAY)
    page = visit()
    page.goto(f"{sign_in(page, world)}/schedules/{schedule['id']}")
    expect(page.locator('[data-day="tuesday"]').get_by_text("Closed")).to_be_visible()
    page.get_by_role("button", name="Add hours on Monday").click()
    page.keyboard.type("13")
    page.keyboard.press("Tab")
    page.keyboard.type("24")
    page.get_by_role("button", name="Add hours on Monday").click()
    page.get_by_role("button", name="Remove these hours of Monday").last.click()
    page.get_by_role("button", name="Add hours on Tuesday").click()
    page.get_by_role("button", name="Same hours as on Monday").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    twice = [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "24:00"}]
    assert stored(world, schedule)["availability"] == {"monday": twice, "tuesday": twice}

    page.get_by_label("Open at all times").check()
    expect(page.locator(".set-week")).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    assert stored(world, schedule)["availability"] is None


def test_the_week_is_edited_without_javascript(world: World, visit: Visits) -> None:
    schedule = world.create_schedule(availability=MONDAY)
    page = visit(java_script_enabled=False, viewport=PHONE)
    page.goto(f"{sign_in(page, world)}/schedules/{schedule['id']}")
    page.locator('[name="availability.monday.0.start"]').fill("")
    page.locator('[name="availability.monday.0.end"]').fill("")
    page.locator('[name="availability.sunday.0.start"]').fill("22")
    page.locator('[name="availability.sunday.0.end"]').fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    night = [{"start": "22:00", "end": "02:00"}]
    assert stored(world, schedule)["availability"] == {"sunday": night}
    page.get_by_role("link", name="Who or what it is").click()
    page.locator("summary", has_text="Delete schedule").click()
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page.get_by_role("status").first).to_have_text("Deleted.")


def test_what_is_wrong_takes_the_keyboard_to_its_field(world: World, visit: Visits) -> None:
    page = visit()
    page.goto(f"{sign_in(page, world)}/schedules/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Room")
    page.get_by_text("Limits").click()
    page.get_by_label("Most bookings a day").fill("many")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Room")
    field = page.get_by_label("Most bookings a day")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("whole number"))


def test_a_service_is_made_and_filled_in_by_section(world: World, visit: Visits) -> None:
    for name in ("Ada", "Grace", "Room 7"):
        world.create_schedule(name=name)
    page = visit()
    page.goto(f"{sign_in(page, world)}/event-types/new")
    page.get_by_label("Name *").fill("Fitting")
    page.get_by_label("Grace").check()
    page.get_by_role("button", name="Create service").click()
    expect(page.get_by_role("status").first).to_contain_text("The service is there")
    sections = page.get_by_role("navigation", name="Fitting")
    sections.get_by_role("link", name="Who", exact=True).click()
    page.get_by_role("button", name="Add a group").click()
    page.locator("#requirements fieldset:visible").nth(1).get_by_label("Room 7").check()
    save(page)
    sections.get_by_role("link", name="Form").click()
    for label in ("Which size?", "Which colour?"):
        page.get_by_role("button", name="Add a question").click()
        page.keyboard.type(label)
    save(page)
    (made,) = world.api.get("/api/v1/event-types").json()["data"]
    assert [(r["count"], len(r["schedule_ids"])) for r in made["requirements"]] == [(1, 2), (1, 1)]
    assert [question["key"] for question in made["questions"]] == ["which_size", "which_colour"]
    preview = page.frame_locator(".set-preview iframe")
    expect(preview.get_by_label("Which size?")).to_be_visible()
    page.get_by_role("link", name="Open the booking page").click()
    expect(page.get_by_text("Fitting").first).to_be_visible()


def test_a_section_is_saved_without_javascript(world: World, visit: Visits) -> None:
    event_type = world.create_event_type(name="Cut")
    page = visit(java_script_enabled=False, viewport=PHONE)
    page.goto(f"{sign_in(page, world)}/event-types/{event_type['id']}/form")
    page.get_by_label("Question", exact=True).fill("Which size?")
    page.get_by_label("Kind of answer").select_option("select")
    page.get_by_label("Choices").fill("S\nL")
    save(page)
    page.get_by_role("link", name="Next: Messages").click()
    page.get_by_label("Reminders").fill("1d")
    save(page)
    made = world.api.get(f"/api/v1/event-types/{event_type['id']}").json()["data"]
    assert made["questions"][0]["options"] == ["S", "L"]
    assert made["reminders_minutes_before"] == [1440]


def test_each_section_fits_a_low_screen_with_its_button(world: World, visit: Visits) -> None:
    names, halves = ("Ada", "Grace", "Room 7", "Room 8"), [("09:00", "12:00"), ("13:00", "18:00")]
    week = {day: [{"start": a, "end": b} for a, b in halves] for day in WEEKDAYS}
    made = (world.create_schedule(name=name, availability=week) for name in names)
    ada, grace, *rooms = (schedule["id"] for schedule in made)
    event_type = world.create_event_type(
        name="First consultation", description="An hour to get to know you.",
        location_type="video", cancellation_notice_minutes=60, capacity=2,
        requirements=[{"count": 1, "schedule_ids": ids} for ids in ([ada, grace], rooms)],
        questions=[{"key": key, "label": f"Which {key}?"} for key in ("size", "colour")],
    )  # fmt: skip
    page = visit(viewport=LOW_SCREEN)
    root = sign_in(page, world)
    parts = [*(section.page for section in SECTIONS), "/languages/de"]
    service = [f"/event-types/{event_type['id']}{part}" for part in parts]
    settings = [*(section.path for section in organization.SECTIONS), "/settings/video"]
    too_high = []
    schedule = [f"/schedules/{ada}", f"/schedules/{ada}/about", "/schedules/new"]
    others = ("/event-types/new", "/notifications", "/messages/new", "/calendars", "/integrations")
    for path in (*service, *settings, *schedule, *others):
        page.goto(root + path)
        end = page.evaluate(END_OF_FORM)
        too_high += [(path, end)] if end > LOW_SCREEN["height"] else []
    for path in (f"{service[0]}/share", f"{service[0]}/times", f"{schedule[0]}/times", "/keys"):
        page.goto(root + path)
        end = page.evaluate(END_OF_PAGE)
        too_high += [(path, end)] if end > LOW_SCREEN["height"] else []
    assert too_high == []


def test_what_few_need_is_open_where_it_is_set_or_wrong(world: World, visit: Visits) -> None:
    event_type = world.create_event_type(name="Cut")
    page = visit(java_script_enabled=False)
    page.goto(f"{sign_in(page, world)}/event-types/{event_type['id']}")
    address = page.get_by_label("Address")
    expect(address).to_be_hidden()
    page.get_by_text("Its address, and who finds it").click()
    address.fill("No slug")
    page.get_by_role("button", name="Save").click()
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_be_visible()
    address.fill("cut")
    page.get_by_label("Who finds it").select_option("unlisted")
    save(page)
    expect(address).to_be_visible()


def test_many_questions_are_closed_but_for_what_is_wrong(world: World, visit: Visits) -> None:
    questions = [{"key": f"q{n}", "label": f"Question {n}?"} for n in range(3)]
    event_type = world.create_event_type(name="Cut", questions=questions)
    page = visit()
    page.goto(f"{sign_in(page, world)}/event-types/{event_type['id']}/form")
    labels = page.get_by_label("Question", exact=True)
    expect(labels.filter(visible=True)).to_have_count(0)
    page.get_by_text("Question 1?").click()
    page.locator('[name="questions.1.type"]').select_option("select")
    page.get_by_role("button", name="Save").click()
    expect(labels.filter(visible=True)).to_have_value("Question 1?")
    page.get_by_role("button", name="Remove question").filter(visible=True).click()
    expect(page.locator("#questions summary", has_text="Question 2?")).to_be_focused()
    save(page)
    made = world.api.get(f"/api/v1/event-types/{event_type['id']}").json()["data"]
    assert [question["key"] for question in made["questions"]] == ["q0", "q2"]


def test_a_mail_is_shown_as_it_looks_and_runs_nothing(world: World, visit: Visits) -> None:
    world.api.patch("/api/v1/organization", json={"accent_color": "#8a2b5f"})
    event_type = world.create_event_type(name="Cut")
    body = {"kind": "confirmed", "audience": "attendee", "locale": "en", "body": "**See** you."}
    assert world.api.post("/api/v1/message-templates", json=body).status_code == 201
    page = visit(viewport=PHONE)
    page.goto(f"{sign_in(page, world)}/event-types/{event_type['id']}/messages")
    mail = page.frame_locator("iframe.set-letter")
    expect(mail.locator("strong")).to_have_text("See")
    expect(mail.locator("a.button")).to_have_css("background-color", "rgb(138, 43, 95)")
    assert page.locator("iframe.set-letter").get_attribute("sandbox") == ""


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")


def test_an_explained_refusal_links_to_its_obstacle(world: World, visit: Visits) -> None:
    schedule = world.create_schedule(name="Room 7")
    busy = {"start_time": "2030-07-01T10:00:00Z", "end_time": "2030-07-01T11:00:00Z"}
    world.api.post(f"/api/v1/schedules/{schedule['id']}/busy-times", json=busy)
    page = visit(viewport=PHONE)
    page.goto(f"{sign_in(page, world)}/schedules/{schedule['id']}/times")
    page.get_by_text("Why is this time not offered?").click()
    page.get_by_label("Day").fill("2030-07-01")
    page.get_by_label("Time", exact=True).fill("10:30")
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("link", name="A busy time").click()
    expect(page.locator("li:target")).to_contain_text("Busy")


def test_a_secret_is_shown_until_the_page_is_loaded_again(
    world: World, visit: Visits, receiver: Receiver
) -> None:
    page = visit()
    page.goto(f"{sign_in(page, world)}/webhooks/new")
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("textbox", name="The secret that signs")).to_have_value(
        re.compile("^whsec_")
    )
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").first).to_contain_text("The test was taken")
    expect(page.get_by_role("textbox", name="The secret that signs")).to_have_count(0)


def test_no_page_of_the_settings_has_a_violation(
    world: World, visit: Visits, violations: Violations, receiver: Receiver
) -> None:
    schedule = world.create_schedule(availability=MONDAY, overrides={"2030-01-01": []})
    event_type = world.create_event_type(
        schedule_id=schedule["id"], questions=[{"key": "size", "label": "Size?"}]
    )
    hook = world.api.post("/api/v1/webhooks", json={"url": receiver.url}).json()["data"]
    world.api.post(f"/api/v1/webhooks/{hook['id']}/test")
    world.book(world.create_schedule())
    Clerk(world).submit("/integrations", apiKey="cal_some_key", baseUrl=receiver.url)
    a_schedule, an_event_type = f"/schedules/{schedule['id']}", f"/event-types/{event_type['id']}"
    page = visit(viewport=PHONE, reduced_motion="reduce")
    root = sign_in(page, world)
    problems: list[str] = []
    for path in (
        "/schedules",
        a_schedule,
        f"{a_schedule}/about",
        f"{a_schedule}/exceptions",
        f"{a_schedule}/times?day=2030-01-01&time=9",
        f"{a_schedule}/feed",
        "/event-types",
        "/event-types/new",
        *(f"{an_event_type}{section.page}" for section in SECTIONS),
        f"{an_event_type}/languages",
        f"{an_event_type}/times",
        "/webhooks",
        f"/webhooks/{hook['id']}",
        "/integrations",
        "/keys",
        "/users",
        *(section.path for section in organization.SECTIONS),
        "/events",
        "/api",
        "/mail",
    ):
        page.goto(root + path)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
        problems += violations(page)
    page.goto(f"{root}/mail")
    page.locator("a.set-name").first.click()
    page.wait_for_url("**/mail/mail_*")
    problems += violations(page)
    page.goto(f"{root}/schedules/new")
    page.get_by_text("Limits").click()
    page.get_by_label("Most bookings a day").fill("many")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_be_focused()
    assert problems + violations(page) == []


def test_an_invited_user_comes_in_by_the_link(world: World, visit: Visits) -> None:
    email = f"new-{uuid.uuid4().hex[:8]}@example.test"
    page = visit()
    root = sign_in(page, world)
    page.goto(f"{root}/users")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send invitation").click()
    page.goto(f"{root}/mail")
    page.locator("tr", has_text=email).locator("a").click()
    address = page.locator('a[href*="/invitations/"]').get_attribute("href")
    assert address
    guest = visit()
    guest.goto(urlsplit(address).path)
    guest.get_by_label("New password").fill(world.password)
    guest.keyboard.press("Enter")
    expect(guest.get_by_role("heading", level=1)).to_have_text("You are signed in")
    guest.goto(f"{root}/schedules")
    nav = guest.get_by_role("navigation", name="Console")
    expect(nav.get_by_role("link", name="Team")).to_be_visible()
    expect(nav.get_by_role("link", name="For developers")).to_have_count(0)
