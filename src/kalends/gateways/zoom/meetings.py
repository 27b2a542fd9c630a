"""Meetings at Zoom.

Zoom's API makes a meeting for each request and supports no idempotency key. So our key is written
into the agenda, by which a meeting is found in the user's list if its creation had no answer.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from kalends.domain.gateways import Http
from kalends.domain.video import (
    MakingAnswer,
    Meeting,
    MeetingAccount,
    MeetingMade,
    NoMeeting,
    VideoFailed,
    ZoomLogin,
    ZoomToken,
    ZoomTokens,
)
from kalends.formats.lenient_json import link_in, list_in
from kalends.gateways.zoom.session import API, SIGN_IN, ZoomAnswer, ZoomSession, ask_token

SCHEDULED: Final = 2
LONGEST_TOPIC: Final = 200
A_PAGE: Final = "300"
MOST_PAGES: Final = 50
NUMBER: Final = re.compile(r"[0-9]{1,20}")
GONE_CODE: Final = 3001
NOT_UNDERSTOOD: Final = VideoFailed(reason="Zoom does not say where the meeting is")


class Zoom:
    """See `ZoomGateway`. `test_url` stands for Zoom in tests."""

    def __init__(self, http: Http, test_url: str | None = None) -> None:
        self._http = http
        self._sign_in = SIGN_IN if test_url is None else f"{test_url}/oauth/token"
        self._api = API if test_url is None else f"{test_url}/v2"

    async def ask_token(self, login: ZoomLogin) -> ZoomToken | VideoFailed:
        return await ask_token(self._http, self._sign_in, login)

    def open(self, user: str, tokens: ZoomTokens) -> MeetingAccount:
        return ZoomMeetings(ZoomSession(self._http, self._api, tokens), user)


class ZoomMeetings:
    """The meetings of one user. See `MeetingAccount`."""

    def __init__(self, session: ZoomSession, user: str) -> None:
        self._session = session
        self._of_user = f"users/{quote(user, safe='')}/meetings"

    async def make(self, meeting: Meeting) -> MakingAnswer:
        value = {**_told(meeting), "type": SCHEDULED, "agenda": _marker(meeting)}
        answer = await self._session.send("POST", self._of_user, value=value)
        if not isinstance(answer, ZoomAnswer):
            return answer
        if not answer.is_success:
            return answer.failure
        return _made(answer.value) or NOT_UNDERSTOOD

    async def find(self, meeting: Meeting) -> MakingAnswer | NoMeeting:
        query = {"type": "scheduled", "page_size": A_PAGE}
        for _ in range(MOST_PAGES):
            answer = await self._session.send("GET", self._of_user, query)
            if not isinstance(answer, ZoomAnswer):
                return answer
            if not answer.is_success:
                return answer.failure
            for one in list_in(answer.value.get("meetings")):
                if isinstance(one, dict) and str(one.get("agenda")).startswith(_marker(meeting)):
                    return _made(one) or NOT_UNDERSTOOD
            token = answer.value.get("next_page_token")
            if not isinstance(token, str) or not token:
                return NoMeeting()
            query = {**query, "next_page_token": token}
        return VideoFailed(reason="Zoom has too many meetings of this user")

    async def change(self, ref: str, meeting: Meeting) -> NoMeeting | VideoFailed | None:
        answer = await self._session.send("PATCH", _path(ref), value=_told(meeting))
        if not isinstance(answer, ZoomAnswer):
            return answer
        if answer.status == 404 or answer.code == GONE_CODE:
            return NoMeeting()
        return None if answer.is_success else answer.failure

    async def remove(self, ref: str | None, meeting: Meeting) -> VideoFailed | None:
        if ref is None:
            return None
        answer = await self._session.send("DELETE", _path(ref))
        if not isinstance(answer, ZoomAnswer):
            return answer
        is_gone = answer.status == 404 or answer.code == GONE_CODE
        return None if answer.is_success or is_gone else answer.failure


def _path(ref: str) -> str:
    return f"meetings/{quote(ref, safe='')}"


def _marker(meeting: Meeting) -> str:
    return f"Kalends {meeting.key}"


def _told(meeting: Meeting) -> dict[str, Any]:
    minutes = -(-(meeting.ends_at - meeting.starts_at) // timedelta(minutes=1))
    return {
        "topic": meeting.topic[:LONGEST_TOPIC],
        "start_time": _instant(meeting.starts_at),
        "duration": max(minutes, 1),
        "timezone": meeting.timezone,
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _made(value: dict[str, Any]) -> MeetingMade | None:
    """The meeting's number and its link for attendees; the host's link, `start_url`, is ignored."""
    number, url = value.get("id"), link_in(value.get("join_url"))
    if isinstance(number, bool) or not isinstance(number, int | str) or url is None:
        return None
    ref = str(number)
    return MeetingMade(url, ref) if NUMBER.fullmatch(ref) else None
