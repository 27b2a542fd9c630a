"""Every page and form of the console, for each role, with own things and those of others.

What has to happen is read from the table of rights. One organization serves all: what is refused
changes nothing, and of what is allowed only pages are asked for.
"""

import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from msgspec import structs

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.domain.ids import ORGANIZATION, encode_id, new_id
from kalends.domain.rights import RIGHTS, Reach, Right
from kalends.services.setup import add_user
from kalends.web.app import PAGES, ROUTES
from kalends.web.console import table
from kalends.web.http.routes import Access
from kalends.web.pages.routes import PageRoute
from tests.calendars.readings import use
from tests.conftest import PASSWORD, in_thread
from tests.homes import BESIDE
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.console.test_absences import path_of
from tests.web.pages.console.test_live import listening
from tests.web.pages.visitors import slug_of
from tests.world import JSON, World, plus, tomorrow_at

ROOT = "/console/{organization}"
IN_ORGANIZATION = [route for route in table.PAGES if route.path.startswith(ROOT)]
# What stands in a path, and is somebody's.
PERSONAL = {"{id}", "{schedule}", "{busy_time}", "{connection}", "{absence}", "{finding}"}
# And what is the organization's.
COMMON = {
    "{delivery}",
    "{event_type}",
    "{key}",
    "{language}",
    "{mail}",
    "{message_template}",
    "{organization}",
    "{table}",
    "{user}",
    "{webhook}",
}
SECRET = "Zebulon"
# About what a query names, and here none does.
NEEDS_A_QUERY = {f"{ROOT}/welcome/event-type", f"{ROOT}/welcome/share"}
REFUSED = {Role.MEMBER: 403, Role.STAFF: 404}


@dataclass
class Person:
    """Somebody with a role, and what is that one's: one of each thing, by its place in paths."""

    email: str
    things: dict[str, str] = field(default_factory=dict)


@dataclass
class Shop:
    """The sandbox of an organization, which has calendars without a network."""

    world: World
    slug: str
    people: dict[Role, Person]
    strangers: dict[str, str]
    common: dict[str, str]

    @cached_property
    def desks(self) -> dict[Role, "Desk"]:
        return {role: Desk(self.world, one.email, self.slug) for role, one in self.people.items()}

    def path(self, route: PageRoute, things: dict[str, str]) -> str:
        """The route's path with those things and the organization's, and ids of nothing where there
        are none."""

        def thing(place: re.Match[str]) -> str:
            return (self.common | things).get(place[0]) or encode_id("evt", new_id())

        return re.sub(r"\{\w+\}", thing, route.path.removeprefix(ROOT))


class Desk(SignedInBrowser):
    """One that only looks at what is answered."""

    def status(self, method: str, path: str) -> tuple[int, str]:
        """What is answered, and what is read of a page; a stream is not listened to."""
        data = {"form_token": self.token} if method == "POST" else None
        url = f"/console/{self.slug}{path}"
        with self.stream(method, url, data=data, follow_redirects=False) as answer:
            if "event-stream" not in answer.headers.get("content-type", ""):
                answer.read()
                return answer.status_code, answer.text
            return answer.status_code, ""


@pytest.fixture(scope="module")
def shop(home: Installation, module_world: World) -> Iterator[Shop]:
    setup = module_world.setup
    emails = {role: f"{role}-{uuid.uuid4().hex[:8]}@example.test" for role in Role}

    async def add() -> None:
        context = home.context(BESIDE)
        named = encode_id(ORGANIZATION, setup.organization_id)
        for role, email in emails.items():
            await add_user(context, named, email, PASSWORD, role)
        await context.close()

    in_thread(add())
    sandbox = structs.replace(
        setup, organization_id=setup.sandbox_organization_id, api_key=setup.sandbox_api_key
    )
    world = World(module_world.url, sandbox, PASSWORD)
    users = {
        one["role"]: one["id"]
        for one in data(world, "GET", "users")
        if one["email"] in emails.values()
    }
    people = {role: Person(email) for role, email in emails.items()}
    people[Role.STAFF].things = things_of(world, users["staff"], "Own")
    strangers = things_of(world, users["member"], SECRET)
    slug = slug_of(module_world, sandbox=True)
    yield Shop(world, slug, people, strangers, things_of_all(world, users["member"]))
    world.close()


