"""Google Meet: calls of events of ours.

A call is requested with a key and created after a while. Google ignores a second request with the
same key, and the event says whether the call is ready.
"""

from collections.abc import Mapping
from typing import Any, Final

from kalends.domain.calendars.calls import CallAnswer
from kalends.domain.video import MeetingMade, MeetingPending, NoMeeting, VideoFailed
from kalends.formats.lenient_json import dict_in, link_in, list_in
from kalends.gateways.google.places import OWNED_SCOPE
from kalends.gateways.google.reading import events_path
from kalends.gateways.google.session import GoogleSession
from kalends.gateways.json_api import Answer, segment

MEET: Final = "hangoutsMeet"
FIELDS: Final = "id,status,hangoutLink,conferenceData(createRequest,entryPoints)"
ASKED: Final = {"sendUpdates": "none", "conferenceDataVersion": "1", "fields": FIELDS}
NOT_MADE: Final = VideoFailed(
    reason="Google could not make the call", is_refused=True, is_final=True
)
NOT_ALLOWED: Final = VideoFailed(
    reason="this calendar may not have calls of Google Meet", is_refused=True, is_final=True
)


async def add_call(session: GoogleSession, calendar_id: str, href: str, key: str) -> CallAnswer:
    """See `CallingAccount`."""
    request = {"requestId": key, "conferenceSolutionKey": {"type": MEET}}
    value = {"conferenceData": {"createRequest": request}}
    path = f"{events_path(calendar_id)}/{segment(href)}"
    return _said(await session.send("PATCH", path, OWNED_SCOPE, ASKED, value))


async def find_call(session: GoogleSession, calendar_id: str, href: str) -> CallAnswer:
    """See `CallingAccount`."""
    path = f"{events_path(calendar_id)}/{segment(href)}"
    return _said(await session.send("GET", path, OWNED_SCOPE, {"fields": FIELDS}))


def _said(answer: Answer | Any) -> CallAnswer:
    if not isinstance(answer, Answer):
        failure: CallAnswer = answer
        return failure
    if answer.status in (404, 410) or answer.value.get("status") == "cancelled":
        return NoMeeting()
    if answer.status == 400:
        return NOT_ALLOWED
    return call_in(answer.value) if answer.is_success else answer.failure


def call_in(event: Mapping[str, Any]) -> CallAnswer:
    """The call of an event, or how far its creation is."""
    data = dict_in(event.get("conferenceData"))
    urls = [event.get("hangoutLink")]
    urls += [
        dict_in(one).get("uri")
        for one in list_in(data.get("entryPoints"))
        if dict_in(one).get("entryPointType") == "video"
    ]
    for url in map(link_in, urls):
        if url is not None:
            return MeetingMade(url)
    status = dict_in(dict_in(data.get("createRequest")).get("status")).get("statusCode")
    if status == "failure":
        return NOT_MADE
    return MeetingPending() if data.get("createRequest") else NoMeeting()
