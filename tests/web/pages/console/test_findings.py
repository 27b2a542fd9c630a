"""What was seen in calendars is decided in the console."""

import pytest

from kalends.compose import Installation
from tests.calendars.test_busy import at
from tests.calendars.test_findings import FindingOffice
from tests.web.pages.console.desks import SignedInBrowser, problem_in
from tests.web.pages.visitors import slug_of, text_of
from tests.world import World

PATH = "/calendar-findings"


@pytest.fixture
def office(world: World, home: Installation) -> FindingOffice:
    return FindingOffice(world, home)


@pytest.fixture
def desk(world: World, office: FindingOffice) -> SignedInBrowser:
    return SignedInBrowser(world, slug=slug_of(world, sandbox=True))


def test_every_page_says_that_something_waits(desk: SignedInBrowser, office: FindingOffice) -> None:
    link = f'href="/console/{desk.slug}{PATH}"'
    assert link not in desk.open("/schedules").text
    office.booked(9)
    office.put_there(9.5)
    for path in ("/calendar", "/bookings", "/schedules"):
        assert link in desk.open(path).text, path


def test_an_overlap_is_cancelled_by_its_button(
    desk: SignedInBrowser, office: FindingOffice
) -> None:
    booking = office.booked(9)
    office.put_there(9.5)
    (finding,) = office.findings()
    page = text_of(desk.open(PATH))
    assert "An event in a calendar overlaps a booking" in page
    assert "Cancel booking" in page
    assert "Leave it as it is" in page
    assert "Move the booking too" not in page
    answer = desk.submit(f"{PATH}/{finding['id']}", resolution="cancel")
    assert "Nothing waits for a decision" in text_of(answer)
    assert office.booking(booking)["status"] == "CANCELLED"
    assert "An event in a calendar" in text_of(desk.open(f"/bookings/{booking['id']}"))


def test_what_cannot_be_done_is_said(desk: SignedInBrowser, office: FindingOffice) -> None:
    booking = office.booked(9)
    office.booked(14)
    office.settled()
    office.move_there(booking, 14.5)
    (finding,) = office.wait_for(office.findings)
    answer = desk.submit(f"{PATH}/{finding['id']}", resolution="follow")
    assert answer.status_code == 409
    assert problem_in(answer)
    assert desk.submit(f"{PATH}/{finding['id']}", resolution="restore").status_code == 200
    assert office.starts() == [at(9), at(14)]
    assert office.findings() == []
