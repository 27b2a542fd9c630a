"""Channels: Google posts to an address of ours when something has changed in a calendar.

https://developers.google.com/workspace/calendar/api/guides/push
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kalends.domain.calendars.channels import NewChannel, NotPushed, OpenChannel
from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood
from kalends.gateways.google.places import BUSY_SCOPE
from kalends.gateways.google.reading import events_path
from kalends.gateways.google.session import GoogleSession
from kalends.gateways.json_api import Answer

NOT_PUSHED = "pushNotSupportedForRequestedResource"


async def open_channel(
    session: GoogleSession, calendar_id: str, new: NewChannel
) -> OpenChannel | NotPushed | CalendarFailure:
    """Opens a channel, for as long as Google grants it."""
    body = {
        "id": str(new.id),
        "type": "web_hook",
        "address": new.address,
        "token": new.secret,
    }
    path = f"{events_path(calendar_id)}/watch"
    answer = await session.send("POST", path, BUSY_SCOPE, value=body)
    if not isinstance(answer, Answer):
        return answer
    if not answer.is_success:
        return NotPushed() if answer.reason == NOT_PUSHED else answer.failure
    resource, until = answer.value.get("resourceId"), _instant_in(answer.value.get("expiration"))
    if not isinstance(resource, str) or until is None:
        return NotUnderstood("it opens a channel, and does not say until when")
    return OpenChannel(resource, until)


async def close_channel(
    session: GoogleSession, channel_id: UUID, resource: str
) -> CalendarFailure | None:
    """Closes a channel; one that is not open counts as closed."""
    body = {"id": str(channel_id), "resourceId": resource}
    answer = await session.send("POST", "channels/stop", BUSY_SCOPE, value=body)
    if not isinstance(answer, Answer):
        return answer
    return None if answer.is_success or answer.status == 404 else answer.failure


def _instant_in(value: Any) -> datetime | None:
    """The instant in a text that is a Unix time in milliseconds."""
    try:
        return datetime.fromtimestamp(int(value) // 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
