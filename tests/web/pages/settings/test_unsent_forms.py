"""A form that is sent after its session has ended comes back to its user, and to nobody else."""

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

import kalends.web.pages
from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.services.users.unsent_forms import LARGEST_BYTES, MOST_OF_A_USER
from kalends.web.pages.forms import FormFields
from kalends.web.pages.unsent import SECRET_FIELDS, typed_in
from tests.conftest import PASSWORD
from tests.web.pages.settings.clerks import Clerk, clerk_of, fields_in
from tests.web.pages.visitors import slug_of
from tests.world import World

NOTICES = "/settings/notices"
TYPED = "a@b.example\nc@d.example"
NOT_SAVED = "You had been signed out, so what you typed is not saved yet"
SIGN_IN = "/console/sign-in"


def sign_out(clerk: Clerk) -> None:
    """Ends the session, as another tab of the browser may do."""
    token = fields_in(clerk.open("/settings"), SIGN_IN.replace("in", "out"))["form_token"]
    assert clerk.post("/console/sign-out", data={"form_token": token}).status_code == 303


def sign_in(browser: httpx.Client, at: httpx.Response, email: str) -> httpx.Response:
    """From where a form was led to, to where the sign-in leads."""
    given = {"email": email, "password": PASSWORD}
    answer = browser.post(at.headers["location"], data=given)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"])


def sent_too_late(clerk: Clerk, path: str = NOTICES, **typed: Any) -> httpx.Response:
    """Where the form leads whose session ends while it is filled in."""
    page = clerk.open(path)
    sign_out(clerk)
    return clerk.fill_in(page, path, **(typed or {"more_notify_emails": TYPED}))


def test_who_signs_in_again_finds_what_was_typed(world: World) -> None:
    clerk, before = Clerk(world), world.api.get("/api/v1/organization").json()["data"]
    led = sent_too_late(clerk)
    assert "Sign in to find what you typed again." in clerk.get(led.headers["location"]).text
    page = sign_in(clerk, led, clerk.email)
    assert page.status_code == 200
    assert fields_in(page, clerk.root + NOTICES)["more_notify_emails"] == TYPED
    assert page.text.count(NOT_SAVED) == 1
    assert "Something does not fit" not in page.text
    assert world.api.get("/api/v1/organization").json()["data"] == before


def test_what_was_shown_again_can_be_saved_and_is_then_forgotten(world: World) -> None:
    clerk = Clerk(world)
    page = sign_in(clerk, sent_too_late(clerk), clerk.email)
    assert "done=saved" in clerk.fill_in(page, NOTICES).headers["location"]
    kept = world.api.get("/api/v1/organization").json()["data"]["notify_emails"]
    assert kept[1:] == TYPED.split("\n")
    assert NOT_SAVED not in clerk.follow(clerk.get(str(page.url))).text


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/event-types/new", {"name": "Much to think about"}),
        ("/schedules/new", {"name": "Much to think about"}),
        ("/webhooks/new", {"description": "Much to think about"}),
        ("/keys", {"name": "Much to think about"}),
        ("/users", {"email": "Much to think about"}),
        ("/messages/new", {"subject": "Much to think about"}),
        ("/settings", {"name": "Much to think about"}),
        ("/calendars", {"url": "Much to think about"}),
        ("/event-types/{event_type}/form", {"questions.0.label": "Much to think about"}),
        ("/event-types/{event_type}/languages/fr", {"name": "Much to think about"}),
        ("/schedules/{schedule}/about", {"description": "Much to think about"}),
    ],
)
def test_every_kind_of_form_comes_back(world: World, path: str, typed: dict[str, str]) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    path = path.format(schedule=schedule["id"], event_type=event_type["id"])
    clerk = Clerk(world)
    page = sign_in(clerk, sent_too_late(clerk, path, **typed), clerk.email)
    assert page.status_code == 200
    (name,) = typed
    assert fields_in(page, clerk.root + path)[name] == typed[name]
    assert NOT_SAVED in page.text


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("cancel", {"reason": "The doctor is ill"}),
        ("edit", {"name": "Ada", "email": "ada@example.com", "notes": "The doctor is ill"}),
    ],
)
def test_forms_about_a_booking_come_back(world: World, action: str, typed: dict[str, str]) -> None:
    booking, clerk = world.book(world.create_schedule()), Clerk(world)
    token = fields_in(clerk.open("/settings"), clerk.root + "/settings")["form_token"]
    sign_out(clerk)
    path = f"{clerk.root}/bookings/{booking['id']}/{action}"
    led = clerk.post(path, data={**typed, "form_token": token, "seen": "1"})
    page = sign_in(clerk, led, clerk.email)
    assert page.status_code == 200
    assert "The doctor is ill" in page.text
    assert "This is not saved yet" not in page.text
    assert NOT_SAVED in page.text
    assert world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"] == booking


