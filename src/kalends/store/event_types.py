"""Event types as rows."""

from typing import Any, Final
from uuid import UUID

from msgspec import json

from kalends.domain.event_type import EventType, Question, Requirement
from kalends.store.database import Tx
from kalends.store.rows import as_raw, columns_of, parameters

FIELDS: Final = EventType.__struct_fields__
COLUMNS: Final = columns_of(EventType)
REQUIREMENTS: Final = json.Decoder(list[Requirement])
QUESTIONS: Final = json.Decoder(list[Question])

GET: Final = (
    f"SELECT {COLUMNS} FROM event_types"
    " WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"
)
# KEY SHARE keeps an event type from being deleted (which takes FOR UPDATE) under a booking.
GET_TO_BOOK: Final = GET + " FOR KEY SHARE"
INSERT: Final = (
    f"INSERT INTO event_types (organization_id, {COLUMNS})"
    f" VALUES ({parameters(1, len(FIELDS) + 1)})"
)


async def find_event_type(
    organization_id: UUID, tx: Tx, event_type_id: UUID
) -> EventType | None:
    row = await tx.fetchrow(GET, organization_id, event_type_id)
    return None if row is None else _event_type(row)


async def find_event_type_to_book(
    organization_id: UUID, tx: Tx, event_type_id: UUID
) -> EventType | None:
    """The event type, kept from being deleted until the transaction ends."""
    row = await tx.fetchrow(GET_TO_BOOK, organization_id, event_type_id)
    return None if row is None else _event_type(row)


async def insert_event_type(organization_id: UUID, tx: Tx, event_type: EventType) -> None:
    await tx.execute(INSERT, organization_id, *_values(event_type))


def _values(event_type: EventType) -> list[Any]:
    values = {name: getattr(event_type, name) for name in FIELDS}
    values["requirements"] = as_raw(event_type.requirements)
    values["questions"] = as_raw(event_type.questions)
    return list(values.values())


def _event_type(row: Any) -> EventType:
    values = dict(zip(FIELDS, row, strict=True))
    values["requirements"] = REQUIREMENTS.decode(values["requirements"])
    values["questions"] = QUESTIONS.decode(values["questions"])
    return EventType(**values)
