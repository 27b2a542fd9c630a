"""Event types as rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import json

from kalends.domain.booking import Booking
from kalends.domain.event_type import (
    AttendeeFields,
    EventType,
    EventTypeTexts,
    HostChoice,
    Question,
    Requirement,
    Visibility,
)
from kalends.domain.video import VideoProvider
from kalends.store.database import TenantConnection
from kalends.store.rows import (
    columns_of,
    decode_json,
    find_one,
    find_several,
    insert_into,
    page_of,
    select_from,
    update_with_slug,
    values_of,
    values_with_json,
)

COLUMNS: Final = columns_of(EventType)
JSON_COLUMNS: Final[Mapping[str, json.Decoder[Any]]] = {
    "requirements": json.Decoder(list[Requirement]),
    "questions": json.Decoder(list[Question]),
    "attendee_fields": json.Decoder(AttendeeFields),
    "translations": json.Decoder(dict[str, EventTypeTexts]),
}

GET: Final = select_from("event_types", EventType, "id = $2 AND deleted_at IS NULL")
GET_SEVERAL: Final = select_from("event_types", EventType, "id = ANY($2::uuid[])")
# KEY SHARE keeps an event type from being deleted (which takes FOR UPDATE) while it is booked.
GET_TO_BOOK: Final = GET + " FOR KEY SHARE"
GET_TO_CHANGE: Final = GET + " FOR NO KEY UPDATE"
GET_TO_DELETE: Final = GET + " FOR UPDATE"
GET_BY_SLUG: Final = select_from("event_types", EventType, "slug = $2 AND deleted_at IS NULL")
LISTED: Final = (
    "organization_id = $1 AND deleted_at IS NULL AND ($2::boolean IS NULL OR is_active = $2)"
)
LIST: Final = page_of("event_types", COLUMNS, LISTED, order="id", parameters=2)
# In the order that people see: by position, and then those without one by creation.
LIST_AS_PLACED: Final = page_of(
    "event_types",
    COLUMNS,
    LISTED + " AND ($3::text IS NULL OR visibility = $3)",
    order="position NULLS LAST, id",
    parameters=3,
)
LOCK_POSITIONS: Final = """
SELECT id, position FROM event_types
WHERE organization_id = $1 AND deleted_at IS NULL
ORDER BY id FOR NO KEY UPDATE
"""
SET_POSITIONS: Final = """
UPDATE event_types SET position = new.position, updated_at = $4, version = version + 1
FROM unnest($2::uuid[], $3::integer[]) AS new (id, position)
WHERE organization_id = $1 AND event_types.id = new.id
"""
INSERT: Final = (
    insert_into("event_types", EventType)
    + " ON CONFLICT (organization_id, slug) WHERE deleted_at IS NULL DO NOTHING"
)
DELETE: Final = "UPDATE event_types SET deleted_at = $3 WHERE organization_id = $1 AND id = $2"
SLUGS: Final = """
SELECT slug FROM event_types
WHERE organization_id = $1 AND deleted_at IS NULL AND starts_with(slug, $2)
"""
LOCK_EVENT_TYPE: Final = """
SELECT 1 FROM event_types WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE
"""


async def find_event_type(tenant: TenantConnection, event_type_id: UUID) -> EventType | None:
    return await find_one(tenant, GET, _event_type, event_type_id)


async def find_event_types_of_bookings(
    tenant: TenantConnection, event_type_ids: Sequence[UUID]
) -> dict[UUID, EventType]:
    """The event types by id, including deleted ones: their bookings still show the event type and
    its questions."""
    return await find_several(tenant, GET_SEVERAL, _event_type, event_type_ids)


async def find_event_type_of(tenant: TenantConnection, booking: Booking) -> EventType | None:
    """The event type of a booking, even if it has been deleted since."""
    if booking.event_type_id is None:
        return None
    by_id = await find_event_types_of_bookings(tenant, [booking.event_type_id])
    return by_id.get(booking.event_type_id)


async def find_event_type_by_slug(tenant: TenantConnection, slug: str) -> EventType | None:
    return await find_one(tenant, GET_BY_SLUG, _event_type, slug)


async def find_event_type_to_book(
    tenant: TenantConnection, event_type_id: UUID
) -> EventType | None:
    """The event type, which cannot be deleted until the transaction ends."""
    return await find_one(tenant, GET_TO_BOOK, _event_type, event_type_id)


async def list_event_types(
    tenant: TenantConnection, is_active: bool | None, limit: int, offset: int
) -> tuple[list[EventType], int]:
    """A page in the order of creation, and the total; `is_active` None asks for both kinds."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, is_active, limit, offset)
    listed = [_event_type(row[:-1]) for row in rows if row["id"] is not None]
    return listed, rows[0]["total"]


