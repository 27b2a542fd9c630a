"""Microsoft Teams: calls of events of ours. An event that became an online meeting stays one, so a
second request gives the same call."""

from typing import Any, Final

from kalends.domain.calendars.calls import CallAnswer
from kalends.domain.video import MeetingMade, MeetingPending, NoMeeting, VideoFailed
from kalends.formats.lenient_json import dict_in, link_in
from kalends.gateways.json_api import Answer, segment
from kalends.gateways.microsoft.places import CALENDARS_SCOPE
from kalends.gateways.microsoft.reading import events_path
from kalends.gateways.microsoft.session import MicrosoftSession

TEAMS: Final = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
SELECTED: Final = {"$select": "id,isOnlineMeeting,onlineMeeting"}
NOT_ALLOWED: Final = VideoFailed(
    reason="this calendar may not have calls of Microsoft Teams", is_refused=True, is_final=True
)


async def add_call(session: MicrosoftSession, calendar_id: str, href: str, key: str) -> CallAnswer:
    """See `CallingAccount`; the event itself is the key."""
    path = f"{events_path(calendar_id)}/{segment(href)}"
    answer = await session.send("PATCH", path, CALENDARS_SCOPE, None, TEAMS)
    said = _said(answer)
    # Personal accounts accept the change, but make no meeting.
    return NOT_ALLOWED if isinstance(answer, Answer) and isinstance(said, NoMeeting) else said


async def find_call(session: MicrosoftSession, calendar_id: str, href: str) -> CallAnswer:
    """See `CallingAccount`."""
    path = f"{events_path(calendar_id)}/{segment(href)}"
    return _said(await session.send("GET", path, CALENDARS_SCOPE, SELECTED))


def _said(answer: Answer | Any) -> CallAnswer:
    if not isinstance(answer, Answer):
        failure: CallAnswer = answer
        return failure
    if answer.status in (404, 410):
        return NoMeeting()
    if answer.status == 400:
        return NOT_ALLOWED
    if not answer.is_success:
        return answer.failure
    url = link_in(dict_in(answer.value.get("onlineMeeting")).get("joinUrl"))
    if url is not None:
        return MeetingMade(url)
    return MeetingPending() if answer.value.get("isOnlineMeeting") is True else NoMeeting()
