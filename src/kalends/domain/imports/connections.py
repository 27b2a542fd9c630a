"""The connection to a source of bookings, and where the bookings of it go."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class OnConflict(StrEnum):
    """What is done with a new booking whose time is taken here."""

    SKIP = "skip"
    RECORD = "record"


# The names in the database are of the first provider.
class ScheduleMapping(
    Struct,
    frozen=True,
    kw_only=True,
    rename={"event_type_id": "calcom_event_type_id", "host_id": "calcom_host_id"},
):
    """Which schedule the bookings of an event type, or of a host, go to: ids at the source."""

    event_type_id: int | None = None
    host_id: int | None = None
    schedule_id: UUID


class ImportConnection(Struct, frozen=True, kw_only=True):
    """As it is stored; `api_key`, `webhook_secret` and `hook_token` are sealed.

    The mark: `walked_to` is the creation time that the first walk has reached, `walked_since` when
    it began, `changed_since` from when on to ask for changes (None until the first walk is done).
    Each new version of the connection is a new `generation`. `account_id` is whose account it
    reaches, as it was found in the `account_generation`.
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
        """Whose account it reaches; None until that was asked."""
        return self.account_id if self.account_generation == self.generation else None

    def schedule_for(self, event_type_id: int | None, host_ids: Iterable[int]) -> UUID:
        """The schedule that a booking of that event type and those hosts goes to."""
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
