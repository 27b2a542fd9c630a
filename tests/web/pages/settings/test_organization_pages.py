"""The organization's settings in the console: several people at once, in sections."""

import pytest

from tests.web.pages.settings.clerks import Clerk
from tests.web.pages.visitors import text_of
from tests.world import JSON, World

ORGANIZATION = "/api/v1/organization"
NAME, LOOKS, REGION, NOTICES = (
    "/settings",
    "/settings/looks",
    "/settings/region",
    "/settings/notices",
)


def stored(world: World) -> JSON:
    organization: JSON = world.api.get(ORGANIZATION).json()["data"]
    return organization


def test_of_two_who_change_a_section_the_later_is_told(world: World) -> None:
    one, other = Clerk(world), Clerk(world)
    page = other.open(NOTICES)
    assert one.submit(NOTICES, notify_email="one@example.com").status_code == 303
    late = other.fill_in(page, NOTICES, notify_email="two@example.com")
    assert late.status_code == 412
    assert "Somebody else changed this" in text_of(late)
    assert 'value="two@example.com"' in late.text
    assert stored(world)["notify_emails"] == ["one@example.com"]
    assert other.fill_in(late, NOTICES).status_code == 303
    assert stored(world)["notify_emails"] == ["two@example.com"]


def test_a_stale_section_of_settings_goes_over_its_own_fields_alone(world: World) -> None:
    clerk = Clerk(world)
    page = clerk.open(NAME)
    world.api.patch(ORGANIZATION, json={"timezone": "Asia/Tokyo", "website": "https://a.example"})
    late = clerk.fill_in(page, NAME, website="https://b.example")
    assert late.status_code == 412
    assert clerk.fill_in(late, NAME).status_code == 303
    after = stored(world)
    assert (after["timezone"], after["website"]) == ("Asia/Tokyo", "https://b.example")


@pytest.mark.parametrize(
    ("section", "typed", "changed"),
    [
        (NAME, {"name": "Typed"}, {"website": "https://a.example"}),
        (LOOKS, {"accent_color": "#8a2b5f"}, {"accent_color": "#aa0000"}),
        (REGION, {"country": "DE"}, {"country": "FR"}),
        (NOTICES, {"more_notify_emails": "a@example.com\nb@example.com"}, {"notify_emails": []}),
        ("/settings/staff", {"staff_may_edit_hours": "yes"}, {"staff_may_edit_hours": False}),
    ],
)
def test_what_was_typed_into_a_stale_section_is_there(
    world: World, section: str, typed: dict[str, str], changed: JSON
) -> None:
    clerk = Clerk(world)
    page = clerk.open(section)
    world.api.patch(ORGANIZATION, json=changed)
    before = stored(world)
    late = clerk.fill_in(page, section, **typed)
    assert (late.status_code, stored(world)) == (412, before)
    assert clerk.fill_in(late, section).status_code == 303
    assert stored(world) != before


def test_faults_of_a_stale_section_come_after_the_warning(world: World) -> None:
    clerk = Clerk(world)
    page = clerk.open(REGION)
    world.api.patch(ORGANIZATION, json={"locale": "de"})
    late = clerk.fill_in(page, REGION, timezone="Nowhere/Else")
    assert late.status_code == 412
    again = clerk.fill_in(late, REGION)
    assert again.status_code == 422
    assert 'id="wrong-timezone"' in again.text
    assert clerk.fill_in(again, REGION, timezone="Asia/Tokyo").status_code == 303


def test_a_settings_form_without_a_version_is_saved(world: World) -> None:
    """As a page of the release before has it."""
    clerk = Clerk(world)
    page = clerk.open(REGION)
    world.api.patch(ORGANIZATION, json={"website": "https://a.example"})
    assert clerk.fill_in(page, REGION, country="DE", version="").status_code == 303
    after = stored(world)
    assert (after["country"], after["website"]) == ("DE", "https://a.example")
