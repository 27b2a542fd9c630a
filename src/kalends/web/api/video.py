"""`/api/v1/organization/video`: the accounts by which links to calls are made.

Whoever may read webhooks may read this: the address of a hook can have a secret in its query, as
those of webhooks can, and is shown whole as they are.
"""

from functools import partial
from typing import Annotated, Final

from msgspec import Meta, structs

from kalends.domain.scopes import Scope
from kalends.domain.video_accounts import VideoAccounts
from kalends.formats.described import about
from kalends.formats.video import (
    PutVideoAccountsBody,
    VideoAccountsBody,
    show_put_accounts,
    show_video_accounts,
)
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.if_match import check_version
from kalends.services.video import accounts
from kalends.services.video.accounts import NewVideoAccounts, NewZoom, PutVideoAccounts, version_of
from kalends.web.http.answers import DataOf, data
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import lock_update
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import Resource, Route, Scopes

Credential = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"^[!-~]+(?![\s\S])")]


class ZoomInput(RequestModel, frozen=True):
    """A server-to-server application at Zoom, which may write meetings."""

    account_id: Credential
    client_id: Credential
    client_secret: Annotated[
        Credential | None,
        about(
            "The client secret; never shown. If it is left out, that of the same application stays."
        ),
    ] = None
    user: Annotated[
        Credential,
        about("The user at Zoom to whom the meetings belong: an address, an id or `me`."),
    ] = "me"


class VideoHookInput(RequestModel, frozen=True):
    """A hook of your own, which makes links."""

    url: Annotated[
        str,
        about(
            "An https address, by the same rules as for webhooks.",
            "https://example.com/hooks/video",
            min_length=1,
            max_length=2000,
        ),
    ]


class PutVideo(RequestModel, frozen=True):
    """All accounts: what is left out or null is removed."""

    zoom: ZoomInput | None = None
    hook: VideoHookInput | None = None


async def get_video_accounts(call: Call) -> HttpAnswer:
    """Get the accounts that make video links

    The hook's address is shown in full, query included.
    """
    return video_response(await call.read(accounts.get_video_accounts))


async def put_video_accounts(call: Call) -> HttpAnswer:
    """Set the accounts that make video links

    For bookings of event types with `video` `zoom` a meeting is made at Zoom; with `url` your own
    hook makes the link. The hook gets a signed POST with `type` `video.requested`,
    `idempotency_key`, `booking_id` (null for a session), `schedule_id`, `title`, `start_time`,
    `end_time` and `timezone`, and answers 2xx within 10 seconds with `{"url": "https://…"}`. If
    it gets the same key again, it has to answer with the same link. When a booking is cancelled,
    it gets a DELETE with `video.removed` under the same key.

    Requests are signed like webhooks, with the `secret` that the answer shows if the hook is new.
    Links that could not be made before are tried again.
    """
    await call.raw_json()
    stored = await call.read(accounts.get_video_accounts)
    check_version(version_of(stored), call.if_match)
    body = await call.body(PutVideo)
    if body.hook is not None:
        await accounts.check_hook(call.context, body.hook.url)
    lock = partial(accounts.lock_video_accounts, if_match=call.if_match)
    use_case = lock_update(lock, accounts.put_video_accounts, parse_put(body))
    return await call.change(put_response, use_case)


async def delete_video_accounts(call: Call) -> HttpAnswer:
    """Remove the accounts that make video links

    Links that were made stay.
    """
    return await call.change(video_response, accounts.delete_video_accounts, call.if_match)


def parse_put(body: PutVideo) -> NewVideoAccounts:
    zoom = None
    if body.zoom is not None:
        zoom = NewZoom(**structs.asdict(body.zoom))
    return NewVideoAccounts(zoom=zoom, hook_url=body.hook.url if body.hook else None)


def video_response(stored: VideoAccounts | None) -> HttpAnswer:
    return data(show_video_accounts(stored), version=version_of(stored))


def put_response(put: PutVideoAccounts) -> HttpAnswer:
    shown = show_put_accounts(put.accounts, put.hook_secret)
    return data(shown, version=put.accounts.version)


_call = Resource(
    "Video links",
    "/api/v1/organization/video",
    Scopes(Scope.WEBHOOKS_READ, Scope.ALL),
    item="",
    has_versions=True,
)
_SHOWN: Final = {200: DataOf[VideoAccountsBody]}
_PUT: Final = {200: DataOf[PutVideoAccountsBody]}

ROUTES: Final[tuple[Route, ...]] = (
    _call.get(get_video_accounts, VideoAccountsBody),
    _call("PUT", put_video_accounts, _PUT, body=PutVideo, etag=True, if_match=True),
    _call("DELETE", delete_video_accounts, _SHOWN, etag=True, if_match=True),
)
