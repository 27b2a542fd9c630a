"""The interface for video calls that come with the event of a calendar."""

from typing import Protocol, TypeAlias

from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.video import MeetingMade, MeetingPending, NoMeeting, VideoFailed

CallAnswer: TypeAlias = MeetingMade | MeetingPending | NoMeeting | VideoFailed | CalendarFailure


class CallingAccount(Protocol):
    """An account whose events can have a call."""

    async def add_call(self, calendar_url: str, href: str, key: str) -> CallAnswer:
        """Requests a call for the event; a second request under the same key makes no other call.
        NoMeeting if the event is gone."""

    async def find_call(self, calendar_url: str, href: str) -> CallAnswer:
        """The call that the event has, or that is being made."""
