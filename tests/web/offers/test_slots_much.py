"""Calendars that are very full."""

import time

from kalends.compose import Installation
from tests.conftest import run
from tests.world import World, plus

HOURS = 20_000
# From this hour on, each hour is busy from a quarter past to half past.
FIRST = "2030-01-01T00:00:00Z"
BUSY_ROWS = f"""
INSERT INTO busy_times (organization_id, id, schedule_id, start_time, end_time, created_at)
SELECT s.organization_id, gen_random_uuid(), s.id, at + interval '15 minutes',
    at + interval '30 minutes', now()
FROM schedules s, generate_series(0, {HOURS - 1}) AS hour,
    LATERAL (SELECT timestamptz '{FIRST}' + make_interval(hours => hour) AS at) placed
WHERE s.name = '{{name}}'
"""
GENEROUS_SECONDS = 20


def test_twenty_thousand_busy_times_are_all_kept_clear_of(world: World, home: Installation) -> None:
    schedule = world.create_schedule(name="Very busy")
    run(home, BUSY_ROWS.format(name="Very busy"))
    query = {"schedule_id": schedule["id"], "duration_minutes": 30, "slot_step_minutes": 15}
    for days in (14, 366):
        began = time.monotonic()
        span = {"start": FIRST, "end": plus(FIRST, days=days)}
        answer = world.api.get("/api/v1/slots", params=query | span)
        assert time.monotonic() - began < GENEROUS_SECONDS
        starts = [slot["start_time"] for slot in answer.json()["data"]]
        # Half an hour fits from half past and from a quarter to, but not from :00 or :15.
        assert starts == [
            plus(FIRST, hours=hour, minutes=minutes)
            for hour in range(days * 24)
            for minutes in (30, 45)
        ]
