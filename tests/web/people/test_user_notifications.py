"""`/api/v1/users/{id}/notifications`, and the page where users choose what they are mailed."""

from typing import Any

import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.web.people.test_schedule_people import owner_of, user_of
from tests.world import JSON, World

CHOICES = ("requested", "confirmed", "rescheduled", "cancelled", "reassigned")
EVERYTHING: JSON = {**dict.fromkeys(CHOICES, True), "agenda_at": None, "timezone": "UTC"}


def path_of(user_id: str) -> str:
    return f"/api/v1/users/{user_id}/notifications"


@pytest.fixture
def staff(home: Installation, world: World) -> Clerk:
    return clerk_of(home, world, Role.STAFF)


def test_who_has_chosen_nothing_is_mailed_everything(world: World) -> None:
    answer = world.api.get(path_of(owner_of(world)))
    assert (answer.status_code, answer.json()["data"]) == (200, EVERYTHING)


def test_what_is_given_is_chosen_and_the_rest_stays(world: World) -> None:
    path, chosen = path_of(owner_of(world)), EVERYTHING
    for change in ({"cancelled": False}, {"agenda_at": "07:30"}, {}, {"agenda_at": None}):
        chosen = {**chosen, **change}
        answer = world.api.patch(path, json=change)
        assert (answer.status_code, answer.json()["data"]) == (200, chosen)
        assert world.api.get(path).json()["data"] == chosen


@pytest.mark.parametrize("at", ["24:00", "7:30", "", "noon", 730])
def test_an_hour_that_is_none_is_refused(world: World, at: object) -> None:
    answer = world.api.patch(path_of(owner_of(world)), json={"agenda_at": at})
    assert answer.status_code == 422
    assert [detail["field"] for detail in answer.json()["details"]] == ["agenda_at"]


def test_choices_of_who_is_no_member_are_not_there(world: World, new_world: Any) -> None:
    stranger = path_of(owner_of(new_world()))
    assert world.api.get(stranger).status_code == 404
    assert world.api.patch(stranger, json={"agenda_at": "x"}).status_code == 404


def test_choices_are_read_and_changed_by_their_scopes(world: World) -> None:
    path = path_of(owner_of(world))
    for scopes, expected in ((["users:read"], [200, 403]), (["users:write"], [403, 200])):
        key = world.api.post("/api/v1/api-keys", json={"scopes": scopes}).json()["data"]["key"]
        api = world.with_key(key)
        assert [api.get(path).status_code, api.patch(path, json={}).status_code] == expected


def test_a_user_chooses_on_a_page(world: World, staff: Clerk) -> None:
    world.create_schedule(user_id=user_of(staff), timezone="Asia/Tokyo")
    page = staff.open("/notifications")
    assert page.status_code == 200
    assert staff.email in page.text
    assert "Asia/Tokyo" in page.text
    typed = {"cancelled": "", "agenda_at": "7:30", "timezone": "Europe/Berlin"}
    saved = staff.follow(staff.submit("/notifications", **typed))
    assert saved.status_code == 200
    expected = {**EVERYTHING, "cancelled": False, "agenda_at": "07:30"}
    chosen = world.api.get(path_of(user_of(staff))).json()["data"]
    assert chosen == {**expected, "timezone": "Europe/Berlin"}
    assert "Europe/Berlin" in staff.open("/notifications").text


def test_a_page_with_a_wrong_hour_says_so(staff: Clerk) -> None:
    refused = staff.submit("/notifications", agenda_at="25:00")
    assert refused.status_code == 422
    assert 'id="wrong-agenda_at"' in refused.text


def test_addresses_of_the_organization_stand_one_a_line(world: World) -> None:
    owner = Clerk(world)
    more = "two@example.com\r\n\r\n three@example.com "
    typed = {"notify_email": "one@example.com", "more_notify_emails": more}
    assert owner.submit("/settings/notices", **typed).status_code == 303
    stored = world.api.get("/api/v1/organization").json()["data"]["notify_emails"]
    assert stored == ["one@example.com", "two@example.com", "three@example.com"]
    refused = owner.submit("/settings/notices", more_notify_emails="two@example.com\nnobody")
    assert refused.status_code == 422
    assert 'id="wrong-more_notify_emails"' in refused.text