def data(world: World, method: str, path: str, **body: Any) -> Any:
    answer = world.api.request(method, f"/api/v1/{path}", json=body or None)
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


def things_of(world: World, user_id: str, word: str) -> dict[str, str]:
    """One of each thing of that user's, with the word in whatever can be read of it."""
    schedule = world.create_schedule(name=f"{word} chair", user_id=user_id)
    world.create_event_type(
        name=f"{word} cut",
        duration_minutes=30,
        requirements=[{"count": 1, "schedule_ids": [schedule["id"]]}],
    )
    attendee = {"name": f"{word} Doe", "email": f"{word.lower()}@example.com"}
    booking = world.book(schedule, tomorrow_at(10), attendee=attendee)
    path = f"schedules/{schedule['id']}"
    away = {"start_time": tomorrow_at(12), "end_time": tomorrow_at(13), "reason": f"{word} is away"}
    ill = {"start_time": tomorrow_at(13), "end_time": tomorrow_at(14), "reason": f"{word} is ill"}
    busy: JSON = data(world, "POST", f"{path}/busy-times", **away)
    absence: JSON = data(world, "POST", f"{path}/absences", **ill)
    connection: JSON = data(world, "POST", "calendar-connections", provider="test", user_id=user_id)
    finding = finding_about(world, booking, connection)
    return {
        "{id}": booking["id"],
        "{finding}": finding["id"],
        "{schedule}": schedule["id"],
        "{busy_time}": busy["id"],
        "{connection}": connection["id"],
        "{absence}": absence["id"],
    }


def things_of_all(world: World, user_id: str) -> dict[str, str]:
    """One of each thing of the organization, with the word in whatever can be read of it."""
    event_type, *_ = [one for one in data(world, "GET", "event-types") if SECRET in one["name"]]
    named = {"translations": {"de": {"name": f"{SECRET} Schnitt"}}}
    data(world, "PATCH", f"event-types/{event_type['id']}", **named)
    words = {"kind": "reminder", "audience": "attendee", "locale": "de", "subject": SECRET}
    template: JSON = data(world, "POST", "message-templates", **words)
    address = f"{world.url}/{SECRET}"
    webhook: JSON = data(world, "POST", "webhooks", url=address)
    key: JSON = data(world, "POST", "api-keys", name=SECRET, scopes=["bookings:read"])
    return {
        "{event_type}": event_type["id"],
        "{key}": key["id"],
        "{language}": "de",
        "{message_template}": template["id"],
        "{table}": "time",
        "{user}": user_id,
        "{webhook}": webhook["id"],
    }


def finding_about(world: World, booking: JSON, connection: JSON) -> JSON:
    """What is found as somebody puts an event over the booking, in a calendar of its schedule."""
    path = f"calendar-connections/{connection['id']}/calendars"
    calendar, *_ = data(world, "GET", path)
    use(world.api, booking["schedule_id"], calendar)
    times = {"start_time": booking["start_time"], "end_time": booking["end_time"]}
    data(world, "POST", f"{path}/{calendar['id']}/events", **times)
    listed = data(world, "GET", "calendar-findings")
    return next(one for one in listed if one["booking_id"] == booking["id"])


def test_every_page_of_the_console_needs_a_right() -> None:
    """A new one without its right fails here, and before that for mypy."""
    console = [route for route in PAGES if route.path.startswith("/console")]
    without = {(r.method, r.path) for r in console if not isinstance(r.access, Right)}
    assert without == {("GET", "/console/sign-in"), ("POST", "/console/sign-in")}
    assert not [r for r in IN_ORGANIZATION if not isinstance(r.access, Right)]


def test_every_place_in_a_path_is_somebodys_or_the_organizations() -> None:
    """A new one is tried with others' things, or said to be nobody's own."""
    places = {place for route in IN_ORGANIZATION for place in re.findall(r"\{\w+\}", route.path)}
    assert places == PERSONAL | COMMON


