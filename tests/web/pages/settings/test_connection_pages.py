"""Webhooks, keys, users, the organization and the mailbox in the console."""

import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.web.console.sections import MENU
from kalends.web.console.settings import organization
from tests.conftest import PASSWORD
from tests.receivers import Receiver, receiving
from tests.web.pages.settings.clerks import Clerk, clerk_of, fields_in
from tests.web.pages.visitors import slug_of, text_of
from tests.world import JSON, World

FOR_ADMINS = (
    *("/calendars", "/webhooks", "/webhooks/new", "/keys", "/users", "/settings", "/mail"),
    *("/settings/looks", "/integrations", "/events", "/api"),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def clerk(world: World) -> Clerk:
    return Clerk(world)


def token_in(page: httpx.Response) -> str:
    token = fields_in(page, "/console/sign-out")["form_token"]
    assert isinstance(token, str)
    return token


def secret_in(page: httpx.Response) -> str:
    match = re.search(r'readonly value="([^"]+)"', page.text)
    assert match, text_of(page)
    return match[1]


def hooks(world: World) -> list[JSON]:
    listed: list[JSON] = world.api.get("/api/v1/webhooks").json()["data"]
    return listed


# Roles and organizations


def test_what_is_for_admins_is_neither_shown_nor_done_for_members(
    home: Installation, world: World
) -> None:
    member = clerk_of(home, world, Role.MEMBER)
    schedules_page = member.open("/schedules")
    token = token_in(schedules_page)
    for path in FOR_ADMINS:
        assert f'href="{member.root}{path}"' not in schedules_page.text
        assert member.open(path).status_code == 403, path
        if path not in ("/webhooks", "/mail", "/events", "/api"):
            sent = member.post(member.root + path, data={"form_token": token})
            assert sent.status_code == 403, path


def test_an_admin_sees_the_whole_navigation(home: Installation, world: World) -> None:
    admin = clerk_of(home, world, Role.ADMIN)
    calendar = admin.open("/calendar").text
    listed = []
    for section in MENU:
        assert f'href="{admin.root}{section.tabs[0].path}"' in calendar
        page = admin.open(section.tabs[0].path)
        for tab in section.tabs:
            assert f'href="{admin.root}{tab.path}"' in page.text
            assert admin.open(tab.path).status_code == 200, tab.path
            listed.append(tab.key)
    assert len(listed) == len(set(listed)) == 21


def test_nothing_of_another_organization_is_shown_or_done(
    world: World, new_world: Any, receiver: Receiver
) -> None:
    other = new_world()
    theirs = other.api.post("/api/v1/webhooks", json={"url": receiver.url}).json()["data"]
    key = other.api.get("/api/v1/api-keys").json()["data"][0]
    user = other_user(Clerk(other))
    clerk = Clerk(world)
    token = token_in(clerk.open("/keys"))
    assert clerk.open(f"/webhooks/{theirs['id']}").status_code == 404
    for form in (
        f"/webhooks/{theirs['id']}",
        f"/webhooks/{theirs['id']}/test",
        f"/webhooks/{theirs['id']}/rotate",
        f"/webhooks/{theirs['id']}/enabled",
        f"/webhooks/{theirs['id']}/delete",
        f"/keys/{key['id']}/revoke",
        f"/users/{user}/role",
        f"/users/{user}/remove",
    ):
        data = {"form_token": token, "role": "member", "url": receiver.url, "all": "yes"}
        assert clerk.post(clerk.root + form, data=data).status_code == 404, form
    assert [theirs | hook for hook in hooks(other)] == [theirs]
    assert other.api.get("/api/v1/api-keys").json()["meta"]["total"] == 1
    theirs_root = f"/console/{slug_of(other)}"
    assert clerk.get(f"{theirs_root}/settings").status_code == 404


def other_user(clerk: Clerk) -> str:
    match = re.search(r"/users/(usr_\w+)/role", clerk.open("/users").text)
    assert match
    return match[1]


# Webhooks


def test_a_webhook_is_made_tested_and_its_secret_shown_once(
    world: World, clerk: Clerk, receiver: Receiver
) -> None:
    made = clerk.submit("/webhooks/new", url=receiver.url, description="Till")
    assert "whsec_" not in made.headers["location"]
    page = clerk.follow(made)
    assert secret_in(page).startswith("whsec_")
    (hook,) = hooks(world)
    path = f"/webhooks/{hook['id']}"
    assert "whsec_" not in clerk.open(path).text
    tested = clerk.follow(clerk.submit(f"{path}/test", page=path))
    assert "The test was taken" in text_of(tested)
    assert "Delivered" in text_of(tested)


def test_events_are_chosen_and_none_is_a_fault(
    world: World, clerk: Clerk, receiver: Receiver
) -> None:
    none = clerk.submit("/webhooks/new", url=receiver.url, all="")
    assert none.status_code == 422
    assert 'id="wrong-events"' in none.text
    chosen = ["booking.created", "booking.cancelled"]
    clerk.submit("/webhooks/new", url=receiver.url, all="", events=chosen)
    (hook,) = hooks(world)
    assert hook["events"] == chosen


@pytest.mark.parametrize("url", ["", "nonsense", "http://example.com/", "https://10.0.0.1/x"])
def test_a_url_that_may_not_be_called_is_reported_at_its_field(
    world: World, clerk: Clerk, url: str
) -> None:
    answer = clerk.submit("/webhooks/new", url=url, description="Kept")
    assert answer.status_code == 422
    assert 'id="wrong-url"' in answer.text
    assert 'value="Kept"' in answer.text
    assert hooks(world) == []


def test_a_webhook_is_changed_disabled_enabled_rotated_and_deleted(
    world: World, clerk: Clerk, receiver: Receiver
) -> None:
    hook = world.api.post("/api/v1/webhooks", json={"url": receiver.url}).json()["data"]
    path = f"/webhooks/{hook['id']}"
    clerk.submit(path, description="Till 2")
    assert hooks(world)[0]["description"] == "Till 2"
    for enabled in (False, True):
        clerk.submit(f"{path}/enabled", page=path)
        assert hooks(world)[0]["enabled"] is enabled
    rotated = secret_in(clerk.follow(clerk.submit(f"{path}/rotate", page=path)))
    assert rotated.startswith("whsec_")
    assert rotated != hook["secret"]
    clerk.submit(f"{path}/delete", page=path)
    assert hooks(world) == []


def test_a_delivery_shows_its_attempts_and_is_sent_again(
    world: World, clerk: Clerk, receiver: Receiver
) -> None:
    hook = world.api.post("/api/v1/webhooks", json={"url": receiver.url}).json()["data"]
    world.book(world.create_schedule())
    receiver.wait_for(1)
    path = f"/webhooks/{hook['id']}"
    page = wait_for(clerk, path, "1 attempt")
    deliveries = world.api.get(f"/api/v1{path}/deliveries").json()["data"]
    again = f"{path}/deliveries/{deliveries[0]['id']}/redeliver"
    assert "Booking made" in text_of(page)
    assert clerk.fill_in(page, again).status_code == 303
    first, second = receiver.wait_for(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert clerk.open(path, state="exhausted").text.count("redeliver") == 0


# Keys


def test_a_key_is_made_shown_once_and_dies_at_once_when_revoked(world: World, clerk: Clerk) -> None:
    made = clerk.submit("/keys", name="Website", scopes=["bookings:read"])
    secret = secret_in(clerk.follow(made))
    key = world.with_key(secret)
    assert key.get("/api/v1/bookings").status_code == 200
    assert key.get("/api/v1/webhooks").status_code == 403
    page = clerk.open("/keys")
    assert secret not in page.text
    (revoke,) = re.findall(r'action="[^"]*(/keys/key_\w+/revoke)"', page.text)[1:]
    assert clerk.fill_in(page, revoke).status_code == 303
    assert key.get("/api/v1/bookings").status_code == 401


def test_a_key_of_the_sandbox_is_one_for_the_sandbox(world: World) -> None:
    clerk = Clerk(world, sandbox=True)
    secret = secret_in(clerk.follow(clerk.submit("/keys")))
    assert secret.startswith("wk_test_")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_an_invalid_key_is_reported_at_its_field(
    world: World, clerk: Clerk, typed: dict[str, Any], field: str
) -> None:
    answer = clerk.submit("/keys", **{"name": "Kept"} | typed)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert world.api.get("/api/v1/api-keys").json()["meta"]["total"] == 1


# Users


def test_somebody_is_invited_by_a_link_in_the_mailbox(
    home: Installation, world: World, clerk: Clerk
) -> None:
    email = f"new-{uuid.uuid4().hex[:8]}@example.test"
    done = clerk.follow(clerk.submit("/users", email=email, role="admin"))
    assert "The invitation is" in text_of(done)
    assert email in done.text
    listed = clerk.open("/mail")
    mail = re.search(r'href="[^"]*(/mail/mail_\w+)"', listed.text)
    assert mail
    mail_page = clerk.open(mail[1])
    link = re.search(r'href="[^"]*(/invitations/[^"]+)"', mail_page.text)
    assert link
    accepted = world.stranger.post(link[1], data={"password": PASSWORD})
    assert accepted.status_code == 200
    assert Clerk(world, email).open("/keys").status_code == 200


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"email": "nobody"}, "email"), ({"email": ""}, "email"), ({"role": "king"}, "role")],
)
def test_an_invalid_invitation_is_reported_at_its_field(
    clerk: Clerk, typed: dict[str, str], field: str
) -> None:
    answer = clerk.submit("/users", **{"email": "kept@example.test"} | typed)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text


