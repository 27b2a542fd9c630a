"""One calendar that two organizations read and write."""

from collections.abc import Iterator

import pytest

from kalends.compose import Installation
from tests.calendars.difficult import DifficultOffice
from tests.calendars.test_busy import at
from tests.conftest import PASSWORD, make_organization
from tests.fakes.caldav import DifficultCalDav
from tests.world import World

pytestmark = pytest.mark.server


@pytest.fixture
def offices(
    own_world: World, own_home: Installation, dav: DifficultCalDav
) -> Iterator[list[DifficultOffice]]:
    second = World(own_world.url, make_organization(own_home), PASSWORD)
    yield [DifficultOffice(world, own_home, dav) for world in (own_world, second)]
    second.close()


def codes(office: DifficultOffice, hour: float) -> list[str]:
    """Why an hour on its schedule is not to be had."""
    kind = office.world.create_event_type(schedule_id=office.schedule["id"])
    query = {"event_type_id": kind["id"], "start_time": at(hour).isoformat()}
    explained = office.api.get("/api/v1/slots/explain", params=query).json()["data"]
    return [reason["code"] for reason in explained["reasons"]]


def test_the_event_of_one_organization_blocks_the_other(offices: list[DifficultOffice]) -> None:
    first, second = offices
    booking = first.booked(9)
    first.shows(9)
    for office in offices:
        office.read_anew()
    assert (codes(first, 9), codes(second, 9)) == (["SLOT_TAKEN"], ["BUSY"])
    first.cancel(booking)
    first.shows()
    second.read_anew()
    assert codes(second, 9) == []


def test_two_organizations_leave_each_others_events_alone(offices: list[DifficultOffice]) -> None:
    bookings = [office.booked(9 + 2 * at_) for at_, office in enumerate(offices)]
    offices[0].shows(9, 11)
    for office in offices:
        office.read_anew()
    offices[1].cancel(bookings[1])
    offices[0].shows(9)
    offices[0].read_anew()
    assert [office.findings() for office in offices] == [[], []]
    assert offices[0].booking(bookings[0])["status"] == "CONFIRMED"
