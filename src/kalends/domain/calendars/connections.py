"""A connection to an account whose calendars schedules read and write, and those calendars."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.accounts import CalendarAccess
from kalends.domain.calendars.states import ConnectionState


class ProviderName(StrEnum):
    """The kind of account. `ics` is the address of a calendar file, `test` a sandbox's own
    calendars."""

    CALDAV = "caldav"
    ICS = "ics"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    TEST = "test"

    @property
    def reads_files(self) -> bool:
        """Whether all of a calendar is read at each look."""
        return self is ProviderName.ICS

    @property
    def asks_consent(self) -> bool:
        """Whether the account's owner consents at the provider, and no password is known."""
        return self in (ProviderName.GOOGLE, ProviderName.MICROSOFT)


class CalendarConnection(Struct, frozen=True, kw_only=True):
    """An account elsewhere. `user_id` is whose it is; None is the organization's. `principal` is
    whom its server knows it by, if it says so. `sealed` is what signs in; it is never shown.
    `generation` grows with each new password or consent. `failing_since` is when it was reported
    that it does not work, until it does again. `scopes` are the names of what a consent covers."""

    id: UUID
    user_id: UUID | None
    provider: ProviderName
    account: str | None
    url: str | None
    principal: str | None
    sealed: bytes | None
    state: ConnectionState
    reason: str | None
    generation: int
    last_synced_at: datetime | None
    stale_since: datetime | None
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    scopes: list[str] = []


class ConnectedCalendar(Struct, frozen=True, kw_only=True):
    """A calendar of a connection. `remote_id` is what it is known by there; `timezone` is as its
    server names it; an event in one that `is_transparent` takes no time. `known_until` is None
    until it has been read once; `reason` is why it could not be read the last time."""

    id: UUID
    connection_id: UUID
    remote_id: str
    name: str
    access: CalendarAccess
    timezone: str | None
    is_transparent: bool
    known_until: datetime | None
    last_synced_at: datetime | None
    events_total: int
    unreadable_total: int
    reason: str | None
    created_at: datetime


class CalendarUse(Struct, frozen=True, kw_only=True):
    """What a schedule does with a calendar: whose events make it busy, and where its bookings are
    written."""

    calendar_id: UUID
    reads: bool
    writes: bool
    tentative_blocks: bool = True
    all_day_blocks: bool = True
    out_of_office_blocks: bool = True


class OurPart(Struct, frozen=True, kw_only=True):
    """What an event elsewhere has of ours: `own_id` is the booking, or the claim of the session,
    that we have written it for; a session is found by its event type and start."""

    own_id: UUID | None = None
    own_event_type_id: UUID | None = None
    own_starts_at: datetime | None = None


class BusyElsewhere(OurPart, frozen=True, kw_only=True):
    """A stretch of busy time, at most a day long: a longer event is cut at midnights in UTC. `key`
    is that of its event."""

    key: bytes
    start_time: datetime
    end_time: datetime
    is_tentative: bool
    is_all_day: bool
    is_out_of_office: bool


class StoredEvent(OurPart, frozen=True, kw_only=True):
    """An event as it is kept: where it lies, and `shape`, its times alone, so that busy time
    farther ahead is found without reading it again. Nothing of what it says is kept."""

    key: bytes
    ref: str
    etag: str | None
    uid_hash: bytes | None
    shape: bytes


class CalendarReading(Struct, frozen=True, kw_only=True):
    """What a look at a calendar has brought: `events` and their `busy` time, the keys of those that
    are `gone` (all others, where `is_whole`), and until when it is known."""

    events: Sequence[StoredEvent]
    busy: Sequence[BusyElsewhere]
    gone: Sequence[bytes] = ()
    is_whole: bool = False
    known_until: datetime
    unreadable_total: int = 0
