"""Drafts: what attendees have typed and not sent, kept for them alone, unchecked, for an hour."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec import json

from kalends.domain.event_type import EventType
from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.bookings import form_drafts as store

KEEP_FOR: Final = timedelta(hours=1)
LARGEST_BYTES: Final = 64_000
DRAFT_PURPOSE: Final = "form draft"
Typed = Sequence[tuple[str, str]]


async def save_draft(work: UnitOfWork, event_type: EventType, visitor: bytes, typed: Typed) -> None:
    """Stores names and values of the form's fields, sealed, unless they are too large."""
    plain = json.encode(typed)
    if len(plain) > LARGEST_BYTES:
        return
    await store.save_draft(
        work.tenant,
        event_type.id,
        visitor,
        work.context.seal.close(plain, DRAFT_PURPOSE),
        work.recorded_at + KEEP_FOR,
    )


async def find_draft(work: UnitOfWork, event_type: EventType, visitor: bytes) -> Typed:
    """What the visitor has typed into the form of that event type; empty if there is no draft."""
    sealed = await store.find_draft(work.tenant, event_type.id, visitor, work.recorded_at)
    if sealed is None:
        return ()
    try:
        return json.decode(
            work.context.seal.open(sealed, DRAFT_PURPOSE), type=list[tuple[str, str]]
        )
    except SealBroken:  # KALENDS_SECRET is another one by now
        return ()


async def delete_draft(work: UnitOfWork, event_type: EventType, visitor: bytes) -> None:
    """Deletes the draft after the form was sent."""
    await store.delete_draft(work.tenant, event_type.id, visitor)
