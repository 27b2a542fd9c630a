"""Requests links from an organization's own hook: a signed POST, which is answered with `{"url"}`.

The request describes the booking and has an `Idempotency-Key`. A hook that gets the same key again,
because an answer was lost, has to answer with the first link.
"""

from datetime import timedelta
from typing import Final

import msgspec

from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.domain.video import (
    MakingAnswer,
    Meeting,
    MeetingAccount,
    MeetingMade,
    NoMeeting,
    SignRequest,
    VideoFailed,
)
from kalends.formats.lenient_json import dict_in, link_in
from kalends.gateways.redirects import seconds_to_retry

TIMEOUT_SECONDS: Final = 10.0
MOST_BYTES: Final = 16_384
REQUESTED, REMOVED = "video.requested", "video.removed"
# Statuses of hooks that do not support removing, and for links that are gone.
NOTHING_TO_REMOVE: Final = frozenset({404, 405, 410, 501})


class VideoHooks:
    """See `HookGateway`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def open(self, url: str, sign: SignRequest) -> MeetingAccount:
        return VideoHook(self._http, url, sign)


class VideoHook:
    """See `MeetingAccount`. Its links stay valid when a booking moves, so it hears of no moves."""

    def __init__(self, http: Http, url: str, sign: SignRequest) -> None:
        self._http = http
        self._url = url
        self._sign = sign

    async def make(self, meeting: Meeting) -> MakingAnswer:
        response = await self._send("POST", REQUESTED, meeting)
        if isinstance(response, VideoFailed):
            return response
        return _link_in(response)

    async def find(self, meeting: Meeting) -> MakingAnswer | NoMeeting:
        """Sends the request again with the same key, to which the hook answers with its link."""
        return NoMeeting()

    async def change(self, ref: str, meeting: Meeting) -> NoMeeting | VideoFailed | None:
        return None

    async def remove(self, ref: str | None, meeting: Meeting) -> VideoFailed | None:
        response = await self._send("DELETE", REMOVED, meeting)
        return response if isinstance(response, VideoFailed) else None

    async def _send(
        self, method: str, kind: str, meeting: Meeting
    ) -> OutboundResponse | VideoFailed:
        body = msgspec.json.encode(
            {
                "type": kind,
                "idempotency_key": meeting.key,
                "booking_id": meeting.booking_id,
                "schedule_id": meeting.schedule_id,
                "title": meeting.topic,
                "start_time": meeting.starts_at,
                "end_time": meeting.ends_at,
                "timezone": meeting.timezone,
            }
        )
        response = await self._http.send(
            OutboundRequest(
                method=method,
                url=self._url,
                headers={**self._sign(meeting.key, body), "idempotency-key": meeting.key},
                body=body,
                timeout_seconds=TIMEOUT_SECONDS,
                most_bytes=MOST_BYTES,
            )
        )
        return _checked(response, method)


def _checked(
    response: OutboundResponse | Unreachable, method: str
) -> OutboundResponse | VideoFailed:
    if isinstance(response, Unreachable):
        return VideoFailed(reason=f"the hook: {response.reason}", is_refused=response.is_refused)
    is_taken = 200 <= response.status < 300
    if is_taken or (method == "DELETE" and response.status in NOTHING_TO_REMOVE):
        return response
    seconds = seconds_to_retry(response)
    reason = f"the hook answers {response.status}"
    if response.status in (401, 403, 404, 405, 410, 422) or 300 <= response.status < 400:
        return VideoFailed(reason=reason, is_refused=True, is_final=True)
    after = None if seconds is None else timedelta(seconds=seconds)
    return VideoFailed(reason=reason, after=after)


def _link_in(response: OutboundResponse) -> MakingAnswer:
    try:
        url = link_in(dict_in(msgspec.json.decode(response.body)).get("url"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        url = None
    if url is None:
        return VideoFailed(
            reason='the hook must answer {"url": "https://…"}', is_refused=True, is_final=True
        )
    return MeetingMade(url)