def test_decisions_about_an_absence_come_back(world: World) -> None:
    schedule, clerk = world.create_schedule(), Clerk(world)
    booking = world.book(schedule)
    times = {"start_time": booking["start_time"], "end_time": booking["end_time"]}
    entered = world.api.post(f"/api/v1/schedules/{schedule['id']}/absences", json=times)
    absence = entered.json()["data"]
    path = f"/absences/{absence['id']}/resolve"
    page = clerk.open(path.removesuffix("/resolve"))
    assert fields_in(page, clerk.root + path)["do.0"] == "offer"
    sign_out(clerk)
    again = sign_in(clerk, clerk.fill_in(page, path, do__0="cancel"), clerk.email)
    assert fields_in(again, clerk.root + path)["do.0"] == "cancel"
    assert "could not be settled" not in again.text
    assert "done=settled" in clerk.fill_in(again, path).headers["location"]


def test_what_was_corrected_before_it_was_saved_is_forgotten(world: World) -> None:
    clerk = Clerk(world)
    page = sign_in(clerk, sent_too_late(clerk, more_notify_emails="no address"), clerk.email)
    wrong = clerk.fill_in(page, NOTICES)
    assert wrong.status_code == 422
    saved = clerk.fill_in(wrong, NOTICES, more_notify_emails=TYPED)
    assert "done=saved" in saved.headers["location"]
    assert NOT_SAVED not in clerk.follow(clerk.get(str(page.url))).text


def test_pages_that_anybody_may_see_show_nothing_unsent(world: World) -> None:
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"])
    booking_page = f"/{slug_of(world)}/{event_type['slug']}"
    for path in (SIGN_IN, booking_page):
        assert httpx.get(f"{world.url}{path}?unsent={'0' * 32}").status_code == 200


@pytest.mark.parametrize("slug", ["x%0Ay", "%E2%82%AC", "%5Cevil.example"])
def test_a_path_of_any_characters_leads_back_to_itself(world: World, slug: str) -> None:
    clerk, path = Clerk(world), f"/console/{slug}{NOTICES}"
    assert clerk.get(f"{path}?unsent={'0' * 32}").headers["location"] == path
    form = fields_in(clerk.open(NOTICES), clerk.root + NOTICES)
    sign_out(clerk)
    clerk.post("/api/auth/login", json={"email": clerk.email, "password": PASSWORD})
    assert clerk.post(path, data=form).headers["location"].startswith(f"{path}?unsent=")


def test_another_user_of_the_browser_does_not_see_it(home: Installation, world: World) -> None:
    clerk, other = Clerk(world), clerk_of(home, world, Role.ADMIN)
    led = sent_too_late(clerk)
    page = sign_in(clerk, led, other.email)
    assert page.status_code == 303
    page = clerk.get(page.headers["location"])
    assert page.status_code == 200
    assert "a@b.example" not in page.text
    assert NOT_SAVED not in page.text


def test_a_form_of_the_session_before_comes_back_without_a_sign_in(world: World) -> None:
    clerk = Clerk(world)
    page = clerk.open(NOTICES)
    sign_out(clerk)
    clerk.post("/api/auth/login", json={"email": clerk.email, "password": PASSWORD})
    again = clerk.follow(clerk.fill_in(page, NOTICES, more_notify_emails=TYPED))
    assert fields_in(again, clerk.root + NOTICES)["more_notify_emails"] == TYPED
    assert NOT_SAVED in again.text


def test_a_form_of_another_users_session_is_refused(home: Installation, world: World) -> None:
    clerk, other = Clerk(world), clerk_of(home, world, Role.ADMIN)
    foreign = other.open(NOTICES)
    refused = clerk.fill_in(foreign, NOTICES, more_notify_emails=TYPED)
    assert refused.status_code == 403
    assert "a@b.example" not in refused.text


