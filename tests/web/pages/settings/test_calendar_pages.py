"""Calendars elsewhere in the console: connected, chosen on a schedule, disconnected."""

import pytest

from tests.web.pages.settings.clerks import Clerk
from tests.web.pages.visitors import text_of
from tests.world import JSON, World


def connections(world: World) -> list[JSON]:
    listed: list[JSON] = world.sandbox.get("/api/v1/calendar-connections").json()["data"]
    return listed


def uses(world: World, schedule: JSON) -> list[JSON]:
    path = f"/api/v1/schedules/{schedule['id']}/calendars"
    listed: list[JSON] = world.sandbox.get(path).json()["data"]
    return listed


@pytest.fixture
def clerk(world: World) -> Clerk:
    return Clerk(world, sandbox=True)


@pytest.fixture
def schedule(world: World) -> JSON:
    made: JSON = world.sandbox.post("/api/v1/schedules", json={"name": "Ada"}).json()["data"]
    return made


def test_calendars_are_connected_and_chosen(world: World, clerk: Clerk, schedule: JSON) -> None:
    done = clerk.follow(clerk.submit("/calendars"))
    assert "The calendars are connected" in text_of(done)
    assert "Connected" in text_of(done)
    path = f"/schedules/{schedule['id']}/calendars"
    page = clerk.open(path)
    assert "Personal known until" in " ".join(text_of(page).split())
    (connection,) = connections(world)
    listed = world.sandbox.get(f"/api/v1/calendar-connections/{connection['id']}/calendars")
    personal = listed.json()["data"][0]
    clerk.follow(clerk.submit(path, calendars=personal["id"]))
    (use,) = uses(world, schedule)
    assert (use["calendar_id"], use["reads"], use["writes"]) == (personal["id"], True, False)
    assert f'value="{personal["id"]}" checked' in clerk.open(path).text


@pytest.fixture
def calendars(world: World, clerk: Clerk) -> list[str]:
    """Two calendars, by their ids."""
    clerk.submit("/calendars")
    (connection,) = connections(world)
    path = f"/api/v1/calendar-connections/{connection['id']}/calendars"
    return [one["id"] for one in world.sandbox.get(path).json()["data"]][:2]


def put_uses(world: World, schedule: JSON, *given: JSON) -> None:
    path = f"/api/v1/schedules/{schedule['id']}/calendars"
    assert world.sandbox.put(path, json=given).status_code == 200


def test_what_somebody_else_ticks_meanwhile_stays(
    world: World, clerk: Clerk, schedule: JSON, calendars: list[str]
) -> None:
    path = f"/schedules/{schedule['id']}/calendars"
    page = clerk.open(path)
    clerk.submit(path, calendars=calendars[0])
    clerk.fill_in(page, path, calendars=calendars[1])
    assert {use["calendar_id"] for use in uses(world, schedule)} == set(calendars)
    clerk.submit(path, calendars=calendars[1])
    assert [use["calendar_id"] for use in uses(world, schedule)] == [calendars[1]]
    clerk.fill_in(page, path, calendars=calendars[1], were=[])
    assert [use["calendar_id"] for use in uses(world, schedule)] == [calendars[1]]


@pytest.mark.parametrize("reads", [True, False])
def test_choosing_what_is_read_leaves_what_is_written(
    world: World, clerk: Clerk, schedule: JSON, calendars: list[str], reads: bool
) -> None:
    written, other = calendars
    path = f"/schedules/{schedule['id']}/calendars"
    put_uses(world, schedule, {"calendar_id": written, "reads": reads, "writes": True})
    clerk.submit(path, calendars=[other])
    found = {use["calendar_id"]: (use["reads"], use["writes"]) for use in uses(world, schedule)}
    assert found == {written: (False, True), other: (True, False)}
    clerk.submit(path, calendars=[written])
    found = {use["calendar_id"]: (use["reads"], use["writes"]) for use in uses(world, schedule)}
    assert found == {written: (True, True)}


def test_a_connection_says_how_far_it_is_read(world: World, clerk: Clerk, schedule: JSON) -> None:
    clerk.submit("/calendars")
    (connection,) = connections(world)
    path = f"/calendars/{connection['id']}"
    calendar_id = f"{connection['id']}/calendars"
    listed = world.sandbox.get(f"/api/v1/calendar-connections/{calendar_id}").json()["data"]
    shown = " ".join(text_of(clerk.open(path)).split())
    assert "Last read Known until Personal" in shown
    chosen = {"schedule": schedule["id"], "calendars": listed[1]["id"]}
    clerk.follow(clerk.submit(f"{path}/schedules", path, **chosen))
    clerk.follow(clerk.submit(f"{path}/schedules", path, **chosen | {"calendars": listed[0]["id"]}))
    assert {use["calendar_id"] for use in uses(world, schedule)} == {c["id"] for c in listed}
    done = clerk.follow(clerk.submit(f"{path}/read", path))
    assert "The sync is under way." in text_of(done)


def test_calendars_are_disconnected(world: World, clerk: Clerk) -> None:
    clerk.submit("/calendars")
    (connection,) = connections(world)
    done = clerk.follow(clerk.submit(f"/calendars/{connection['id']}/disconnect", "/calendars"))
    assert "The calendars are disconnected." in text_of(done)
    assert connections(world) == []


def test_what_is_missing_is_said_at_its_field(world: World) -> None:
    clerk = Clerk(world)
    answer = clerk.submit("/calendars", url="https://cloud.example.com", username="ada")
    assert answer.status_code == 422
    assert "Password Please fill this in." in " ".join(text_of(answer).split())
    assert 'value="ada"' in answer.text


def test_a_password_is_in_no_page(world: World) -> None:
    clerk = Clerk(world)
    answer = clerk.submit("/calendars", url="http://127.0.0.1:1/", username="a", password="s3cret")
    assert answer.status_code == 502
    assert "The server did not answer" in text_of(answer)
    assert "s3cret" not in answer.text
