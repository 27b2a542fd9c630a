"""Subscriptions: Graph posts to an address of ours when something has changed in a mailbox.

https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from kalends.domain.calendars.channels import NewChannel, NotPushed, OpenChannel
from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood
from kalends.formats.lenient_json import moment_in
from kalends.gateways.json_api import Answer, segment
from kalends.gateways.microsoft.places import CALENDARS_SCOPE
from kalends.gateways.microsoft.session import MicrosoftSession

# The longest subscription to events that Graph grants.
LONGEST: Final = timedelta(minutes=4230)
EVENTS: Final = "/me/events"
CHANGES: Final = "created,updated,deleted"
PATH: Final = "subscriptions"


async def open_channel(
    session: MicrosoftSession, new: NewChannel
) -> OpenChannel | NotPushed | CalendarFailure:
    """Opens a subscription for all calendars of the mailbox. Graph calls our address, to validate
    it, before it answers."""
    until = datetime.now(UTC) + LONGEST
    body = {
        "changeType": CHANGES,
        "notificationUrl": new.address,
        "lifecycleNotificationUrl": new.address,
        "resource": EVENTS,
        "expirationDateTime": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        "clientState": new.secret,
    }
    answer = await session.send("POST", PATH, CALENDARS_SCOPE, None, body)
    if not isinstance(answer, Answer):
        return answer
    if not answer.is_success:
        return NotPushed() if answer.status == 403 else answer.failure
    id_, until_there = answer.value.get("id"), moment_in(answer.value.get("expirationDateTime"))
    if not isinstance(id_, str) or until_there is None:
        return NotUnderstood("it takes a subscription, and does not say until when")
    return OpenChannel(id_, until_there)


async def close_channel(session: MicrosoftSession, subscription_id: str) -> CalendarFailure | None:
    """Ends a subscription; one that is not open counts as ended."""
    path = f"{PATH}/{segment(subscription_id)}"
    answer = await session.send("DELETE", path, CALENDARS_SCOPE)
    if not isinstance(answer, Answer):
        return answer
    return None if answer.is_success or answer.status == 404 else answer.failure
