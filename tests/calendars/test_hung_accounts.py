"""What one organization has waiting for a calendar server that hangs delays no other."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from kalends.compose import Installation
from tests.calendars.difficult import DifficultOffice
from tests.calendars.test_busy import at
from tests.calendars.test_written_events import WritingOffice
from tests.conftest import PASSWORD, make_organization
from tests.fakes.caldav import DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.world import World

pytestmark = pytest.mark.server
# Together more than a process has under way.
ACCOUNTS = 8
BOOKINGS_EACH = 18


def test_a_server_that_hangs_delays_no_other_organization(
    own_world: World, own_home: Installation, dav: DifficultCalDav
) -> None:
    hung = World(own_world.url, make_organization(own_home), PASSWORD)
    offices = [DifficultOffice(hung, own_home, dav) for _ in range(ACCOUNTS)]
    free = WritingOffice(own_world, own_home)
    dav.quirks.add(Quirk.HANGS)
    with ThreadPoolExecutor(8) as pool:
        pairs = product(offices, range(BOOKINGS_EACH))
        list(pool.map(lambda pair: pair[0].booked(pair[1]), pairs))
    free.booked(9)
    assert free.starts() == [at(9)]
    dav.quirks.clear()
    hung.close()
