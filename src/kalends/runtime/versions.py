"""Changing a thing by what a client gives of it."""

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
    """What was found. Raises NotFound, and Stale if the client saw another version of it."""
    thing = require(stored, prefix, thing_id)
    check_version(thing.version, if_match)
    return thing


def with_changes(before: V, changes: FieldChanges[V], recorded_at: datetime) -> V:
    """Its next version with what is given; `before` itself where that changes nothing."""
    after = changes.applied_to(before)
    if after == before:
        return before
    return structs.replace(after, updated_at=recorded_at, version=before.version + 1)
