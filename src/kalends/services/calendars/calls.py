"""Calls that come with a calendar event: Google Meet and Microsoft Teams.

The event is written like any other, and moves and ends with its booking; so does its call.
"""

from datetime import timedelta
from typing import Final, NamedTuple, cast
from uuid import UUID

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.calls import CallAnswer, CallingAccount
from kalends.domain.calendars.failures import (
    AddressRefused,
    CalendarFailure,
    ConsentLacks,
    CredentialsRefused,
    NotAllowed,
    NotUnderstood,
    Unanswered,
)
from kalends.domain.calendars.states import LinkState
from kalends.domain.video import (
    MakingAnswer,
    Meeting,
    MeetingAccount,
    MeetingMade,
    MeetingPending,
    NoMeeting,
    VideoFailed,
    VideoLink,
)
from kalends.runtime.unit_of_work import Context
from kalends.scheduling.video import CALENDARS, CALLED, NEEDS_CALENDAR
from kalends.services.calendars.accounts.logins import open_account, reason_of
from kalends.store.calendars import connections
from kalends.store.video import links
from kalends.store.video.links import WrittenEventRow

# The reason of links that wait until somebody connects the account again.
RECONNECT_PAUSE: Final = timedelta(minutes=10)
FINAL: Final = (NotAllowed, NotUnderstood, AddressRefused, ConsentLacks)


async def open_call(
    context: Context, organization_id: UUID, link: VideoLink
) -> MeetingAccount | VideoFailed:
    """The account for calls in the calendar that the link's schedule writes. Sends no request
    yet."""
    return EventCalls(context, organization_id, link)


class _OpenedEvent(NamedTuple):
    """The event that has the call, and the account that it is in."""

    row: WrittenEventRow
    account: CallingAccount


class EventCalls:
    """See `MeetingAccount`: the call of one event."""

    def __init__(self, context: Context, organization_id: UUID, link: VideoLink) -> None:
        self._context = context
        self._organization_id = organization_id
        self._link = link

    async def make(self, meeting: Meeting) -> MakingAnswer:
        event = await self._open_event()
        if not isinstance(event, _OpenedEvent):
            return event
        row = event.row
        answer = await event.account.add_call(row.remote_id, row.ref or "", meeting.key)
        told = _told(answer, row)
        return MeetingPending() if isinstance(told, NoMeeting) else told

    async def find(self, meeting: Meeting) -> MakingAnswer | NoMeeting:
        event = await self._open_event()
        if not isinstance(event, _OpenedEvent):
            return event
        row = event.row
        return _told(await event.account.find_call(row.remote_id, row.ref or ""), row)

    async def change(self, ref: str, meeting: Meeting) -> NoMeeting | VideoFailed | None:
        """Does nothing for the same event, which the calendar channel changes. NoMeeting if the
        event is another one now: its call is another one, too."""
        found = await self._find_event()
        if isinstance(found, WrittenEventRow) and _name_of(found) != ref:
            return NoMeeting()
        return None

    async def remove(self, ref: str | None, meeting: Meeting) -> VideoFailed | None:
        """Does nothing: the call ends with its event."""
        return None

    async def _find_event(self) -> WrittenEventRow | MeetingPending | VideoFailed:
        provider = CALENDARS[self._link.provider]
        async with self._context.database.tenant_connection(self._organization_id) as tenant:
            found = await links.find_written_event(tenant, self._link, provider)
            writes = await links.writes_with(tenant, self._link.schedule_id, provider)
        if found is not None and found.state == LinkState.WRITTEN and found.ref is not None:
            return found
        if found is None and not writes:
            reason = f"it {NEEDS_CALENDAR.format(CALLED[self._link.provider])}"
            return VideoFailed(reason=reason, is_refused=True, is_final=True)
        return MeetingPending()

    async def _open_event(self) -> "_OpenedEvent | MeetingPending | VideoFailed":
        found = await self._find_event()
        if not isinstance(found, WrittenEventRow):
            return found
        async with self._context.database.tenant_connection(self._organization_id) as tenant:
            connection = await connections.find_connection(tenant, found.connection_id)
        if connection is None:
            return VideoFailed(reason="the calendar is gone", is_refused=True)
        opened = open_account(self._context, self._organization_id, connection)
        if isinstance(opened, CredentialsRefused):
            return _failed(opened)
        return _OpenedEvent(found, _calling(opened))


def _calling(account: CalendarAccount) -> CallingAccount:
    """The account as one that can add calls: only providers that can get this far."""
    return cast("CallingAccount", account)


def _told(answer: CallAnswer, found: WrittenEventRow) -> MakingAnswer | NoMeeting:
    match answer:
        case MeetingMade(url=url):
            return MeetingMade(url, _name_of(found))
        case MeetingPending() | NoMeeting() | VideoFailed():
            return answer
        case _:
            return _failed(answer)


def _failed(failure: CalendarFailure) -> VideoFailed:
    reason = reason_of(failure).removesuffix(".")
    if isinstance(failure, FINAL):
        return VideoFailed(reason=reason, is_refused=True, is_final=True)
    if isinstance(failure, CredentialsRefused):
        return VideoFailed(reason=reason, is_refused=True, after=RECONNECT_PAUSE)
    seconds = failure.retry_after_seconds if isinstance(failure, Unanswered) else None
    return VideoFailed(reason=reason, after=None if seconds is None else timedelta(seconds=seconds))


def _name_of(found: WrittenEventRow) -> str:
    """The provider's name for the call: that of its event."""
    return f"{found.calendar_id}/{found.ref}"