def test_every_call_with_a_session_needs_a_right() -> None:
    rights = {route.path: route.access for route in ROUTES if isinstance(route.access, Right)}
    assert {path for path, right in rights.items() if right is Right.OWN_ACCOUNT} == {
        "/api/auth/logout",
        "/api/auth/me",
    }
    assert {r.path for r in ROUTES if not r.path.startswith("/api/v1/")} - set(rights) == {
        r.path for r in ROUTES if r.access is Access.OPEN
    }


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_what_the_table_says(shop: Shop, role: Role) -> None:
    wrong = []
    for route in IN_ORGANIZATION:
        for whose, things in (("own", shop.people[Role.STAFF].things), ("others'", shop.strangers)):
            may, status = expected(route, role, whose)
            if whose == "others'" and not is_personal(route):
                continue
            if may and route.method == "POST":
                continue
            got, text = shop.desks[role].status(route.method, shop.path(route, things))
            fits = got == status if not may else got not in (401, 403, 404) and got < 500
            if is_missing(route, shop) and may:
                fits = got == 404  # it is let in, and there is no such thing
            if role is Role.STAFF and SECRET in text:
                wrong.append(f"{route.method} {route.path} tells of others'")
            if not fits:
                wrong.append(f"{route.method} {route.path} ({whose}): {got}, not {status}")
    assert wrong == []


def expected(route: PageRoute, role: Role, whose: str) -> tuple[bool, int]:
    """Whether it may, and what is answered if not."""
    assert isinstance(route.access, Right)
    reach = RIGHTS[route.access][role]
    if reach is Reach.NOTHING:
        return False, REFUSED[role]
    if reach is Reach.OWN and is_personal(route) and whose != "own":
        return False, 404
    return True, 200


def is_personal(route: PageRoute) -> bool:
    return any(place in route.path for place in PERSONAL)


def is_missing(route: PageRoute, shop: Shop) -> bool:
    """Whether it is about a thing that nobody has here."""
    there = {*PERSONAL, *shop.common, "{organization}"}
    places = set(re.findall(r"\{\w+\}", route.path)) - there
    return bool(places) or route.path in NEEDS_A_QUERY


def test_staff_counts_exports_and_finds_its_own_alone(shop: Shop) -> None:
    staff, other = shop.desks[Role.STAFF], shop.strangers["{id}"]
    _, sheet = staff.status("GET", "/bookings.csv")
    assert len(sheet.strip().splitlines()) == 2
    for query in (f"search={other}", "search=zebulon", f"schedule={shop.strangers['{schedule}']}"):
        _, page = staff.status("GET", f"/bookings?{query}")
        assert f"/bookings/{other}" not in page
        assert SECRET not in page
    _, calendar = staff.status("GET", f"/calendar?schedule={shop.strangers['{schedule}']}")
    assert SECRET not in calendar
    assert "1 booking waits" in calendar
    _, sheet = shop.desks[Role.MEMBER].status("GET", "/bookings.csv")
    assert len(sheet.strip().splitlines()) == 3


def test_staff_opens_on_its_own_week(shop: Shop) -> None:
    page = shop.desks[Role.STAFF].get(f"/console/{shop.slug}")
    assert page.url.path.endswith("/calendar")
    assert 'class="sheets of-week' in page.text
    assert "1 booking waits" in page.text


def test_session_calls_about_settings_are_not_there_for_staff(shop: Shop) -> None:
    named = encode_id(ORGANIZATION, shop.world.setup.organization_id)
    for role, status in ((Role.ADMIN, 404), (Role.MEMBER, 403), (Role.STAFF, 404)):
        query = {"organizationId": named}
        answer = shop.desks[role].get("/api/integrations/calcom", params=query)
        no_such_organization = "that you belong to" in answer.text
        assert (answer.status_code, no_such_organization) == (status, role is Role.STAFF)


