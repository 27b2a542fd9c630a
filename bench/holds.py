"""`python -m bench.holds`: how long the longest answers keep the event loop to themselves.

The application in this process, asked once for each long answer, while another task takes every
turn that it gets: the longest time between two of its turns is how long others had to wait.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from bench.home import environ_of, folder_of
from bench.turns import LongestTurn
from kalends.application import application, freeze_garbage_collector
from kalends.compose import Installation, installation, migrate_now
from kalends.domain import ids
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import set_up_organization
from kalends.settings import Settings

TARGET_MS: Final = 50
BOOKINGS: Final = 500
SCHEDULES: Final = 20
METADATA: Final = {"text": "x" * 7_500}
DAY: Final = "2030-01-01"
ROWS: Final = 20_000
EMAIL: Final = "admin@example.test"
PASSWORD: Final = "long enough 1"
# In which month of the calendar many bookings lie.
MONTH: Final = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
ROWS_AT_ONCE: Final = 1_000
_KEPT: Final = (
    "schedule_id, schedule_ids, status, timezone, wall_clock, created_at, updated_at,"
    " attendee_name, attendee_email, source"
)
BOOKED: Final = f"""
WITH one AS (
    SELECT {_KEPT} FROM bookings WHERE organization_id = $1 AND schedule_id = $2
    ORDER BY id LIMIT 1)
INSERT INTO bookings
    (organization_id, id, start_time, end_time, attendee_notes, {_KEPT})
SELECT $1, gen_random_uuid(), now() + n * interval '25 minutes',
    now() + (n + 1) * interval '25 minutes', repeat('What was noted. ', 20), {_KEPT}
FROM one,"""
_BUSY: Final = """
INSERT INTO busy_times (organization_id, id, schedule_id, start_time, end_time, created_at)
SELECT $1, gen_random_uuid(), $2, {from_time} + n * interval '{step}',
    {from_time} + n * interval '{step}' + interval '20 seconds', now() FROM"""
BUSY_IN_THE_YEAR: Final = _BUSY.format(from_time="now()", step="25 minutes")
BUSY_IN_THE_FORTNIGHT: Final = _BUSY.format(from_time=f"'{DAY}'::timestamptz", step="1 minute")


def main() -> None:
    with folder_of("holds") as folder:
        environ = environ_of(folder / "data")
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            asyncio.run(_measure(home))


async def _measure(home: Installation) -> None:
    context = home.context()
    made = await set_up_organization(context, "Long", EMAIL, PASSWORD)
    transport = httpx.ASGITransport(application(home))
    freeze_garbage_collector()
    # Not zipped, as the client would unzip it on the same loop.
    headers = {"authorization": f"Bearer {made.api_key}", "accept-encoding": "identity"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://kalends", headers=headers, timeout=60
    ) as api:
        first = f"/api/v1/slots?schedule_id={await _room(api, 0)}&duration_minutes=60"
        await _show(api, "the first answer of the process", f"{first}&start={DAY}&end={DAY}")
        await api.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
        paths = await _fill(api, context, made.organization_id)
        for path in paths.values():
            await api.get(path)  # what the first of a kind costs is no answer's length
        for name, path in paths.items():
            await _show(api, name, path)
    await context.close()


async def _show(api: httpx.AsyncClient, name: str, path: str) -> None:
    async with LongestTurn(time.perf_counter) as turns:
        await asyncio.sleep(0.01)
        turns.longest = 0.0
        began = time.perf_counter()
        answer = await api.get(path)
        took = time.perf_counter() - began
    if answer.status_code not in (200, 422):
        raise SystemExit(f"{name}: {answer.status_code} {answer.text[:500]}")
    print(
        f"{name}: {answer.status_code}, {len(answer.content) / 1e6:.1f} MB in "
        f"{took * 1000:.0f} ms, longest hold {turns.longest * 1000:.0f} ms "
        f"(target {TARGET_MS})",
        flush=True,
    )


async def _fill(api: httpx.AsyncClient, context: Context, organization_id: UUID) -> dict[str, str]:
    """What is asked for, by its name."""
    rooms = [await _room(api, number) for number in range(1, SCHEDULES + 1)]
    team = {
        "name": "Three of twenty",
        "duration_minutes": 60,
        "slot_step_minutes": 1,
        "requirements": [{"count": 3, "schedule_ids": rooms}],
    }
    event_type = await _made(api, "event-types", team)
    for number in range(BOOKINGS):
        await _made(api, "bookings", _booking(rooms[0], number))
    full = await _room(api, SCHEDULES + 1)
    await _made(api, "bookings", _booking(full, 0))
    feed = await api.post(f"/api/v1/schedules/{full}/feed")
    await _multiply(context, organization_id, ids.decode_id(ids.SCHEDULE, full))
    minutes = f"/api/v1/slots?duration_minutes=1&start={DAY}&end=2030-01-13&schedule_id="
    console = "/console/long"
    return {
        "20,160 minutes, refused": f"{minutes}{rooms[1]}".replace("01-13", "01-14"),
        "18,720 minutes": f"{minutes}{rooms[1]}",
        "with local times": f"{minutes}{rooms[1]}&timezone=Europe/Berlin",
        "a year of minutes, refused": f"{minutes}{rooms[1]}".replace("01-13", "12-31"),
        "minutes between 20,000 busy times": f"{minutes}{full}",
        "10,080 slots, 3 of 20": (
            f"/api/v1/slots?event_type_id={event_type}&start={DAY}&end=2030-01-07"
        ),
        "500 bookings, 3.8 MB of metadata": "/api/v1/bookings?limit=500",
        "the event log": "/api/v1/event-log?limit=500",
        "500 busy times": f"/api/v1/schedules/{full}/busy-times?limit=500",
        "the OpenAPI document": "/openapi.json",
        f"a feed of {ROWS:,} bookings and as many busy times": feed.json()["data"]["url"],
        f"the CSV of {ROWS:,} bookings": f"{console}/bookings.csv",
        "charts": f"{console}/charts",
        "a week of the calendar": f"{console}/calendar?view=week&day={MONTH}",
        "a month of the calendar": f"{console}/calendar?view=month&day={MONTH}",
    }


def _booking(schedule_id: str, number: int) -> dict[str, Any]:
    day, hour = divmod(number, 24)
    at = f"2030-{1 + day // 28:02}-{1 + day % 28:02}T{hour:02}"
    return {
        "schedule_id": schedule_id,
        "start_time": f"{at}:00:00Z",
        "end_time": f"{at}:30:00Z",
        "attendee": {"name": "Ada Lovelace", "email": "ada@example.com"},
        "metadata": METADATA,
    }


async def _multiply(context: Context, organization_id: UUID, schedule_id: UUID | None) -> None:
    """Many bookings and busy times in the year to come, and busy times in the fortnight that is
    asked for; written behind the application, which would take long."""
    for first in range(1, ROWS, ROWS_AT_ONCE):
        numbers = f"generate_series({first}, {first + ROWS_AT_ONCE - 1}) n"
        for statement in (BOOKED, BUSY_IN_THE_YEAR, BUSY_IN_THE_FORTNIGHT):
            async with context.database.connection() as tx:
                await tx.execute(f"{statement} {numbers}", organization_id, schedule_id)


async def _room(api: httpx.AsyncClient, number: int) -> str:
    return await _made(api, "schedules", {"name": f"Room {number}"})


async def _made(api: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> str:
    answer = await api.post(f"/api/v1/{kind}", json=body)
    if answer.status_code != 201:
        raise SystemExit(answer.text)
    made: str = answer.json()["data"]["id"]
    return made


if __name__ == "__main__":
    main()
