"""Tokens in addresses say whose they are, and those of the release before still open."""

import secrets

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import hash_of
from kalends.domain.ids import BOOKING, LENGTH, decode_id, new_id
from kalends.domain.tenant_tokens import key_of, new_tenant_token
from tests.conftest import fetch, run
from tests.world import World


def old_token() -> str:
    """As the release before made them."""
    return secrets.token_urlsafe(24)


def kept(token: str) -> str:
    """The hash as SQL."""
    return f"'\\x{hash_of(token).hex()}'"


def add_link(home: Installation, world: World, token: str) -> None:
    booking = world.book(world.create_schedule())
    run(
        home,
        "INSERT INTO booking_links (token_hash, organization_id, booking_id, created_at)"
        f" VALUES ({kept(token)}, '{world.setup.organization_id}',"
        f" '{decode_id(BOOKING, booking['id'])}', now())",
    )


def make_feed(world: World) -> str:
    path = f"/api/v1/schedules/{world.create_schedule()['id']}/feed"
    url: str = world.api.post(path).json()["data"]["url"]
    return url.rpartition("/")[2].removesuffix(".ics")


def read(world: World, path: str) -> httpx.Response:
    return world.stranger.get(path)


def test_a_new_token_says_whose_it_is(world: World) -> None:
    assert key_of(make_feed(world)).organization_id == world.setup.organization_id


def test_the_release_before_finds_a_new_token(home: Installation, world: World) -> None:
    token = make_feed(world)
    query = f"SELECT organization_id FROM schedule_feeds WHERE token_hash = {kept(token)}"
    assert [row[0] for row in fetch(home, query)] == [world.setup.organization_id]


def test_a_link_of_the_release_before_opens_its_booking(home: Installation, world: World) -> None:
    token = old_token()
    add_link(home, world, token)
    assert read(world, f"/booking/{token}").status_code == 200


def test_a_feed_of_the_release_before_is_read(home: Installation, world: World) -> None:
    make_feed(world)
    token = old_token()
    run(
        home,
        f"UPDATE schedule_feeds SET token_hash = {kept(token)}"
        f" WHERE organization_id = '{world.setup.organization_id}'",
    )
    assert read(world, f"/feeds/{token}.ics").status_code == 200


def test_a_secret_opens_nothing_under_another_organization(
    home: Installation, world: World
) -> None:
    token = new_tenant_token(world.setup.organization_id)
    add_link(home, world, token)
    assert read(world, f"/booking/{token}").status_code == 200
    head, secret = token[:LENGTH], token[LENGTH + 1 :]
    other = new_tenant_token(new_id())[:LENGTH]
    assert read(world, f"/booking/{other}-{secret}").status_code == 404
    assert read(world, f"/booking/{secret}").status_code == 404
    assert read(world, f"/booking/{head}-").status_code == 404


@pytest.mark.parametrize("at", [0, 21, 22, 31])
def test_a_hyphen_in_an_old_token_is_no_organization(at: int) -> None:
    token = "x" * at + "-" + "x" * (31 - at)
    assert key_of(token).organization_id is None


def test_the_release_before_still_remembers_a_booking(home: Installation, world: World) -> None:
    """Its statement names the hash alone as what two rows may not share."""
    booking = world.book(world.create_schedule())
    marking = (
        "INSERT INTO booking_links (token_hash, organization_id, booking_id, created_at)"
        f" VALUES ({kept('a mark')}, '{world.setup.organization_id}',"
        f" '{decode_id(BOOKING, booking['id'])}', now()) ON CONFLICT (token_hash)"
        " DO UPDATE SET booking_id = excluded.booking_id, created_at = excluded.created_at"
        " WHERE booking_links.organization_id = excluded.organization_id"
    )
    run(home, marking)
    run(home, marking)
