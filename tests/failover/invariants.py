"""What has to hold in the database, whatever failed."""

from collections import defaultdict

from kalends.domain.ids import BOOKING, decode_id
from tests.failover.load import BookingLanes
from tests.failover.pair import Node
from tests.fire.destinations import EVENTS
from tests.world import World

BOOKED = """
SELECT id, status, to_char(start_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), title
FROM bookings WHERE {of} ORDER BY id
"""
CLAIMS = """
SELECT booking_id, to_char(lower(during) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM occupancies WHERE {of} ORDER BY booking_id
"""
UNDELIVERED = "SELECT count(*) FROM deliveries WHERE {of} AND state <> 'delivered'"


def assert_all_there_once(node: Node, world: World, load: BookingLanes) -> None:
    """Each booking is as it was answered last, with its events and its claim if it occupies any
    time; events are numbered without a gap, and each key is kept."""
    of = f"organization_id = '{world.setup.organization_id}'"
    answered = sorted((_uuid_of(one.shown), one) for one in load.answered.values())
    assert len({booking_id for booking_id, _ in answered}) == len(answered)
    assert _rows(node, BOOKED.format(of=of)) == [
        [booking_id, one.shown["status"], one.shown["start_time"], one.shown["title"] or ""]
        for booking_id, one in answered
    ]
    assert _rows(node, CLAIMS.format(of=of)) == [
        [booking_id, one.shown["start_time"]]
        for booking_id, one in answered
        if one.shown["status"] != "CANCELLED"
    ]
    _assert_events(node, of, {booking_id: one.events for booking_id, one in answered})
    kept = node.psql(f"SELECT key FROM idempotency_keys WHERE {of} AND operation LIKE '%bookings'")
    assert sorted(kept.splitlines()) == sorted(load.answered)


def undelivered(node: Node, world: World) -> int:
    """How many of the organization's messages are not known to have been taken."""
    of = f"organization_id = '{world.setup.organization_id}'"
    return int(node.psql(UNDELIVERED.format(of=of)))


def _assert_events(node: Node, of: str, expected: dict[str, int]) -> None:
    events = _rows(node, f"SELECT number, booking_id, type FROM events WHERE {of} ORDER BY number")
    last = node.psql(f"SELECT last_number FROM event_counters WHERE {of}")
    assert [number for number, _, _ in events] == [str(n + 1) for n in range(int(last))]
    types: dict[str, list[str]] = defaultdict(list)
    for _, booking_id, event_type in events:
        types[booking_id].append(event_type)
    assert types == {booking_id: list(EVENTS[:count]) for booking_id, count in expected.items()}


def _rows(node: Node, sql: str) -> list[list[str]]:
    return [line.split("|") for line in node.psql(sql).splitlines()]


def _uuid_of(shown: dict[str, object]) -> str:
    return str(decode_id(BOOKING, str(shown["id"])))
