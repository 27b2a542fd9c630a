"""`POST /hooks/calendars/{token}`: receives providers' messages that a calendar has changed."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from kalends.domain.calendars.channels import Notice, NoticeKind
from kalends.domain.errors import NotFound
from kalends.formats.calendars import TakenMessageBody
from kalends.formats.described import about
from kalends.formats.encoding import encode
from kalends.formats.lenient_json import dict_in, list_in
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.calendars import channels
from kalends.web.http.call import Call
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import Access, Resource, Route, Scopes

# The state in the first message of a Google channel, which only says that the channel is open.
OPENED: Final = "sync"
# Microsoft's messages about a subscription itself; any other one says that something has changed.
LIFECYCLE: Final[Mapping[str, NoticeKind]] = {
    "reauthorizationRequired": NoticeKind.ENDS,
    "subscriptionRemoved": NoticeKind.ENDED,
}
TEXT: Final = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
MOST_NOTICES: Final = 1_000


class MessageQuery(RequestModel, frozen=True):
    validation_token: Annotated[
        Annotated[str, Meta(max_length=2_000)] | None,
        about(
            "Sent by Microsoft to check the address before it posts there; the answer is the same "
            "text."
        ),
    ] = msgspec.field(default=None, name="validationToken")


async def receive_message(call: Call) -> HttpAnswer:
    """Receive a message of a provider of calendars

    For providers only: they post here when something has changed in a calendar, Google with the
    headers `X-Goog-Channel-ID` and `X-Goog-Channel-Token`, Microsoft with a body that names its
    subscriptions, each with its `clientState`. The message only causes the calendar to be read;
    its content is not believed. A message of a channel that is unknown or closed is ignored:
    Google still gets 200, since it would send it again, and Microsoft 404.
    """
    call.scope["logged_path"] = call.scope["route_path"]
    token = call.scope["path_params"]["token"]
    if (asked := call.query(MessageQuery).validation_token) is not None:
        if not await channels.is_open(call.context, token):
            raise _unknown()
        return HttpAnswer(200, asked.encode(), TEXT)
    if "x-goog-channel-id" in call.headers:
        await channels.receive_notices(call.context, token, _notices_of_google(call.headers))
        return HttpAnswer(200, encode(TakenMessageBody()), {})
    notices = _notices_of_microsoft(await call.raw_json())
    if not await channels.receive_notices(call.context, token, notices):
        raise _unknown()
    return HttpAnswer(202, encode(TakenMessageBody()), {})


def _notices_of_google(headers: Mapping[str, str]) -> Sequence[Notice]:
    if headers.get("x-goog-resource-state") == OPENED:
        return []
    return [
        Notice(
            kind=NoticeKind.CHANGED,
            secret=headers.get("x-goog-channel-token", ""),
            channel_id=headers["x-goog-channel-id"],
        )
    ]


def _notices_of_microsoft(body: bytes) -> Sequence[Notice]:
    said = dict_in(msgspec.json.decode(body or b"{}"))
    read = [_notice_in(dict_in(each)) for each in list_in(said.get("value"))[:MOST_NOTICES]]
    return [notice for notice in read if notice is not None]


def _notice_in(said: Mapping[str, Any]) -> Notice | None:
    subscription, secret = said.get("subscriptionId"), said.get("clientState")
    if not isinstance(subscription, str) or not isinstance(secret, str):
        return None
    event = said.get("lifecycleEvent")
    kind = LIFECYCLE.get(event) if isinstance(event, str) else None
    return Notice(kind=kind or NoticeKind.CHANGED, secret=secret, resource=subscription)


def _unknown() -> NotFound:
    return NotFound("There is no such channel.")


_call = Resource("Calendars", "", Scopes(Access.OPEN, Access.OPEN))
_TAKEN: Final = dict.fromkeys((200, 202), TakenMessageBody)

ROUTES: Final[tuple[Route, ...]] = (
    _call(
        "POST /hooks/calendars/{token}",
        receive_message,
        _TAKEN,
        query=MessageQuery,
        errors=("NOT_FOUND",),
    ),
)