def planted(world: World, clerk: Clerk, token: str, **headers: str) -> httpx.Response:
    """What a page of another site has a browser send, which has no session there."""
    path = f"{clerk.root}{NOTICES}"
    fields = {"more_notify_emails": "evil@evil.example", "form_token": token}
    return httpx.post(f"{world.url}{path}", data=fields, headers={"accept": "text/html", **headers})


def test_a_form_without_our_stamp_is_not_kept(world: World) -> None:
    clerk = Clerk(world)
    own = str(fields_in(clerk.open(NOTICES), clerk.root + NOTICES)["form_token"])
    of_session, _, stamp = own.partition(".")
    for token in ("", "x", f"{of_session}.", f"{of_session}.{stamp[:-8]}AAAAAAA=", f".{'A' * 80}"):
        assert planted(world, clerk, token).headers["location"] == SIGN_IN
    foreign = {"origin": "https://evil.example"}
    assert planted(world, clerk, own, **foreign).headers["location"] == SIGN_IN
    foreign = {"sec-fetch-site": "cross-site"}
    assert planted(world, clerk, own, **foreign).headers["location"] == SIGN_IN
    assert planted(world, clerk, own).headers["location"] != SIGN_IN


def test_what_somebody_plants_with_an_own_stamp_stays_the_own(
    home: Installation, world: World
) -> None:
    victim, evil = Clerk(world), clerk_of(home, world, Role.ADMIN)
    token = str(fields_in(evil.open(NOTICES), evil.root + NOTICES)["form_token"])
    led = planted(world, victim, token)
    assert led.headers["location"] != SIGN_IN
    page = victim.get(victim.follow(led).headers["location"])
    assert "evil@evil.example" not in victim.follow(page).text


def test_each_tab_finds_its_own_form(world: World) -> None:
    clerk = Clerk(world)
    tabs = [(clerk.open(path), path) for path in (NOTICES, NOTICES, "/settings")]
    sign_out(clerk)
    typed = [{"notify_email": "one@a.example"}, {"notify_email": "two@a.example"}, {"name": "New"}]
    led = [
        clerk.fill_in(page, path, **text) for (page, path), text in zip(tabs, typed, strict=True)
    ]
    for (_, path), one, text in zip(tabs, led, typed, strict=True):
        page = sign_in(clerk, one, clerk.email)
        assert fields_in(page, clerk.root + path).items() >= text.items()


def test_only_the_latest_forms_of_a_user_are_kept(world: World) -> None:
    clerk = Clerk(world)
    page = clerk.open(NOTICES)
    sign_out(clerk)
    led = [clerk.fill_in(page, NOTICES) for _ in range(MOST_OF_A_USER + 3)]
    clerk.post("/api/auth/login", json={"email": clerk.email, "password": PASSWORD})
    places = [parse_qs(urlsplit(one.headers["location"]).query)["next"][0] for one in led]
    shown = [clerk.get(place).status_code == 200 for place in places]
    assert shown.count(True) == MOST_OF_A_USER
    assert shown[-1]


@pytest.mark.parametrize(("size", "is_kept"), [(60_000, True), (LARGEST_BYTES, False)])
def test_a_large_form_is_kept_and_one_too_large_is_not(
    world: World, size: int, is_kept: bool
) -> None:
    clerk = Clerk(world)
    # Each of these takes six bytes on its way.
    led = sent_too_late(clerk, NOTICES, more_notify_emails="ü" * (size // 2))
    assert (led.headers["location"] != SIGN_IN) is is_kept


def test_secrets_are_not_kept() -> None:
    sent = [("form_token", "t"), *((f"a.{name}", "s") for name in SECRET_FIELDS), ("name", "Ada")]
    assert typed_in(FormFields(sent)) == [("name", "Ada")]
    assert typed_in(FormFields([("form_token", "t"), ("name", " ")])) == ()


def test_each_field_for_a_secret_is_known_as_one() -> None:
    templates = Path(kalends.web.pages.__file__).parent / "templates" / "console"
    texts = [path.read_text() for path in templates.rglob("*.html")]
    fields = [one for text in texts for one in re.findall(r'\{\{ field\("[^}]*\}\}', text)]
    secret = {
        re.sub(r'.*?field\("([^"]+)".*', r"\1", one).rpartition(".")[2]
        for one in fields
        if 'type="password"' in one
    }
    plain = [one for text in texts for one in re.findall(r'<input [^>]*type="password"', text)]
    secret |= {html.unescape(re.findall(r'name="([^"]+)"', one)[0]) for one in plain}
    assert secret == SECRET_FIELDS
