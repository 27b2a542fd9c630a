"""A world of many organizations: beside bookings and claims it has what follows from bookings, in
the tables that grow with them and that the timetable looks through.

The more bookings, the more organizations and schedules: 2,000 and 100,000 with ten million. Nothing
in it is due or old.
"""

from itertools import pairwise
from typing import Final

from bench.fill import PARTS, fill, run_side_by_side, without_indexes
from bench.home import Filling
from bench.world import DAYS, BenchWorld
from kalends.runtime.unit_of_work import Context

BOOKINGS_EACH: Final = 100
SCHEDULES_EACH: Final = 25
# No divisor of a number of schedules, so that it is of all of them.
ONE_IN: Final = 9

_NUMBERED: Final = """
    SELECT n, lpad(n::text, 32, '0')::uuid AS id, n / $1 AS turn, n % $1 AS schedule,
        n % $1 / 2 AS pair, lpad((
            CASE WHEN n % $1 % 2 = 0 THEN 0 ELSE 1 + n % $1 / 2 / $2 END)::text, 32, '0')::uuid
            AS organization_id
    FROM generate_series($3::bigint, $4::bigint - 1, {step}) AS n"""
# The events of an organization have the numbers from 1 on, in the order of the bookings.
EVENTS: Final = f"""
INSERT INTO events
    (organization_id, number, id, type, booking_id, data, actor, created_at, sequence)
SELECT organization_id, CASE WHEN schedule % 2 = 0 THEN turn * ($1 / 2) + pair
        ELSE turn * $2 + pair % $2 END + 1,
    id, 'booking.created', id, '{{"status": "CONFIRMED"}}', 'key_bench', now(), 0
FROM ({_NUMBERED.format(step=1)}) numbered
"""
COUNTERS: Final = """
UPDATE event_counters c SET last_number = (
    SELECT coalesce(max(number), 0) FROM events WHERE organization_id = c.organization_id)
"""
_SOME: Final = f"FROM ({_NUMBERED.format(step=ONE_IN)}) numbered"
FOLLOWING: Final = (
    f"""
INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number, state,
    tries, created_at, channel)
SELECT organization_id, id, organization_id, id, 'booking.created', id, 1, 'delivered', 1,
    now() - (n % 40 || ' hours')::interval, 'webhook' {_SOME}""",
    f"""
INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id, event_number, state,
    message, created_at)
SELECT organization_id, id, 'requested', 'attendee', 'attendee@example.com', id, 1, 'sent',
    'sealed', now() - (n % 40 || ' hours')::interval {_SOME}""",
    f"""
INSERT INTO reminders (organization_id, booking_id, minutes_before, remind_at)
SELECT organization_id, id, 60, timestamptz '2035-01-01' + (turn % {DAYS} || ' days')::interval
{_SOME}""",
    f"""
INSERT INTO booking_links (token_hash, organization_id, booking_id, created_at)
SELECT sha256(uuid_send(id)), organization_id, id, now() {_SOME}""",
    f"""
INSERT INTO idempotency_keys (organization_id, api_key_id, operation, key, fingerprint, status,
    headers, body, created_at)
SELECT organization_id, organization_id, 'POST /api/v1/bookings', n::text, '', 201, '[]', '',
    now() {_SOME}""",
)
# Of each organization one, whose bookings end by themselves; there are none yet.
EVENT_TYPES: Final = """
INSERT INTO event_types (organization_id, id, name, slug, duration_minutes, buffer_before_minutes,
    buffer_after_minutes, capacity, requires_confirmation, requirements, questions,
    reminders_minutes_before, expire_pending, complete_after_minutes, is_active, created_at,
    updated_at)
SELECT id, id, 'Consultation', 'consultation', 30, 0, 0, 1, false, '[]', '[]', '{60}', true, 60,
    true, now(), now()
FROM organizations
"""
TABLES: Final = ("events", "deliveries", "mails", "reminders", "booking_links")


def many(bookings: int) -> BenchWorld:
    """The world of that many bookings."""
    return BenchWorld(bookings, BOOKINGS_EACH, SCHEDULES_EACH)


async def fill_following(context: Context, world: BenchWorld) -> None:
    """What follows from the bookings that are there."""
    size = world.schedules, world.schedules_each
    bounds = [world.bookings * part // PARTS for part in range(PARTS + 1)]
    async with without_indexes(context, *TABLES):
        await run_side_by_side(context, [(EVENTS, *size, *part) for part in pairwise(bounds)])
        await run_side_by_side(context, [(sql, *size, 0, world.bookings) for sql in FOLLOWING])
    await run_side_by_side(context, [(COUNTERS,), (EVENT_TYPES,)])


WITH_FOLLOWING: Final = Filling((fill, fill_following), ("fill.py", "world.py", "many_world.py"))
