"""Connections to accounts whose calendars schedules read and write, and those calendars."""

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
        """Whether a reading always fetches the whole calendar."""
        return self is ProviderName.ICS

    @property
    def asks_consent(self) -> bool:
        """Whether the account's owner consents at the provider, so that no password is stored."""
        return self in (ProviderName.GOOGLE, ProviderName.MICROSOFT)


class CalendarConnection(Struct, frozen=True, kw_only=True):
    """A connection to an account elsewhere.

    `user_id` is its user; None is the organization. `principal` is the owner as its server names
    it, if it does. `sealed` are the credentials, never shown. `generation` grows with each new
    password or consent. `failing_since` is when its failure was reported, until it works again.
    `scopes` are the names of what the consent covers.
    """

    id: UUID
    user_id: UUID | None
    provider: ProviderName
    account: str | None
    url: str | None
    principal: str | None
    sealed: bytes | None
    state: ConnectionState
    reason: str | None
    generation: int = 1
    last_synced_at: datetime | None = None
    stale_since: datetime | None = None
    failing_since: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int
    scopes: list[str] = []


class ConnectedCalendar(Struct, frozen=True, kw_only=True):
    """A calendar of a connection. `remote_id` is its id at the provider; `timezone` is as its
    server names it; if it `is_transparent`, its events take no time. `known_until` is None until it
    was read for the first time; `reason` is why the last reading failed."""

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
    """What a schedule does with a calendar: whether its events make the schedule busy, which kinds
    of them do, and whether bookings are written into it."""

    calendar_id: UUID
    reads: bool
    writes: bool
    tentative_blocks: bool = True
    all_day_blocks: bool = True
    out_of_office_blocks: bool = True


class OurPart(Struct, frozen=True, kw_only=True):
    """How an event elsewhere relates to our bookings: `own_id` is the booking, or the claim of the
    session, for which we have written it; a session is identified by its event type and start."""

    own_id: UUID | None = None
    own_event_type_id: UUID | None = None
    own_starts_at: datetime | None = None


class BusyElsewhere(OurPart, frozen=True, kw_only=True):
    """A busy piece, at most a day long: longer events are cut at midnights in UTC. `key` is that of
    its event."""

    key: bytes
    start_time: datetime
    end_time: datetime
    is_tentative: bool
    is_all_day: bool
    is_out_of_office: bool


class StoredEvent(OurPart, frozen=True, kw_only=True):
    """A stored event: where it is, and its `shape`, so that busy time farther ahead can be computed
    without reading it again. Nothing of its text is stored."""

    key: bytes
    ref: str
    etag: str | None
    uid_hash: bytes | None
    shape: bytes


class CalendarReading(Struct, frozen=True, kw_only=True):
    """The result of reading a calendar: `events` and their `busy` time, the keys of events that are
    `gone` (if it `is_whole`, all others are), and until when it is known."""

    events: Sequence[StoredEvent]
    busy: Sequence[BusyElsewhere]
    gone: Sequence[bytes] = ()
    is_whole: bool = False
    known_until: datetime
    unreadable_total: int = 0