def test_staff_changes_what_is_its_own(shop: Shop) -> None:
    """Every form that the table gives it, once."""
    staff, world = shop.desks[Role.STAFF], shop.world
    own = things_of(world, user_of(shop, Role.STAFF), "Second")
    schedule, booking = f"/schedules/{own['{schedule}']}", f"/bookings/{own['{id}']}"
    account, absence = f"/calendars/{own['{connection}']}", f"/absences/{own['{absence}']}"
    until = {"busy.end_day": "2027-01-06"}
    day, who = {"day": tomorrow_at(0)[:10]}, {"name": "Ada", "email": "ada@example.com"}
    forms: list[tuple[str, dict[str, str]]] = [
        (f"{booking}/status", {"status": "CONFIRMED"}),
        (f"{booking}/edit", who),
        (f"{booking}/reschedule", {"start": tomorrow_at(15)}),
        (f"{booking}/reassign", {"schedule": shop.people[Role.STAFF].things["{schedule}"]}),
        (f"{booking}/cancel", {}),
        ("/bookings/new", {"schedule": own["{schedule}"], "start": tomorrow_at(16), **who}),
        (schedule, {"availability.monday.0.start": "8", "availability.monday.0.end": "12"}),
        (f"{schedule}/overrides", day),
        (f"{schedule}/overrides/remove", day),
        (f"{schedule}/busy-times", {"busy.start_day": "2027-01-04", "busy.end_day": "2027-01-05"}),
        (f"{schedule}/busy-times/{own['{busy_time}']}/remove", {}),
        ("/absences", {"who": own["{schedule}"], "busy.start_day": "2027-01-06", **until}),
        (f"{absence}/resolve", {}),
        (f"{absence}/remove", {}),
        (f"{schedule}/feed", {}),
        (f"{schedule}/feed/revoke", {}),
        (f"/calendar-findings/{own['{finding}']}", {"resolution": "dismiss"}),
        ("/calendars", {}),
        (f"{schedule}/calendars", {}),
        (f"{account}/schedules", {"schedule": own["{schedule}"]}),
        (f"{account}/read", {}),
        (f"{account}/disconnect", {}),
        ("/language", {"locale": ""}),
        ("/notifications", {}),
    ]
    posted = [route for route in IN_ORGANIZATION if route.method == "POST"]
    allowed = {route.path for route in posted if expected(route, Role.STAFF, "own")[0]}
    # The sandbox's calendars have no password, and nobody consents to them.
    accounts = f"{ROOT}/calendars"
    live = {f"{accounts}/{{connection}}/{one}" for one in ("password", "consent")}
    live.add(f"{accounts}/consented")
    assert {general(path, own) for path, _ in forms} == allowed - live
    for path, fields in forms:
        answer = staff.submit(path, **fields)
        assert [one.status_code for one in answer.history] == [303], (path, answer.text)
    after = data(world, "GET", f"schedules/{own['{schedule}']}")
    assert after["name"] == "Second chair"
    assert list(after["availability"]) == ["monday"]
    assert data(world, "GET", f"bookings/{own['{id}']}")["status"] == "CANCELLED"


def general(path: str, things: dict[str, str]) -> str:
    for place, thing in things.items():
        path = path.replace(thing, place)
    return ROOT + path


def user_of(shop: Shop, role: Role) -> str:
    email = shop.people[role].email
    return next(str(one["id"]) for one in data(shop.world, "GET", "users") if one["email"] == email)


def test_staff_moves_no_booking_to_somebody_else(shop: Shop) -> None:
    """Its own schedule is taken then, and that of the other would be free."""
    staff, world = shop.desks[Role.STAFF], shop.world
    own, others = shop.people[Role.STAFF].things["{schedule}"], shop.strangers["{schedule}"]
    event_type = world.create_event_type(
        name="Either of two",
        duration_minutes=30,
        requirements=[{"count": 1, "schedule_ids": [own, others]}],
    )
    given = {"event_type_id": event_type["id"], "schedule_id": own}
    moved = world.book(None, tomorrow_at(17), **given)
    world.book(None, tomorrow_at(18), **given)
    page = staff.submit(f"/bookings/{moved['id']}/reschedule", start=tomorrow_at(18))
    assert page.status_code == 409, page.text
    assert SECRET not in page.text
    assert data(world, "GET", f"bookings/{moved['id']}")["start_time"] == tomorrow_at(17)
    member = shop.desks[Role.MEMBER]
    assert member.submit(f"/bookings/{moved['id']}/reschedule", start=tomorrow_at(18)).is_success
    assert data(world, "GET", f"bookings/{moved['id']}")["schedule_id"] == others


