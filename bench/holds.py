"""`python -m bench.holds`: how long the longest answers keep the event loop to themselves.

The application in this process, asked once for each long answer, while another task takes every
turn that it gets: the longest time between two of its turns is how long others had to wait.
"""

import asyncio
import time
from typing import Any, Final

import httpx

from bench.http import environ_of, folder_of
from kalends.compose import Installation, application, installation, migrate_now
from kalends.services.setup import set_up_organization
from kalends.settings import Settings

TARGET_MS: Final = 50
BOOKINGS: Final = 500
SCHEDULES: Final = 20
METADATA: Final = {"text": "x" * 7_500}
FIRST_DAY: Final = "2030-01-01"


class Turns:
    """Takes every turn of the event loop, and keeps the longest time between two."""

    async def __aenter__(self) -> "Turns":
        self.longest = 0.0
        self._task = asyncio.create_task(self._run())
        await asyncio.sleep(0.01)
        self.longest = 0.0
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._task.cancel()

    async def _run(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            self.longest, last = max(self.longest, now - last), now


def main() -> None:
    with folder_of("holds") as folder:
        environ = environ_of(folder / "data")
        with installation(Settings.from_environ(environ)) as home:
            migrate_now(home)
            asyncio.run(_measure(home))


async def _measure(home: Installation) -> None:
    context = home.context()
    made = await set_up_organization(context, "Long", "admin@example.test", "long enough 1")
    transport = httpx.ASGITransport(application(home))
    headers = {"authorization": f"Bearer {made.api_key}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://kalends", headers=headers, timeout=60
    ) as api:
        for name, path in (await _fill(api)).items():
            async with Turns() as turns:
                began = time.perf_counter()
                answer = await api.get(path)
                took = time.perf_counter() - began
            if answer.status_code not in (200, 422):
                raise SystemExit(f"{name}: {answer.status_code} {answer.text[:500]}")
            print(
                f"{name}: {answer.status_code}, {len(answer.content) / 1e6:.1f} MB in "
                f"{took * 1000:.0f} ms, longest hold {turns.longest * 1000:.0f} ms "
                f"(target {TARGET_MS})"
            )
    await context.close()


async def _fill(api: httpx.AsyncClient) -> dict[str, str]:
    """What is asked for, by its name."""
    schedules = [
        await _made(api, "schedules", {"name": f"Room {number}"}) for number in range(SCHEDULES)
    ]
    event_type = await _made(
        api,
        "event-types",
        {
            "name": "Three of twenty",
            "duration_minutes": 60,
            "slot_step_minutes": 1,
            "requirements": [{"count": 3, "schedule_ids": schedules}],
        },
    )
    for number in range(BOOKINGS):
        day, hour = divmod(number, 24)
        at = f"2030-{1 + day // 28:02}-{1 + day % 28:02}T{hour:02}"
        body = {
            "schedule_id": schedules[0],
            "start_time": f"{at}:00:00Z",
            "end_time": f"{at}:30:00Z",
            "attendee": {"name": "Ada Lovelace", "email": "ada@example.com"},
            "metadata": METADATA,
        }
        await _made(api, "bookings", body)
    minutes = f"/api/v1/slots?schedule_id={schedules[1]}&duration_minutes=1&start={FIRST_DAY}"
    return {
        "20,160 minutes, refused": f"{minutes}&end=2030-01-14",
        "18,720 minutes": f"{minutes}&end=2030-01-13",
        "with local times": f"{minutes}&end=2030-01-13&timezone=Europe/Berlin",
        "a year of minutes, refused": f"{minutes}&end=2030-12-31",
        "10,080 slots, 3 of 20": (
            f"/api/v1/slots?event_type_id={event_type}&start={FIRST_DAY}&end=2030-01-07"
        ),
        "500 bookings, 3.8 MB of metadata": "/api/v1/bookings?limit=500",
        "the event log": "/api/v1/event-log?limit=500",
    }


async def _made(api: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> str:
    answer = await api.post(f"/api/v1/{kind}", json=body)
    if answer.status_code != 201:
        raise SystemExit(answer.text)
    made: str = answer.json()["data"]["id"]
    return made


if __name__ == "__main__":
    main()
