"""The world that is measured: 20 organizations, 2,000 schedules, 200,000 bookings.

Schedules and bookings have ids that follow from their number, so that pgbench can name any of
them without asking for it first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from kalends.domain import ids
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.store.database import SESSION, ConnectionLimits

ORGANIZATIONS: Final = 20
SCHEDULES: Final = 2_000
BOOKINGS: Final = 200_000
FILLING: Final = ConnectionLimits(300.0, SESSION | {"statement_timeout": "0"})

# Free times, beyond every booking there is: half hours of the working day, on every schedule.
HALF_HOURS: Final = 20
FREE_DAYS: Final = 300
FREE_TIMES: Final = SCHEDULES * HALF_HOURS * FREE_DAYS
# Coprime to FREE_TIMES: its multiples visit every free time once, in no order a cache could like.
STRIDE: Final = 7_368_787

TODAY: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FREE_FROM: Final = TODAY + timedelta(days=60, hours=8)

SCHEDULE_ROWS: Final = """
INSERT INTO schedules
    (organization_id, id, name, timezone, availability, created_at, updated_at)
SELECT ($1::uuid[])[n % cardinality($1::uuid[]) + 1], lpad(n::text, 32, '0')::uuid,
    'Room ' || n, 'Europe/Berlin', (
        SELECT jsonb_object_agg(day, '{"start": "07:00", "end": "21:00"}'::jsonb)
        FROM unnest(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday',
            'sunday']) AS day),
    now(), now()
FROM generate_series(0, $2::integer - 1) AS n
"""
# A booking a day on each schedule, half of them past. In the order of their making, as UUIDv7 is.
BOOKING_ROWS: Final = """
WITH made AS MATERIALIZED (
    SELECT n, n % $2::integer AS schedule, n / $2::integer * 2 >= $3::integer / $2 AS is_ahead,
        random() AS dice,
        $4::timestamptz + make_interval(
            days => (n / $2 - $3 / $2 / 2)::integer, hours => 8 + n * 7 % 10) AS starts_at
    FROM generate_series(0, $3 - 1) AS n)
INSERT INTO bookings
    (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time, timezone,
     wall_clock, title, location, location_type, attendee_name, attendee_email, attendee_phone,
     metadata, source, created_at, updated_at)
SELECT ($1::uuid[])[n % cardinality($1::uuid[]) + 1], lpad(n::text, 32, '0')::uuid,
    lpad(schedule::text, 32, '0')::uuid, ARRAY[lpad(schedule::text, 32, '0')::uuid],
    CASE WHEN is_ahead THEN
        CASE WHEN dice < 0.6 THEN 'CONFIRMED' WHEN dice < 0.9 THEN 'PENDING' ELSE 'CANCELLED' END
    ELSE
        CASE WHEN dice < 0.7 THEN 'COMPLETED' WHEN dice < 0.8 THEN 'NO_SHOW' ELSE 'CANCELLED' END
    END,
    starts_at, starts_at + interval '1 hour', 'Europe/Berlin',
    to_char(starts_at, 'YYYY-MM-DD"T"HH24:MI:SS'), 'Consultation', 'Room ' || schedule, 'in_person',
    'Attendee ' || n, 'attendee' || n || '@example.com', '+49 30 ' || 100000 + n,
    '{"order": 1234, "channel": "website"}', 'api', starts_at - interval '30 days',
    starts_at - interval '30 days'
FROM made ORDER BY n
"""
OCCUPANCY_ROWS: Final = """
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, starts_at, during)
SELECT organization_id, schedule_id, id, id, start_time, tstzrange(start_time, end_time)
FROM bookings WHERE status IN ('PENDING', 'CONFIRMED', 'COMPLETED') ORDER BY id
"""
# As autovacuum leaves a database that has been running for a while.
SETTLE: Final = ("VACUUM (ANALYZE)", "CHECKPOINT")


@dataclass(frozen=True)
class World:
    """What was filled in: the live organizations and one key of each, in one order."""

    organization_ids: list[UUID]
    keys: list[str]


@dataclass(frozen=True)
class FreeTime:
    """The `number`th free time; the same sum stands in the pgbench script."""

    number: int

    @property
    def schedule(self) -> int:
        return self._place % SCHEDULES

    @property
    def starts_at(self) -> datetime:
        days, half_hours = divmod(self._place // SCHEDULES, HALF_HOURS)
        return FREE_FROM + timedelta(days=days, minutes=30 * half_hours)

    @property
    def _place(self) -> int:
        return self.number * STRIDE % FREE_TIMES


def numbered(number: int) -> UUID:
    """The id of a schedule or booking: its number, in decimal digits."""
    return UUID(f"{number:0>32}")


def shown_booking(number: int) -> str:
    return ids.encode_id(ids.BOOKING, numbered(number))


def shown_schedule(number: int) -> str:
    return ids.encode_id(ids.SCHEDULE, numbered(number))


async def fill(context: Context) -> World:
    """Fills a migrated, empty database."""
    made = [
        await set_up_organization(
            context, f"Organization {n}", f"admin{n}@example.com", "correct horse battery"
        )
        for n in range(ORGANIZATIONS)
    ]
    organization_ids = [one.organization_id for one in made]
    async with context.database.connection() as connection:
        for sql, arguments in (
            ("SELECT setseed(0.5)", ()),
            (SCHEDULE_ROWS, (organization_ids, SCHEDULES)),
            (BOOKING_ROWS, (organization_ids, SCHEDULES, BOOKINGS, TODAY)),
            (OCCUPANCY_ROWS, ()),
            *((settle, ()) for settle in SETTLE),
        ):
            await connection.execute(sql, *arguments)
    return World(organization_ids, [one.api_key or "" for one in made])
