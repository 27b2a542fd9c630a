"""The words of the console: what is offered is a service, and the menu knows every page."""

import re
from importlib.resources import files

from babel.messages.pofile import read_po

from kalends.domain.access import Role
from kalends.domain.rights import RIGHTS, Reach
from kalends.web.console import table
from kalends.web.console.request import ROOT
from kalends.web.console.sections import MENU, menu_for, tabs_at

CATALOGUE = files("kalends.translation") / "catalogues" / "kalends.pot"
IN_CONSOLE = re.compile(r"web/(console|pages/templates/console)/")


def test_what_is_offered_is_a_service() -> None:
    with CATALOGUE.open("rb") as file:
        messages = [m for m in read_po(file) if m.id]
    said = [m.id for m in messages if any(IN_CONSOLE.search(place) for place, _ in m.locations)]
    assert len(said) > 500
    assert [text for text in said if "event type" in str(text).lower()] == []


def test_each_tab_leads_to_a_page() -> None:
    pages = {route.path for route in table.PAGES if route.method == "GET"}
    tabs = [tab for section in MENU for tab in section.tabs]
    assert [tab.path for tab in tabs if ROOT + tab.address not in pages] == []
    rights = {route.path: route.access for route in table.PAGES if route.method == "GET"}
    assert [tab.path for tab in tabs if rights[ROOT + tab.address] is not tab.right] == []


def tabs_of(role: Role) -> list[str]:
    menu = menu_for(lambda right: RIGHTS[right][role] is not Reach.NOTHING)
    return [tab.key for section in menu for tab in section.tabs]


def test_each_role_sees_what_it_may_do() -> None:
    work, own = ["calendar", "bookings"], ["schedules", "absences"]
    assert tabs_of(Role.STAFF) == [*work, *own, "calendars", "charts"]
    assert tabs_of(Role.MEMBER) == [*work, "event-types", *own, "charts"]
    assert tabs_of(Role.ADMIN) == [tab.key for section in MENU for tab in section.tabs]


def test_tabs_stand_above_lists_and_not_above_one_thing() -> None:
    menu = list(MENU)
    above = tabs_at(menu, "schedules", "/schedules")
    assert above is not None
    assert above.key == "team"
    assert tabs_at(menu, "schedules", "/schedules/sch_1") is None
    assert tabs_at(menu, "calendar", "/calendar") is None
    assert tabs_at(menu, "", "/language") is None