def test_the_last_owner_cannot_leave_and_the_page_says_why(clerk: Clerk) -> None:
    user = other_user(clerk)
    refused = clerk.submit(f"/users/{user}/role", page="/users", role="member")
    assert refused.status_code == 422
    assert "only owner" in text_of(refused)
    refused = clerk.submit(f"/users/{user}/remove", page="/users")
    assert refused.status_code == 422
    assert clerk.open("/users").status_code == 200


def test_a_role_changes_and_who_is_removed_is_out_at_once(
    home: Installation, world: World, clerk: Clerk
) -> None:
    owner = other_user(clerk)
    colleague = clerk_of(home, world, Role.MEMBER)
    (user,) = set(re.findall(r"/users/(usr_\w+)/role", clerk.open("/users").text)) - {owner}
    clerk.submit(f"/users/{user}/role", page="/users", role="admin")
    assert colleague.open("/keys").status_code == 200
    clerk.submit(f"/users/{user}/remove", page="/users")
    assert colleague.open("/schedules").status_code == 404


def test_an_admin_is_offered_nothing_that_only_owners_do(home: Installation, world: World) -> None:
    admin = clerk_of(home, world, Role.ADMIN)
    page = admin.open("/users")
    assert 'value="owner"' not in page.text
    assert len(re.findall(r"/users/usr_\w+/role", page.text)) == 1


