"""Messages about one booking, which arrive in the order of its events."""

import pytest

from tests.fire.bookings import TIMES, change_many
from tests.fire.destinations import EVENTS, Destination
from tests.world import World

BOOKINGS = 40 * TIMES


@pytest.fixture(scope="module")
def changed(world: World) -> list[str]:
    return change_many(world, BOOKINGS)


def test_messages_about_a_booking_arrive_in_order_and_once(
    changed: list[str], destination: Destination
) -> None:
    destination.wait_for(changed, len(EVENTS), 60 * TIMES)
    in_order = list(range(len(EVENTS)))
    steps = destination.steps(changed).values()
    assert [taken for taken in steps if taken != in_order] == []
