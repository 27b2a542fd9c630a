"""Cal.com in the console: connect, map, sync, and what was left out."""

import re

import httpx
import pytest

from kalends.domain.access import Role
from tests.calcom.conftest import Desk, NewDesk, wait_until_over
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.web.pages.visitors import text_of
from tests.world import JSON

PAGE = "/integrations"
CONNECTION = "/api/integrations/calcom"


def connection_of(desk: Desk) -> JSON:
    answer = desk.admin.get(CONNECTION, params={"organizationId": desk.organization_id})
    assert answer.status_code == 200
    connection: JSON = answer.json()["data"]
    return connection


@pytest.fixture
def clerk(desk: Desk) -> Clerk:
    """The owner, of an organization that is not connected."""
    desk.admin.delete(CONNECTION, params={"organizationId": desk.organization_id})
    return Clerk(desk.world)


def connect(desk: Desk, clerk: Clerk, **typed: str) -> httpx.Response:
    given = {"apiKey": desk.calcom.key, "baseUrl": desk.calcom.url, "intervalMinutes": "0"}
    return clerk.submit(PAGE, **given | typed)


def test_it_is_connected_changed_and_disconnected(desk: Desk, clerk: Clerk) -> None:
    schedule = desk.schedule["id"]
    mapping = {"mappings__0__id": "12", "mappings__0__schedule": schedule}
    done = connect(desk, clerk, intervalMinutes="1h", webhookSecret="s3cret", **mapping)
    page = clerk.follow(done)
    assert "Cal.com is connected" in text_of(page)
    assert desk.calcom.key not in page.text
    assert "s3cret" not in page.text
    made = connection_of(desk)
    assert (made["intervalMinutes"], made["hasWebhookSecret"]) == (60, True)
    assert made["mappings"] == [{"scheduleId": schedule, "calcomEventTypeId": 12}]
    assert made["hookUrl"].rpartition("/")[2] in page.text

    clerk.submit(PAGE, mappings__0__kind="host", onConflict="record")
    after = connection_of(desk)
    assert after["mappings"] == [{"scheduleId": schedule, "calcomHostId": 12}]
    assert (after["onConflict"], after["apiKey"]) == ("record", made["apiKey"])
    assert after["hasWebhookSecret"] is True
    assert clerk.submit(f"{PAGE}/sync", page=PAGE).status_code == 303

    assert clerk.submit(f"{PAGE}/disconnect", page=PAGE).status_code == 303
    assert "settings" not in desk.admin.get(CONNECTION).text
    assert "Sync now" not in text_of(clerk.open(PAGE))


@pytest.mark.parametrize(
    "typed",
    [
        {"apiKey": ""},
        {"baseUrl": "https://10.0.0.1/v2"},
        {"intervalMinutes": "often"},
        {"mappings__0__id": "twelve"},
    ],
)
def test_what_is_wrong_stands_at_its_field(desk: Desk, clerk: Clerk, typed: dict[str, str]) -> None:
    answer = connect(desk, clerk, **typed)
    assert answer.status_code == 422
    (field,) = typed
    assert f'id="wrong-{field.replace("__", ".")}"' in answer.text
    assert "Sync now" not in text_of(answer)


def test_a_sync_shows_imported_and_skipped_rows(desk: Desk, clerk: Clerk) -> None:
    connect(desk, clerk)
    row = desk.calcom.book()
    desk.world.book(desk.schedule, re.sub(r"\.\d+", "", row["start"]))
    desk.calcom.book()
    page = clerk.follow(clerk.submit(f"{PAGE}/sync", page=PAGE))
    assert "1 brought in, 0 unchanged, 1 left out" in text_of(page)
    assert row["uid"] in page.text


def test_a_refused_key_is_shown_on_the_page(desk: Desk, clerk: Clerk) -> None:
    connect(desk, clerk, apiKey="cal_another_key")
    refused = clerk.submit(f"{PAGE}/sync", page=PAGE)
    assert refused.status_code == 409
    assert "refuses the API key" in text_of(refused)


def test_without_a_connection_a_sync_says_so(desk: Desk, clerk: Clerk) -> None:
    connect(desk, clerk)
    page = clerk.open(PAGE)
    desk.admin.delete(CONNECTION, params={"organizationId": desk.organization_id})
    refused = clerk.fill_in(page, f"{PAGE}/sync")
    assert refused.status_code == 409
    assert "Cal.com is not connected" in text_of(refused)


def test_a_slow_sync_goes_on_without_the_page(desk: Desk, clerk: Clerk) -> None:
    connect(desk, clerk)
    row = desk.calcom.book()
    desk.calcom.delay_seconds = 2
    begun = clerk.submit(f"{PAGE}/sync", page=PAGE)
    assert begun.headers["location"].endswith("done=sync-begun")
    desk.calcom.delay_seconds = 0
    wait_until_over(desk, desk.runs()[0])
    assert desk.booking(row["uid"])


def test_what_is_left_empty_is_no_interval_and_no_mapping(desk: Desk, clerk: Clerk) -> None:
    connect(desk, clerk, mappings__0__id="12", mappings__0__schedule=desk.schedule["id"])
    clerk.submit(PAGE, mappings__0__id="", intervalMinutes="")
    after = connection_of(desk)
    assert (after["mappings"], after["intervalMinutes"]) == ([], 0)


def test_members_and_others_see_nothing_of_it(desk: Desk, clerk: Clerk, new_desk: NewDesk) -> None:
    connect(desk, clerk)
    member = clerk_of(desk.home, desk.world, Role.MEMBER)
    assert member.open(PAGE).status_code == 403
    other = Clerk(new_desk().world)
    assert desk.calcom.key[-4:] not in text_of(other.open(PAGE))
    assert "Sync now" not in text_of(other.open(PAGE))
    assert other.get(f"{clerk.root}{PAGE}").status_code == 404