# Organization


def test_the_organization_is_changed_and_the_console_moves_with_its_address(
    world: World, clerk: Clerk
) -> None:
    slug = f"moved-{uuid.uuid4().hex[:8]}"
    done = clerk.submit("/settings", slug=slug)
    assert done.headers["location"].startswith(f"/console/{slug}/settings")
    assert "Saved" in text_of(clerk.follow(done))
    stored = world.api.get("/api/v1/organization").json()["data"]
    assert stored["slug"] == slug


SECTIONS = [one.path for one in organization.SECTIONS]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_settings_changes_nothing_else(
    world: World, clerk: Clerk, section: str
) -> None:
    everything = {
        "name": f"Salon {uuid.uuid4().hex[:8]}",
        "website": "https://salon.example",
        "accent_color": "#8a2b5f",
        "timezone": "Europe/Berlin",
        "country": "AT",
        "locale": "de",
        "notify_emails": ["one@example.com", "two@example.com"],
        "staff_may_edit_hours": False,
    }
    changed = world.api.patch("/api/v1/organization", json=everything)
    assert changed.status_code == 200, changed.text
    before = changed.json()["data"]
    assert clerk.submit(section).status_code == 303
    assert world.api.get("/api/v1/organization").json()["data"] == before


def test_the_sections_change_what_they_show(world: World, clerk: Clerk) -> None:
    clerk.submit("/settings/region", timezone="Europe/Berlin", locale="de")
    clerk.submit("/settings/notices", notify_email="")
    clerk.submit("/settings/staff", staff_may_edit_hours=[])
    stored = world.api.get("/api/v1/organization").json()["data"]
    assert (stored["timezone"], stored["locale"]) == ("Europe/Berlin", "de")
    assert (stored["notify_email"], stored["staff_may_edit_hours"]) == (None, False)