def test_staff_that_is_away_gives_nothing_to_others(shop: Shop) -> None:
    staff, world = shop.desks[Role.STAFF], shop.world
    own, others = shop.people[Role.STAFF].things["{schedule}"], shop.strangers["{schedule}"]
    event_type = world.create_event_type(
        duration_minutes=30, requirements=[{"count": 1, "schedule_ids": [own, others]}]
    )
    start = plus(tomorrow_at(14), hours=24)
    booking = world.book(None, start, event_type_id=event_type["id"], schedule_id=own)
    path = f"/bookings/{booking['id']}/reassign"
    away = {"busy.start_day": start[:10], "busy.end_day": start[:10]}
    offered = [staff.open(path), staff.submit("/absences", who=own, **away)]
    assert [page.status_code for page in offered] == [200, 200]
    given = {"of": booking["id"], "do.0": f"reassign:{others}"}
    user = user_of(shop, Role.MEMBER)
    refused = [
        staff.submit(path, schedule=others),
        staff.submit(f"{path_of(offered[1])}/resolve", **given),
        staff.submit("/absences", who=others, **away),
        staff.submit("/absences", who=user, **away),
    ]
    assert [page.status_code for page in refused] == [404, 409, 404, 404]
    for page in (*offered, *refused):
        assert SECRET not in page.text
    assert data(world, "GET", f"bookings/{booking['id']}")["schedule_id"] == own
    assert len(data(world, "GET", f"schedules/{others}/absences")) == 1
    member = shop.desks[Role.MEMBER]
    assert others in member.open(path_of(offered[1])).text
    assert member.submit(path, schedule=others).is_success
    assert data(world, "GET", f"bookings/{booking['id']}")["schedule_id"] == others


def test_the_live_stream_tells_staff_of_its_own_alone(shop: Shop) -> None:
    own, others = shop.people[Role.STAFF].things["{schedule}"], shop.strangers["{schedule}"]
    with listening(shop.desks[Role.STAFF]) as heard:
        for schedule, comes in ((others, False), (own, True)):
            shop.world.book({"id": schedule}, tomorrow_at(20))
            if comes:
                heard.wait_for("event: change")
            else:
                time.sleep(1.5)
                assert "event: change" not in heard.lines
    assert not [line for line in heard.lines if re.search(r"(id|data): \d", line)]


def test_an_organization_that_sets_hours_itself_refuses_staff(shop: Shop) -> None:
    staff, schedule = shop.desks[Role.STAFF], shop.people[Role.STAFF].things["{schedule}"]
    data(shop.world, "PATCH", "organization", staff_may_edit_hours=False)
    try:
        assert staff.submit(f"/schedules/{schedule}", always="yes").status_code == 404
        assert "Weekly hours" in staff.open(f"/schedules/{schedule}").text
    finally:
        data(shop.world, "PATCH", "organization", staff_may_edit_hours=True)


def test_a_feed_ends_when_its_schedule_goes_to_somebody_else(shop: Shop) -> None:
    staff, world = shop.desks[Role.STAFF], shop.world
    own = world.create_schedule(user_id=user_of(shop, Role.STAFF))
    page = staff.submit(f"/schedules/{own['id']}/feed")
    address = re.search(r"http[^\"]+/feeds/[^\"]+\.ics", page.text)
    assert address, page.text
    assert world.stranger.get(address[0]).status_code == 200
    data(world, "PATCH", f"schedules/{own['id']}", user_id=user_of(shop, Role.MEMBER))
    assert world.stranger.get(address[0]).status_code == 404
    assert staff.open(f"/schedules/{own['id']}").status_code == 404
