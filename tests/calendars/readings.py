"""What a look at a calendar has brought, written as the sync writes it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kalends.compose import Installation
from kalends.domain import ids
from kalends.domain.calendars.connections import BusyElsewhere, CalendarReading, StoredEvent
from kalends.store.calendars.events import store_reading
from kalends.store.database import TenantConnection
from tests.homes import BESIDE
from tests.world import Api

FAR = timedelta(days=400)


def busy(start: datetime, end: datetime, **fields: Any) -> BusyElsewhere:
    kinds = {"is_tentative": False, "is_all_day": False, "is_out_of_office": False}
    key = start.isoformat().encode()
    return BusyElsewhere(key=key, start_time=start, end_time=end, **(kinds | fields))


def store(
    home: Installation,
    organization_id: UUID,
    calendar_id: str,
    pieces: Sequence[BusyElsewhere],
    known_for: timedelta = FAR,
) -> None:
    """All that the calendar has, from now on."""
    now = datetime.now(UTC)
    keys = dict.fromkeys(piece.key for piece in pieces)
    reading = CalendarReading(
        events=[
            StoredEvent(key=key, ref=key.decode(), etag=None, uid_hash=None, shape=b"")
            for key in keys
        ],
        busy=pieces,
        gone=(),
        is_whole=True,
        known_until=now + known_for,
        unreadable_total=0,
    )

    async def write() -> None:
        context = home.context(BESIDE)
        try:
            async with context.database.transaction(organization_id) as tx:
                calendar = ids.decode_id(ids.CALENDAR, calendar_id)
                assert calendar is not None
                await store_reading(TenantConnection(organization_id, tx), calendar, reading, now)
        finally:
            await context.close()

    asyncio.run(write())


def connect(api: Api) -> dict[str, Any]:
    """The calendars of a new connection, by name."""
    made = api.post("/api/v1/calendar-connections", json={"provider": "test"})
    assert made.status_code == 201, made.text
    path = f"/api/v1/calendar-connections/{made.json()['data']['id']}/calendars"
    return {calendar["name"]: calendar for calendar in api.get(path).json()["data"]}


def use(api: Api, schedule_id: str, calendar: dict[str, Any], **fields: Any) -> None:
    body = [{"calendar_id": calendar["id"], **fields}]
    answer = api.put(f"/api/v1/schedules/{schedule_id}/calendars", json=body)
    assert answer.status_code == 200, answer.text
