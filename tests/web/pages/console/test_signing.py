"""Signing in and out of the console, and the choice of an organization."""

import uuid
from collections.abc import Callable

import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.conftest import PASSWORD
from tests.web.pages.console.desks import SignedInBrowser, SignIn, make_user, problem_in
from tests.web.pages.visitors import Browser, slug_of, text_of
from tests.world import World


def test_a_visitor_signs_in_and_returns_to_the_page(world: World) -> None:
    path = f"/console/{slug_of(world)}/bookings"
    with Browser(world.url) as visitor:
        page = visitor.get(path, params={"status": "PENDING"})
        assert page.url.path == "/console/sign-in"
        data = {"email": world.setup.admin_email, "password": PASSWORD}
        page = visitor.post(str(page.url), data=data)
    assert (page.url.path, page.url.query) == (path, b"status=PENDING")


# Each stays in the console as a browser reads it, which takes dots and backslashes for what they
# mean, however they are written.
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/console",
    "///evil.example/console",
    "/console/../../evil",
    "/console/..",
    "/console/../evil?next=1",
    "/console/./../evil",
    "/console/%2e%2e/evil",
    "/console/%2E./evil",
    "/console/.%2e?x=1",
    "/console/%252e%252e/evil",
    "/console/..;/evil",
    "/console/x/..%2f..%2fevil",
    "/console/..%5c..%5cevil",
    "/\\evil.example",
    "/console\\..\\evil",
    "/console/\\evil.example",
    "/console//evil.example",
    "/console@evil.example",
    "/console.evil.example",
    "/console:80@evil.example",
    "/consolevil",
    "/console#@evil.example/",
    "/console?\\x",
    "javascript:alert(1)",
    "/console/x\r\nset-cookie: a=b",
    "/console/x\tevil",
    "/console\n",
    "/console/é",
    " /console/x",
]


@pytest.mark.parametrize("evil", ELSEWHERE)
def test_a_sign_in_leads_into_the_console_alone(world: World, evil: str) -> None:
    with Browser(world.url) as visitor:
        visitor.follow_redirects = False
        data = {"email": world.setup.admin_email, "password": PASSWORD}
        made = visitor.post("/console/sign-in", params={"next": evil}, data=data)
        again = visitor.get("/console/sign-in", params={"next": evil})
    for answer in (made, again):
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console?x=1",
        "/console/some-place/calendar?view=day&day=2026-12-01",
        "/console/some-place/bookings.csv?email=a%40b.example&status=PENDING",
        "/console/some-place/bookings/bk_0aZ9/reschedule?next=%2F..%2F",
    ],
)
def test_a_sign_in_leads_back_to_a_page_of_the_console(world: World, path: str) -> None:
    with Browser(world.url) as visitor:
        visitor.follow_redirects = False
        data = {"email": world.setup.admin_email, "password": PASSWORD}
        answer = visitor.post("/console/sign-in", params={"next": path}, data=data)
    assert answer.headers["location"] == path


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(world: World) -> None:
    with Browser(world.url) as visitor:
        data = {"email": world.setup.admin_email, "password": "wrong"}
        known = visitor.post("/console/sign-in", data=data)
        unknown = visitor.post("/console/sign-in", data={**data, "email": "x@example.test"})
        neither = visitor.post("/console/sign-in", data={"email": "no address", "password": ""})
    assert [a.status_code for a in (known, unknown, neither)] == [401] * 3
    assert problem_in(known) == problem_in(unknown) == problem_in(neither) != ""
    assert world.setup.admin_email in known.text
    assert "wrong" not in problem_in(known)


def test_attempts_are_limited_as_those_of_the_api_are(world: World) -> None:
    email = f"{uuid.uuid4().hex}@example.test"
    with Browser(world.url) as visitor:
        for _ in range(22):
            answer = visitor.post("/console/sign-in", data={"email": email, "password": "wrong"})
            if answer.status_code == 429:
                break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "too many attempts" in problem_in(answer)


def test_signing_out_ends_the_session_on_the_server(admin: SignedInBrowser) -> None:
    cookie = admin.cookies["kalends_session"]
    page = admin.post("/console/sign-out", data={"form_token": admin.token})
    assert "You are signed out" in text_of(page)
    admin.cookies.set("kalends_session", cookie)
    assert admin.open("/calendar").url.path == "/console/sign-in"


def test_a_form_without_our_token_changes_nothing(admin: SignedInBrowser) -> None:
    for data in ({}, {"form_token": "AAAA"}):
        assert admin.post("/console/sign-out", data=data).status_code == 403
        assert admin.post(f"/console/{admin.slug}/welcome", data=data).status_code == 403
    assert admin.open("/calendar").status_code == 200


def test_a_token_of_another_session_is_none(
    world: World, admin: SignedInBrowser, sign_in: SignIn
) -> None:
    other = sign_in(world)
    assert admin.post("/console/sign-out", data={"form_token": other.token}).status_code == 403


def test_a_form_from_another_site_changes_nothing(admin: SignedInBrowser) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        data = {"form_token": admin.token}
        assert admin.post("/console/sign-out", data=data, headers=headers).status_code == 403


def test_who_belongs_to_one_organization_is_led_there_and_others_choose(
    home: Installation, world: World, new_world: Callable[[], World], sign_in: SignIn
) -> None:
    other = new_world()
    offered_world = world.create_schedule()
    world.create_event_type(schedule_id=offered_world["id"])
    user = sign_in(world)
    assert user.get("/console").url.path == f"/console/{user.slug}/calendar"
    make_user(home, other, user.email, Role.MEMBER)
    page = user.get("/console")
    assert page.url.path == "/console"
    for slug in (slug_of(world), slug_of(other), slug_of(other, sandbox=True)):
        assert f'href="/console/{slug}"' in page.text


def test_pages_are_kept_by_nobody_and_styled_by_no_one_else(admin: SignedInBrowser) -> None:
    page = admin.open("/calendar")
    assert page.headers["cache-control"] == "no-store"
    assert "'unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert " style=" not in page.text
    assert "<script>" not in page.text
