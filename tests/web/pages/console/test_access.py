"""Whose pages they are: roles, and two organizations with a user in both."""

import uuid
from collections.abc import Callable

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.servers import Server
from tests.web.pages.console.desks import SignedInBrowser, SignIn, make_user
from tests.web.pages.visitors import slug_of, text_of
from tests.world import World, tomorrow_at

PAGES = ("/calendar", "/calendar?view=month", "/bookings", "/bookings.csv", "/charts", "/live")


@pytest.fixture
def member(home: Installation, world: World, sign_in: SignIn) -> SignedInBrowser:
    email = f"member-{uuid.uuid4().hex[:8]}@example.test"
    make_user(home, world, email, Role.MEMBER)
    return sign_in(world, email)


def test_the_bare_address_leads_to_the_console(server: Server) -> None:
    with httpx.Client(base_url=server.url, follow_redirects=True) as visitor:
        page = visitor.get("/")
    assert page.url.path == "/console/sign-in"
    assert page.history[0].headers["location"] == "/console"


def test_another_organization_is_not_there(
    admin: SignedInBrowser, new_world: Callable[[], World], world: World
) -> None:
    other = slug_of(new_world())
    for path in PAGES:
        assert admin.get(f"/console/{other}{path}").status_code == 404
    data = {"form_token": admin.token}
    assert admin.post(f"/console/{other}/bookings/new", data=data).status_code == 404


def test_a_user_of_two_organizations_sees_one_at_a_time(
    home: Installation, world: World, new_world: Callable[[], World], sign_in: SignIn
) -> None:
    other = new_world()
    theirs = other.book(other.create_schedule(name="Their room"))
    ours = world.book(world.create_schedule(name="Our room"), attendee=attendee("Our attendee"))
    user = sign_in(world)
    make_user(home, other, user.email, Role.OWNER)

    for way in ("", "/edit", "/reschedule"):
        assert user.open(f"/bookings/{theirs['id']}{way}").status_code == 404
    fields = {"name": "X", "email": "x@example.com", "day": "2027-01-01", "time": "10:00"}
    for way in ("/status", "/cancel", "/edit", "/reschedule"):
        sent = user.submit(f"/bookings/{theirs['id']}{way}", status="CONFIRMED", **fields)
        assert sent.status_code == 404
    now = other.api.get(f"/api/v1/bookings/{theirs['id']}").json()["data"]
    assert now == theirs

    for path in PAGES[:5]:
        page = user.get(f"/console/{slug_of(other)}{path}")
        assert page.status_code == 200
        assert "Our attendee" not in page.text
        assert "Our room" not in page.text
    assert user.open(f"/bookings/{ours['id']}").status_code == 200


def test_schedules_and_event_types_of_another_organization_filter_nothing_in(
    world: World, admin: SignedInBrowser, new_world: Callable[[], World]
) -> None:
    other = new_world()
    schedule = other.create_schedule(name="Their room")
    event_type = other.create_event_type(name="Their thing", schedule_id=schedule["id"])
    for query in ({"schedule": schedule["id"]}, {"event_type": event_type["id"]}):
        for path in ("/calendar", "/bookings", "/bookings/new", "/charts"):
            page = admin.open(path, **query, minutes="30")
            assert page.status_code == 200
            assert "Their" not in page.text


def test_a_member_works_with_bookings(world: World, member: SignedInBrowser) -> None:
    booking = world.book(world.create_schedule())
    page = member.submit(f"/bookings/{booking['id']}/status", status="CONFIRMED")
    assert "The booking is confirmed" in text_of(page)
    assert status_of(world, booking["id"]) == "CONFIRMED"


def test_a_member_changes_no_settings(member: SignedInBrowser) -> None:
    for page in (member.open("/welcome"), member.submit("/welcome"), member.open("/welcome/share")):
        assert page.status_code == 403
        assert "This needs an admin" in text_of(page)


def test_a_member_passes_over_no_rules(world: World, member: SignedInBrowser) -> None:
    closed = world.create_schedule(availability={})
    page = member.open("/bookings/new", schedule=closed["id"], minutes="30", start=tomorrow_at(9))
    assert "Pass over the rules" not in page.text
    page = member.submit(
        "/bookings/new",
        schedule=closed["id"],
        minutes="30",
        start=tomorrow_at(9),
        name="Ada",
        email="ada@example.com",
        override="yes",
    )
    assert page.status_code == 422
    assert world.api.get("/api/v1/bookings").json()["meta"]["total"] == 0


def test_the_sandbox_is_an_organization_of_its_own(
    world: World, admin: SignedInBrowser, sign_in: SignIn
) -> None:
    world.book(world.create_schedule(), attendee=attendee("Of the live one"))
    sandbox = sign_in(world, slug=slug_of(world, sandbox=True))
    page = sandbox.open("/bookings")
    assert "Of the live one" not in page.text
    assert "This is the sandbox" in page.text
    assert "Of the live one" in admin.open("/bookings").text


def attendee(name: str) -> dict[str, str]:
    return {"name": name, "email": "someone@example.com"}


def status_of(world: World, booking_id: str) -> str:
    status: str = world.api.get(f"/api/v1/bookings/{booking_id}").json()["data"]["status"]
    return status
