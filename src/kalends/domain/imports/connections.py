"""The connection to a source of bookings, and the schedules that its bookings go to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class OnConflict(StrEnum):
    """What is done with a new booking whose time is taken here."""

    SKIP = "skip"
    RECORD = "record"


# The names in the database are those of the first provider.
class ScheduleMapping(
    Struct,
    frozen=True,
    kw_only=True,
    rename={"event_type_id": "calcom_event_type_id", "host_id": "calcom_host_id"},
):
    """The schedule for bookings of an event type, or of a host; both ids are those at the
    source."""

    event_type_id: int | None = None
    host_id: int | None = None
    schedule_id: UUID


class ImportConnection(Struct, frozen=True, kw_only=True):
    """A stored connection; `api_key`, `webhook_secret` and `hook_token` are sealed.

    Its progress: `walked_to` is the creation time that the first walk has reached, `walked_since`
    when that began, and `changed_since` the time since which to ask for changes (None until the
    first walk is done). Each version of the connection is a `generation`. `account_id` is the
    account that it reaches, as identified in `account_generation`.
    """

    organization_id: UUID
    id: UUID
    base_url: str
    api_key: bytes
    last_four: str
    default_schedule_id: UUID
    mappings: list[ScheduleMapping]
    on_conflict: OnConflict
    interval_minutes: int
    webhook_secret: bytes | None
    hook_token: bytes
    hook_hash: bytes
    generation: int
    walked_since: datetime | None
    walked_to: datetime | None
    changed_since: datetime | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    account_id: UUID | None = None
    account_generation: int | None = None

    @property
    def account(self) -> UUID | None:
        """The account that it reaches; None until that is identified."""
        return self.account_id if self.account_generation == self.generation else None

    def schedule_for(self, event_type_id: int | None, host_ids: Iterable[int]) -> UUID:
        """The schedule for a booking of that event type and those hosts."""
        return schedule_for(event_type_id, host_ids, self.mappings, self.default_schedule_id)


def schedule_for(
    event_type_id: int | None,
    host_ids: Iterable[int],
    mappings: Sequence[ScheduleMapping],
    default: UUID,
) -> UUID:
    """An event type's mapping wins over a host's, a host's over the default."""
    for mapping in mappings:
        if event_type_id is not None and mapping.event_type_id == event_type_id:
            return mapping.schedule_id
    of_hosts = {m.host_id: m.schedule_id for m in mappings if m.host_id is not None}
    return next((of_hosts[id_] for id_ in host_ids if id_ in of_hosts), default)
