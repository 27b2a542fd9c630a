"""`POST /hooks/calendars/{token}`: where providers say that a calendar has changed."""

from typing import Final

from kalends.formats.calendars import TakenMessageBody
from kalends.formats.encoding import encode
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.calendars import channels
from kalends.services.calendars.channels import Message
from kalends.web.http.call import Call
from kalends.web.http.routes import Access, Resource, Route, Scopes

# What the first message of a channel says: that there will be others.
OPENED: Final = "sync"


async def receive_message(call: Call) -> HttpAnswer:
    """A message of a provider of calendars

    Where Google posts to when something has changed in a calendar, with the headers
    `X-Goog-Channel-ID` and `X-Goog-Channel-Token`. The calendar is read then; what the message says
    itself is not believed. One of a channel that is not known, or was closed, is taken and passed
    over: else it would come again.
    """
    call.scope["logged_path"] = call.scope["route_path"]
    message = Message(
        token=call.scope["path_params"]["token"],
        channel_id=call.headers.get("x-goog-channel-id", ""),
        secret=call.headers.get("x-goog-channel-token", ""),
    )
    if call.headers.get("x-goog-resource-state") != OPENED:
        await channels.receive_message(call.context, message)
    return HttpAnswer(200, encode(TakenMessageBody()), {})


_call = Resource("Calendars", "", Scopes(Access.OPEN, Access.OPEN))

ROUTES: Final[tuple[Route, ...]] = (
    _call(
        "POST /hooks/calendars/{token}",
        receive_message,
        {200: TakenMessageBody},
        access=Access.OPEN,
    ),
)
