"""Versions of what clients change: checks the one they have seen, and makes the next."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from msgspec import structs

from kalends.domain.access import Organization
from kalends.domain.changes import FieldChanges
from kalends.domain.event_type import EventType
from kalends.domain.message_template import MessageTemplate
from kalends.domain.schedule import Schedule
from kalends.domain.webhook import WebhookEndpoint
from kalends.runtime.if_match import IfMatch, check_version
from kalends.runtime.unit_of_work import require

V = TypeVar("V", Organization, EventType, Schedule, MessageTemplate, WebhookEndpoint)


def require_version(stored: V | None, prefix: str, thing_id: UUID, if_match: IfMatch) -> V:
    """The stored thing. Raises NotFound if it is None, Stale if the client has seen another
    version."""
    thing = require(stored, prefix, thing_id)
    check_version(thing.version, if_match)
    return thing


def with_changes(before: V, changes: FieldChanges[V], recorded_at: datetime) -> V:
    """The next version with the changes applied; `before` itself if nothing differs."""
    after = changes.applied_to(before)
    if after == before:
        return before
    return structs.replace(after, updated_at=recorded_at, version=before.version + 1)
