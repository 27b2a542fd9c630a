"""Changing a thing by what a client gives of it."""

from datetime import datetime
from typing import TypeVar

from msgspec import Struct, structs

from kalends.domain.changes import values_to_change
from kalends.domain.event_type import EventType
from kalends.domain.schedule import Schedule

V = TypeVar("V", EventType, Schedule)


def with_changes(before: V, changes: Struct, recorded_at: datetime) -> V:
    """Its next version with what is given; `before` itself where that changes nothing."""
    after = structs.replace(before, **values_to_change(changes))
    if after == before:
        return before
    return structs.replace(after, updated_at=recorded_at, version=before.version + 1)