# Sections of the organization's settings, and what cannot be in a field of theirs.
WRONG = [
    ("", "name", ""),
    ("", "slug", "console"),
    ("", "slug", "Not A Slug"),
    ("/region", "timezone", "Mars"),
    ("/notices", "notify_email", "nobody"),
]


@pytest.mark.parametrize(("section", "field", "typed"), WRONG)
def test_an_invalid_organization_is_reported_at_its_field(
    world: World, clerk: Clerk, section: str, field: str, typed: str
) -> None:
    before = world.api.get("/api/v1/organization").json()["data"]
    answer = clerk.submit(f"/settings{section}", **{field: typed})
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert world.api.get("/api/v1/organization").json()["data"] == before


def test_the_address_of_another_organization_is_taken(
    world: World, new_world: Any, clerk: Clerk
) -> None:
    answer = clerk.submit("/settings", slug=slug_of(new_world()))
    assert answer.status_code == 409
    assert 'id="wrong-slug"' in answer.text


# Mail


def test_a_mail_is_read_as_text_and_hostile_text_stays_text(world: World, clerk: Clerk) -> None:
    body = world.booking_body(world.create_schedule())
    body["attendee"]["name"] = "<img src=x onerror=alert(1)>"
    body["title"] = "<script>alert(1)</script>"
    assert world.api.post("/api/v1/bookings", json=body).status_code == 201
    listed = wait_for(clerk, "/mail", "Kept here")
    path = re.search(r'href="[^"]*(/mail/mail_\w+)"', listed.text)
    assert path
    mail_page = clerk.open(path[1])
    assert "<img src=x" not in mail_page.text
    assert "<script>alert" not in mail_page.text
    assert "Subject" in text_of(mail_page)


def wait_for(clerk: Clerk, path: str, words: str) -> httpx.Response:
    for _ in range(100):
        page = clerk.open(path)
        if words in text_of(page):
            return page
        time.sleep(0.1)
    raise AssertionError(text_of(page))


def test_a_link_for_a_new_password_is_not_shown_to_others(
    home: Installation, world: World, clerk: Clerk
) -> None:
    world.stranger.post("/password-reset", data={"email": world.setup.admin_email})
    listed = wait_for(clerk, "/mail", "Kept here")
    path = re.search(r'href="[^"]*(/mail/mail_\w+)"', listed.text)
    assert path
    assert "/password-reset/" in clerk.open(path[1]).text
    admin = clerk_of(home, world, Role.ADMIN)
    secret = admin.open(path[1])
    assert "/password-reset/" not in secret.text
    assert "for" in text_of(secret)
    assert world.setup.admin_email in secret.text


def test_a_mail_of_another_organization_is_not_there(
    world: World, new_world: Any, clerk: Clerk
) -> None:
    other = new_world()
    other.book(other.create_schedule())
    listed = Clerk(other).open("/mail")
    path = re.search(r'href="[^"]*(/mail/mail_\w+)"', listed.text)
    assert path
    assert clerk.open(path[1]).status_code == 404
