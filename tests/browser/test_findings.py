"""What was seen in calendars, decided on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from kalends.compose import Installation
from tests.browser.conftest import PHONE, Violations, Visits, sign_in
from tests.calendars.test_busy import at
from tests.calendars.test_findings import FindingOffice
from tests.web.pages.visitors import slug_of
from tests.world import JSON, World

OVERLAP = "An event in a calendar overlaps a booking"
MOVED = "A booking's event was moved in a calendar"


@pytest.fixture
def office(world: World, home: Installation) -> FindingOffice:
    return FindingOffice(world, home)


@pytest.fixture
def open_phone(office: FindingOffice, world: World, visit: Visits) -> Callable[[], Page]:
    def open_list() -> Page:
        """The console on a phone, and what waits there, as its owner comes to it."""
        page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
        sign_in(page, world)
        page.goto(f"/console/{slug_of(world, sandbox=True)}/bookings")
        page.get_by_role("complementary").get_by_role("link").click()
        return page

    return open_list


def card_of(page: Page, heading: str) -> Locator:
    return page.get_by_role("region", name=heading)


def overlapped(office: FindingOffice) -> JSON:
    booking = office.booked(9)
    office.put_there(9.5)
    return booking


def moved_onto_another(office: FindingOffice) -> JSON:
    booking = office.booked(12)
    office.booked(14)
    office.settled()
    office.move_there(booking, 14.5)
    office.wait_for(office.findings)
    return booking


def test_an_overlap_is_cancelled_on_a_phone(
    office: FindingOffice, open_phone: Callable[[], Page]
) -> None:
    booking = overlapped(office)
    page = open_phone()
    card = card_of(page, OVERLAP)
    expect(card).to_contain_text("9:00 AM – 10:00 AM")
    expect(card).to_contain_text("9:30 AM – 10:30 AM")
    card.get_by_text("Cancel booking").tap()
    assert office.booking(booking)["status"] == "CONFIRMED"
    card.get_by_role("button", name="Yes, cancel it").tap()
    expect(page.get_by_role("heading", name="Nothing waits for a decision")).to_be_visible()
    assert office.booking(booking)["status"] == "CANCELLED"
    expect(page.get_by_role("complementary").get_by_role("link")).to_have_count(0)


def test_what_is_refused_on_a_phone_can_be_decided_otherwise(
    office: FindingOffice, open_phone: Callable[[], Page]
) -> None:
    moved_onto_another(office)
    page = open_phone()
    card_of(page, MOVED).get_by_role("button", name="Move the booking too").tap()
    expect(page.get_by_role("alert")).to_be_visible()
    card_of(page, MOVED).get_by_role("button", name="Write the event again").tap()
    expect(page.get_by_role("heading", name="Nothing waits for a decision")).to_be_visible()
    assert office.starts() == [at(12), at(14)]


def test_what_waits_for_a_decision_fits_a_phone(
    office: FindingOffice, open_phone: Callable[[], Page], violations: Violations
) -> None:
    overlapped(office)
    moved_onto_another(office)
    page = open_phone()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    for button in page.locator("main").get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44, button.inner_text()
    assert violations(page) == []
