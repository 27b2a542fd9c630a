"""Forms that are not taken any more show what was typed into them."""

import html
import re

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.web.console.unsaved import words_in
from kalends.web.pages.forms import FormFields
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.world import World

ORGANIZATION = "/api/v1/organization"
SECRET = "not-for-any-page"


def unsaved_in(page: httpx.Response) -> list[str]:
    """What is shown to be copied."""
    found = re.findall(r"<textarea [^>]*readonly[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)
    return [html.unescape(text) for text in found]


@pytest.mark.parametrize(
    ("section", "field", "text"),
    [
        ("", "description", "First <b>\nsecond"),
        ("/form", "questions__0__label", "Which size?"),
        ("/after", "redirect_url", "https://a.example"),
    ],
)
def test_what_was_typed_into_a_deleted_service_can_be_copied(
    world: World, section: str, field: str, text: str
) -> None:
    clerk, made = Clerk(world), world.create_event_type()
    path = f"/event-types/{made['id']}{section}"
    page = clerk.open(path)
    assert world.api.delete(f"/api/v1/event-types/{made['id']}").status_code == 200
    gone = clerk.fill_in(page, path, **{field: text})
    assert gone.status_code == 404
    assert text in unsaved_in(gone)
    assert "<b>\n" not in gone.text


def test_what_was_typed_at_an_address_that_moved_can_be_copied(world: World) -> None:
    clerk, slug = Clerk(world), world.api.get(ORGANIZATION).json()["data"]["slug"]
    page = clerk.open("/settings/notices")
    world.api.patch(ORGANIZATION, json={"slug": f"{slug}-moved"})
    gone = clerk.fill_in(page, "/settings/notices", more_notify_emails="a@b.example\nc@d.example")
    assert gone.status_code == 404
    assert "a@b.example\nc@d.example" in unsaved_in(gone)


def test_who_lost_the_right_can_copy_what_was_typed(home: Installation, world: World) -> None:
    admin, made = clerk_of(home, world, Role.ADMIN), world.create_event_type()
    path = f"/event-types/{made['id']}"
    page = admin.open(path)
    users = world.api.get("/api/v1/users").json()["data"]
    user_id = next(user["id"] for user in users if user["email"] == admin.email)
    world.api.patch(f"/api/v1/users/{user_id}", json={"role": Role.MEMBER})
    refused = admin.fill_in(page, path, description="Much to read")
    assert refused.status_code == 403
    assert "Much to read" in unsaved_in(refused)


def test_secrets_and_choices_are_not_shown_as_words() -> None:
    sent = {
        "form_token": "t",
        "apiKey": "k",
        "zoom.client_secret": "s",
        "password": "p",
        "color": "blue",
        "requirements.0.schedule_ids": "sch_1",
        "name": " ",
        "questions.size.label": "How tall?",
    }
    assert words_in(FormFields(list(sent.items()))) == [("Question", "How tall?")]


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/integrations", {"apiKey": SECRET, "webhookSecret": SECRET, "baseUrl": "nowhere"}),
        ("/settings/video", {"zoom.client_secret": SECRET, "zoom.user": "ada"}),
        ("/calendars", {"provider": "caldav", "url": "nowhere", "password": SECRET}),
    ],
)
def test_a_form_that_is_refused_shows_no_secret(
    world: World, path: str, typed: dict[str, str]
) -> None:
    world.create_schedule()
    refused = Clerk(world).submit(path, **typed)
    assert refused.status_code == 422
    assert SECRET not in refused.text
