"""Calls that come with an event of a calendar: asked for there, and looked at."""

from typing import Protocol, TypeAlias

from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.video import MeetingMade, MeetingPending, NoMeeting, VideoFailed

CallAnswer: TypeAlias = MeetingMade | MeetingPending | NoMeeting | VideoFailed | CalendarFailure


class CallingAccount(Protocol):
    """An account whose events can have a call."""

    async def add_call(self, calendar_url: str, href: str, key: str) -> CallAnswer:
        """Asks for a call of the event; a second time under the same key it makes no other one.
        NoMeeting where the event is gone."""

    async def find_call(self, calendar_url: str, href: str) -> CallAnswer:
        """The call that the event has, or that is being made."""
