"""The public JSON of calendar connections, their calendars, and what schedules do with those."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.calendars.accounts import CalendarAccess
from kalends.domain.calendars.connections import (
    CalendarConnection,
    CalendarUse,
    ConnectedCalendar,
    ProviderName,
)
from kalends.domain.calendars.states import ConnectionState, SyncState
from kalends.domain.calendars.syncs import CalendarSync
from kalends.formats.described import about
from kalends.formats.fields import fields_of

SYNC_STATES: Final = (
    "`running` until each calendar was read, or tried, for this sync or a later one."
)


class CalendarConnectionBody(Struct, frozen=True):
    """An account elsewhere, whose calendars schedules read and write."""

    id: Annotated[str, Meta(examples=["ccn_0352lF5NnllfIJ66lPpfc3"])]
    provider: ProviderName
    account: Annotated[str | None, about("The account's name, as its server gives it.", "ada")]
    user_id: Annotated[
        str | None, about("The user that the account belongs to; null is the organization.")
    ]
    state: Annotated[
        ConnectionState,
        about(
            "`reading` until each calendar was read once, or could not be; `reconnect` if the "
            "server refuses the password, a consent has ended, or another account answers; "
            "`failing` after two hours without an answer."
        ),
    ]
    reason: Annotated[str | None, about("Why it does not work, or not completely, as a sentence.")]
    consent_lacks: Annotated[
        list[str],
        about(
            "What the consent does not cover, in the words of the provider's own page, such as a "
            "box that was left unticked. Without it calendars are read but not written."
        ),
    ]
    last_synced_at: Annotated[
        datetime | None, about("When its calendars were last read; null is never.")
    ]
    stale_since: Annotated[
        datetime | None,
        about("Since when it could not be read; meanwhile, what was known is used."),
    ]
    calendars_total: int
    created_at: datetime


class CalendarBody(Struct, frozen=True):
    """A calendar of a connection."""

    id: Annotated[str, Meta(examples=["cal_0352lF5NnllfIJ66lPpfc3"])]
    connection_id: str
    name: Annotated[str, Meta(examples=["Personal"])]
    timezone: Annotated[str | None, about("The time zone of its days; null if it names none.")]
    access: Annotated[
        CalendarAccess,
        about("What the account may do with it: see when it is busy, read it, or write into it."),
    ]
    last_synced_at: datetime | None
    known_until: Annotated[
        datetime | None, about("Until when it is known; null until it has been read once.")
    ]
    events_total: int
    unreadable_total: Annotated[
        int, about("How many events could not be read completely; they may block too little time.")
    ]
    reason: Annotated[
        str | None,
        about("Why it could not be read the last time, as a sentence; null if it could."),
    ]


class ConsentPageBody(Struct, frozen=True):
    """A page on which somebody connects an account."""

    url: Annotated[
        str,
        about(
            "The page's address. It works only in the first browser that opens it, and is shown "
            "only now."
        ),
    ]
    expires_at: datetime


class TakenMessageBody(Struct, frozen=True):
    """A message was taken."""

    taken: Annotated[bool, about("Always true.")] = True


class SyncStartedBody(Struct, frozen=True):
    """A sync that was requested."""

    run_id: Annotated[str, about("The sync.", "csr_0352lF5NnllfIJ66lPpfc3")]


class CalendarSyncBody(Struct, frozen=True):
    """A reading of each calendar of a connection, which somebody requested."""

    id: Annotated[str, Meta(examples=["csr_0352lF5NnllfIJ66lPpfc3"])]
    connection_id: str
    state: Annotated[SyncState, about(SYNC_STATES)]
    started_at: Annotated[datetime, about("When it was requested.")]
    calendars_total: int
    calendars_read: Annotated[int, about("How many were read.")]
    calendars_failed: Annotated[
        int, about("How many could not be read; what was known of them stays in use.")
    ]
    events_changed: Annotated[int, about("How many events were new or had changed.")]
    events_removed: Annotated[int, about("How many events were gone.")]


class CalendarUseBody(Struct, frozen=True):
    """What a schedule does with a calendar."""

    calendar_id: str
    reads: Annotated[bool, about("Whether its events make the schedule busy.")]
    writes: Annotated[bool, about("Whether bookings are written into it.")]
    tentative_blocks: bool
    all_day_blocks: bool
    out_of_office_blocks: bool


def show_connection(
    connection: CalendarConnection,
    calendars_total: int,
    reason: str | None,
    lacking: Sequence[str],
) -> dict[str, Any]:
    """The connection as the API shows it: the fields of `CalendarConnectionBody`."""
    return fields_of(
        CalendarConnectionBody,
        connection,
        {"id": ids.CALENDAR_CONNECTION, "user_id": ids.USER},
        reason=reason,
        consent_lacks=lacking,
        calendars_total=calendars_total,
    )


def show_calendar(calendar: ConnectedCalendar) -> dict[str, Any]:
    """The calendar as the API shows it: the fields of `CalendarBody`."""
    return fields_of(
        CalendarBody,
        calendar,
        {"id": ids.CALENDAR, "connection_id": ids.CALENDAR_CONNECTION},
    )


def show_sync(sync: CalendarSync) -> dict[str, Any]:
    """The sync as the API shows it: the fields of `CalendarSyncBody`."""
    return fields_of(
        CalendarSyncBody,
        sync,
        {"id": ids.CALENDAR_SYNC, "connection_id": ids.CALENDAR_CONNECTION},
    )


def show_use(use: CalendarUse) -> Mapping[str, Any]:
    """What a schedule does with a calendar, as the API shows it: the fields of
    `CalendarUseBody`."""
    return fields_of(
        CalendarUseBody,
        use,
        {"calendar_id": ids.CALENDAR},
    )
