"""What has to hold in the database, whatever failed."""

from kalends.domain.ids import BOOKING, decode_id
from tests.failover.load import BookingLanes
from tests.failover.pair import Node
from tests.world import World


def assert_all_there_once(node: Node, world: World, load: BookingLanes) -> None:
    """Each key has one booking with one event and one claim; events are numbered without a gap."""
    answered = sorted(str(decode_id(BOOKING, one)) for one in load.answered.values())
    assert len(set(answered)) == len(answered)
    of = f"organization_id = '{world.setup.organization_id}'"
    of_bookings = {"bookings": "id", "events": "booking_id", "occupancies": "booking_id"}
    for table, column in of_bookings.items():
        found = node.psql(f"SELECT {column} FROM {table} WHERE {of} ORDER BY {column}")
        assert found.splitlines() == answered, table
    numbers = node.psql(f"SELECT number FROM events WHERE {of} ORDER BY number").splitlines()
    assert numbers == [str(number) for number in range(1, len(answered) + 1)]
    last = node.psql(f"SELECT last_number FROM event_counters WHERE {of}")
    assert last == str(len(answered))
