"""The connection: who may make it, what it shows, what it forgets."""

import asyncio

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.domain.ids import ORGANIZATION, encode_id, new_id
from kalends.services.setup import add_user
from tests.calcom.conftest import CONNECTION, SYNC, Desk, NewDesk
from tests.conftest import PASSWORD
from tests.homes import BESIDE
from tests.world import JSON


def add_member(home: Installation, desk: Desk, email: str) -> None:
    async def add() -> None:
        context = home.context(BESIDE)
        try:
            await add_user(context, desk.organization_id, email, PASSWORD, Role.MEMBER)
        finally:
            await context.close()

    asyncio.run(add())


def test_the_key_is_never_shown_again(desk: Desk) -> None:
    put = desk.admin.put(CONNECTION, json=desk.body(webhookSecret="whsecret-123"))
    get = desk.admin.get(CONNECTION, params={"organizationId": desk.organization_id})
    for answer in (put, get):
        assert answer.status_code == 200
        assert desk.calcom.key not in answer.text
        assert "whsecret-123" not in answer.text
        assert answer.json()["data"]["apiKey"].endswith(desk.calcom.key[-4:])
    assert put.json() == get.json()


def test_what_is_stored_is_encrypted(desk: Desk) -> None:
    desk.connect(webhookSecret="whsecret-123")
    (row,) = desk.fetch(
        "SELECT c::text FROM calcom_connections c WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )
    for secret in (desk.calcom.key, "whsecret-123"):
        assert secret not in row[0]
        assert secret.encode().hex() not in row[0]


def test_defaults_are_as_described(desk: Desk) -> None:
    body = desk.body()
    del body["baseUrl"], body["intervalMinutes"]
    made = desk.admin.put(CONNECTION, json=body).json()["data"]
    assert made["baseUrl"] == "https://api.cal.com/v2"
    assert (made["onConflict"], made["intervalMinutes"], made["mappings"]) == ("skip", 15, [])
    assert made["hasWebhookSecret"] is False
    assert made["nextSyncAt"] is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"baseUrl": "http://10.0.0.1/v2"}, "baseUrl"),
        ({"baseUrl": "ftp://127.0.0.1/v2"}, "baseUrl"),
        ({"baseUrl": "nonsense"}, "baseUrl"),
        ({"intervalMinutes": -1}, "intervalMinutes"),
        ({"onConflict": "fight"}, "onConflict"),
        ({"apiKey": ""}, "apiKey"),
        ({"apiKey": "cal_with blank"}, "apiKey"),
        ({"mappings": [{"scheduleId": "{schedule}"}]}, "mappings.0"),
        (
            {"mappings": [{"calcomHostId": 1, "calcomEventTypeId": 1, "scheduleId": "{schedule}"}]},
            "mappings.0",
        ),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_not_as_described_is_refused(desk: Desk, changes: JSON, field: str) -> None:
    for mapping in changes.get("mappings", []):
        mapping["scheduleId"] = desk.schedule["id"]
    answer = desk.admin.put(CONNECTION, json=desk.body(**changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == field


@pytest.mark.parametrize("field", ["defaultScheduleId", "mappings"])
def test_schedules_of_others_are_not_found(desk: Desk, new_desk: NewDesk, field: str) -> None:
    theirs = new_desk().schedule["id"]
    value = theirs if field == "defaultScheduleId" else [{"calcomHostId": 1, "scheduleId": theirs}]
    answer = desk.admin.put(CONNECTION, json=desk.body(**{field: value}))
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def each_call(client: httpx.Client, organization_id: str, body: JSON) -> list[httpx.Response]:
    query = {"organizationId": organization_id}
    return [
        client.post(SYNC, json=query),
        client.put(CONNECTION, json=body | query),
        client.get(CONNECTION, params=query),
        client.delete(CONNECTION, params=query),
    ]


def test_nobody_gets_in_without_a_session(desk: Desk) -> None:
    for client in (desk.world.stranger, desk.world.api):
        for answer in each_call(client, desk.organization_id, desk.body()):
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


def test_a_member_is_not_enough(desk: Desk, home: Installation) -> None:
    email = f"m{new_id()}@example.test"
    add_member(home, desk, email)
    member = desk.sign_in(email)
    for answer in each_call(member, desk.organization_id, desk.body()):
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    desk.sync()
    (run,) = desk.runs()
    assert member.get(f"{SYNC}/{run}").status_code == 403
    member.close()


def test_an_organization_of_others_is_not_found(desk: Desk, new_desk: NewDesk) -> None:
    other = new_desk()
    other.connect()
    for id_ in (other.organization_id, encode_id(ORGANIZATION, new_id()), "nonsense"):
        for answer in each_call(desk.admin, id_, desk.body()):
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    other.sync()
    (run,) = other.runs()
    assert desk.admin.get(f"{SYNC}/{run}").status_code == 404
    assert other.admin.get(f"{SYNC}/{run}").json()["status"] == "done"


def test_ownership_of_the_organization_is_checked_first(desk: Desk, new_desk: NewDesk) -> None:
    theirs = {"organizationId": new_desk().organization_id}
    for answer in (
        desk.admin.post(SYNC, json=theirs | {"startDate": 5, "range": "all"}),
        desk.admin.put(CONNECTION, json=theirs | {"apiKey": 5}),
        desk.admin.get(CONNECTION, params=theirs | {"page": "2"}),
        desk.admin.delete(CONNECTION, params=theirs | {"page": "2"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_other_fields_are_checked_for_our_own_organization(desk: Desk) -> None:
    ours = {"organizationId": desk.organization_id}
    for answer in (
        desk.admin.post(SYNC, json=ours | {"startDate": 5}),
        desk.admin.post(SYNC, json={"organizationId": 5}),
        desk.admin.put(CONNECTION, json=ours | {"apiKey": 5}),
        desk.admin.put(CONNECTION, json=["organizationId"]),
        desk.admin.get(CONNECTION, params=ours | {"page": "2"}),
        desk.admin.delete(CONNECTION, params=ours | {"page": "2"}),
        desk.admin.get(CONNECTION),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


def test_without_a_connection_there_is_nothing_to_sync(new_desk: NewDesk) -> None:
    desk = new_desk()
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (409, "CALCOM_NOT_CONFIGURED")
    query = {"organizationId": desk.organization_id}
    assert desk.admin.get(CONNECTION, params=query).status_code == 404
    assert desk.admin.delete(CONNECTION, params=query).status_code == 404


def test_disconnecting_keeps_the_bookings_and_what_is_known_of_them(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.sync()
    query = {"organizationId": desk.organization_id}
    answer = desk.admin.delete(CONNECTION, params=query)
    assert answer.json()["data"]["deleted"] is True
    assert len(desk.bookings()) == 1
    assert desk.try_sync().status_code == 409
    desk.connect()
    assert desk.sync()["unchanged"] == 1
    assert len(desk.bookings()) == 1


def test_a_new_put_forgets_the_mark_and_nothing_else(desk: Desk) -> None:
    for _ in range(3):
        desk.calcom.book(createdAt="2020-01-01T00:00:00.000Z", updatedAt="2020-01-01T00:00:00.000Z")
    hook_url = desk.connect()["hookUrl"]
    assert desk.sync()["synced"] == 3
    assert desk.sync()["skipped"] == 0
    assert desk.connect()["hookUrl"] == hook_url
    answer = desk.sync()
    assert (answer["synced"], answer["unchanged"]) == (0, 3)
    assert len(desk.bookings()) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"startDate": "2026-12-02", "endDate": "2026-12-01"},
        {"startDate": "2026-12-02T10:00:00Z", "endDate": "2026-12-02T09:00:00Z"},
        {"startDate": "yesterday"},
        {"endDate": "2026-13-01"},
        {"startDate": 5},
        {"range": "all"},
    ],
)
def test_a_range_that_is_none_is_refused(desk: Desk, fields: JSON) -> None:
    answer = desk.try_sync(**fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


def test_a_range_may_be_one_day_or_open(desk: Desk) -> None:
    desk.calcom.book("one", start="2031-05-02T23:59:00.000Z")
    assert desk.sync(startDate="2031-05-02", endDate="2031-05-02")["synced"] == 1
    assert desk.sync(startDate="2031-05-02")["unchanged"] == 1
    assert desk.sync(endDate="2031-05-02")["unchanged"] == 1


def test_a_sync_from_a_foreign_page_is_refused(desk: Desk) -> None:
    answer = desk.admin.post(
        SYNC,
        json={"organizationId": desk.organization_id},
        headers={"origin": "https://evil.test"},
    )
    assert answer.status_code == 403
