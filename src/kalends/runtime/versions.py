"""Changing a thing by what a client gives of it."""

from datetime import datetime
from typing import TypeVar

from msgspec import structs

from kalends.domain.changes import FieldChanges
from kalends.domain.event_type import EventType
from kalends.domain.schedule import Schedule

V = TypeVar("V", EventType, Schedule)


def with_changes(before: V, changes: FieldChanges[V], recorded_at: datetime) -> V:
    """Its next version with what is given; `before` itself where that changes nothing."""
    after = changes.applied_to(before)
    if after == before:
        return before
    return structs.replace(after, updated_at=recorded_at, version=before.version + 1)
