"""Two people at once in the settings: they collide in one section, and not in two."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.web.pages.settings.clerks import Clerk, fields_in
from tests.web.pages.visitors import text_of
from tests.world import JSON, World

Made = Callable[[World], tuple[str, str]]
"""Makes what is edited: its path in the API, and in the console."""
TOLD = "Somebody else changed this while you were at it"
SELECT: JSON = {"key": "size", "label": "Size?", "type": "select", "options": ["S", "L"]}


ORGANIZATION = "/api/v1/organization"
NOTIFY = {"notify_emails": ["x@y.example"]}
REMINDED = {"reminders_minutes_before": [30]}
GERMAN = {"translations": {"de": {"name": "Neu"}}}


def organization(_: World) -> tuple[str, str]:
    return ORGANIZATION, "/settings"


def event_type(world: World) -> tuple[str, str]:
    made = world.create_event_type(schedule_id=world.create_schedule()["id"], questions=[SELECT])
    return f"/api/v1/event-types/{made['id']}", f"/event-types/{made['id']}"


def schedule(world: World) -> tuple[str, str]:
    made = world.create_schedule(availability={"monday": [{"start": "09:00", "end": "12:00"}]})
    return f"/api/v1/schedules/{made['id']}", f"/schedules/{made['id']}"


HOURS = {"tuesday": [{"start": "09:00", "end": "12:00"}]}


class Case(NamedTuple):
    """A section of a thing, what is typed into it, and what somebody else changes meanwhile: beside
    it, and then within it."""

    made: Made
    path: str
    typed: dict[str, Any]
    beside: JSON
    within: JSON


OF_ORGANIZATION = partial(Case, organization)
OF_EVENT_TYPE = partial(Case, event_type)
RENAMED = {"name": "B"}
FRENCH = {"name": "Nouveau"}
CASES = [
    OF_ORGANIZATION("", {"name": "New"}, {"country": "FR"}, {"website": "https://a.example"}),
    OF_ORGANIZATION(
        "/looks", {"accent_color": "#102030"}, {"country": "FR"}, {"accent_color": "#aa0000"}
    ),
    OF_ORGANIZATION(
        "/region", {"country": "DE"}, {"staff_may_edit_hours": True}, {"country": "AT"}
    ),
    OF_ORGANIZATION("/notices", {"notify_email": "a@b.example"}, {"country": "FR"}, NOTIFY),
    OF_EVENT_TYPE("", {"name": "New"}, {"capacity": 3}, {"location": "There"}),
    OF_EVENT_TYPE("/when", {"min_notice_minutes": "2h"}, RENAMED, {"buffer_after_minutes": 5}),
    OF_EVENT_TYPE("/who", {"capacity": "4"}, RENAMED, {"capacity": 3}),
    OF_EVENT_TYPE("/form", {"questions__0__label": "How big?"}, RENAMED, {"questions": []}),
    OF_EVENT_TYPE("/messages", {"reminders_minutes_before": "1h"}, RENAMED, REMINDED),
    OF_EVENT_TYPE(
        "/after", {"redirect_url": "https://b.example"}, RENAMED, {"complete_after_minutes": 5}
    ),
    OF_EVENT_TYPE("/languages/fr", FRENCH, RENAMED, {"translations": {"fr": {"name": "Autre"}}}),
    OF_EVENT_TYPE(
        "/languages/fr", FRENCH, GERMAN, {"questions": [SELECT | {"options": ["L", "S"]}]}
    ),
    Case(
        schedule,
        "",
        {"availability__monday__0__end": "13:00"},
        {"description": "B"},
        {"availability": HOURS},
    ),
    Case(schedule, "/about", {"description": "New"}, {"availability": HOURS}, {"public_name": "B"}),
]


@pytest.mark.parametrize("case", CASES)
def test_a_form_collides_where_its_own_section_changed(world: World, case: Case) -> None:
    clerk, (api_path, path) = Clerk(world), case.made(world)
    path += case.path
    page = clerk.open(path)
    assert world.api.patch(api_path, json=case.beside).status_code == 200
    saved = clerk.fill_in(page, path, **case.typed)
    assert saved.status_code == 303, text_of(saved)
    assert_holds(world, api_path, case.beside)

    page = clerk.open(path)
    assert world.api.patch(api_path, json=case.within).status_code == 200
    before = world.api.get(api_path).json()["data"]
    late = clerk.fill_in(page, path, **case.typed)
    assert (late.status_code, TOLD in text_of(late)) == (412, True)
    assert world.api.get(api_path).json()["data"] == before
    assert clerk.fill_in(late, path).status_code == 303


def assert_holds(world: World, api_path: str, expected: JSON) -> None:
    assert chosen(world.api.get(api_path).json()["data"], expected) == expected


def chosen(value: Any, like: Any) -> Any:
    """What the other value names, too."""
    if not isinstance(like, dict):
        return value
    return {name: chosen(value[name], like[name]) for name in like}


def test_who_was_told_is_told_again_of_that_section_alone(world: World) -> None:
    clerk, path = Clerk(world), "/settings/looks"
    page = clerk.open(path)
    world.api.patch(ORGANIZATION, json={"accent_color": "#aa0000"})
    late = clerk.fill_in(page, path, accent_color="#102030")
    world.api.patch(ORGANIZATION, json={"country": "FR"})
    assert clerk.fill_in(late, path).status_code == 303
    assert_holds(world, ORGANIZATION, {"accent_color": "#102030", "country": "FR"})


def test_sections_that_are_saved_at_the_same_moment_are_all_kept(world: World) -> None:
    clerks = [Clerk(world) for _ in range(4)]
    for number in range(5):
        typed = [
            ("/settings", {"name": f"Name {number} {world.setup.organization_id}"}),
            ("/settings/looks", {"accent_color": f"#10203{number}"}),
            ("/settings/region", {"country": ["DE", "FR", "AT", "IT", "ES"][number]}),
            ("/settings/notices", {"notify_email": f"a{number}@b.example"}),
        ]
        pages = [clerk.open(path) for clerk, (path, _) in zip(clerks, typed, strict=True)]
        with ThreadPoolExecutor(len(clerks)) as pool:
            sendings = [
                pool.submit(clerk.fill_in, page, path, **text)
                for clerk, page, (path, text) in zip(clerks, pages, typed, strict=True)
            ]
        assert [sending.result().status_code for sending in sendings] == [303] * len(clerks)
        for _, text in typed:
            assert_holds(world, ORGANIZATION, text)


def test_of_one_section_saved_twice_at_the_same_moment_one_is_told(world: World) -> None:
    clerks = [Clerk(world) for _ in range(4)]
    pages = [clerk.open("/settings/looks") for clerk in clerks]
    with ThreadPoolExecutor(len(clerks)) as pool:
        sendings = [
            pool.submit(clerk.fill_in, page, "/settings/looks", accent_color=f"#10203{number}")
            for number, (clerk, page) in enumerate(zip(clerks, pages, strict=True))
        ]
    statuses = sorted(sending.result().status_code for sending in sendings)
    assert statuses == [303, 412, 412, 412]


def test_a_form_of_the_release_before_collides_with_any_change(world: World) -> None:
    clerk, page = Clerk(world), Clerk(world).open("/settings/looks")
    token = fields_in(clerk.open("/settings"), clerk.root + "/settings")["form_token"]
    fields = fields_in(page, clerk.root + "/settings/looks") | {"form_token": token}
    del fields["shown"]
    assert world.api.patch(ORGANIZATION, json={"country": "FR"}).status_code == 200
    assert clerk.post(f"{clerk.root}/settings/looks", data=fields).status_code == 412