async def list_event_types_as_placed(
    tenant: TenantConnection,
    is_active: bool | None,
    visibility: Visibility | None,
    limit: int,
    offset: int,
) -> tuple[list[EventType], int]:
    """A page in the order of positions, with those without one last, and the total; a None asks
    for both kinds."""
    rows = await tenant.tx.fetch(
        LIST_AS_PLACED, tenant.organization_id, is_active, visibility, limit, offset
    )
    listed = [_event_type(row[:-1]) for row in rows if row["id"] is not None]
    return listed, rows[0]["total"]


async def lock_positions(tenant: TenantConnection) -> dict[UUID, int | None]:
    """The position of each event type, in the order of creation; locks all of them until the
    transaction ends."""
    rows = await tenant.tx.fetch(LOCK_POSITIONS, tenant.organization_id)
    return {row["id"]: row["position"] for row in rows}


async def set_positions(
    tenant: TenantConnection, positions: Mapping[UUID, int], now: datetime
) -> None:
    """Changes the positions of event types; the caller holds their locks."""
    ids, numbers = list(positions), list(positions.values())
    await tenant.tx.execute(SET_POSITIONS, tenant.organization_id, ids, numbers, now)


async def find_event_type_to_change(
    tenant: TenantConnection, event_type_id: UUID
) -> EventType | None:
    """The event type, locked against other changes until the transaction ends."""
    return await find_one(tenant, GET_TO_CHANGE, _event_type, event_type_id)


async def find_event_type_to_delete(
    tenant: TenantConnection, event_type_id: UUID
) -> EventType | None:
    """The event type, locked against bookings too; waits for bookings that are being made."""
    return await find_one(tenant, GET_TO_DELETE, _event_type, event_type_id)


async def lock_event_type(tenant: TenantConnection, event_type_id: UUID) -> None:
    """Locks the event type until the transaction ends. It is a statement of its own, so that what
    is counted after it sees what others have committed."""
    await tenant.tx.execute(LOCK_EVENT_TYPE, tenant.organization_id, event_type_id)


async def list_slugs(tenant: TenantConnection, beginning: str) -> set[str]:
    """The slugs in use that have this beginning."""
    rows = await tenant.tx.fetch(SLUGS, tenant.organization_id, beginning)
    return {row["slug"] for row in rows}


async def insert_event_type(tenant: TenantConnection, event_type: EventType) -> bool:
    """Writes the event type; False if its slug is taken. Waits for a transaction that is taking the
    slug at this moment."""
    values = values_with_json(event_type, JSON_COLUMNS)
    done = await tenant.tx.execute(INSERT, tenant.organization_id, *values.values())
    return not done.endswith(" 0")


async def update_event_type(tenant: TenantConnection, event_type: EventType) -> None:
    """Writes the whole event type; the caller holds its lock. Raises SlugTaken."""
    await update_with_slug(tenant, "event_types", values_with_json(event_type, JSON_COLUMNS))


async def delete_event_type(tenant: TenantConnection, event_type_id: UUID, now: datetime) -> None:
    """Deletes the event type softly: its bookings keep its id, and its slug is free again."""
    await tenant.tx.execute(DELETE, tenant.organization_id, event_type_id, now)


def _event_type(row: Any) -> EventType:
    values = values_of(EventType, row)
    decode_json(values, JSON_COLUMNS)
    values["host_choice"] = HostChoice(values["host_choice"])
    values["visibility"] = Visibility(values["visibility"])
    if values["video"] is not None:
        values["video"] = VideoProvider(values["video"])
    return EventType(**values)
