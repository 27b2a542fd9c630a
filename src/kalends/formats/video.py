"""The public JSON of an organization's accounts for links to calls."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Struct

from kalends.domain.video_accounts import VideoAccounts
from kalends.formats.described import about


class ZoomBody(Struct, frozen=True):
    """A server-to-server application at Zoom. Its secret is never shown."""

    account_id: str
    client_id: str
    user: Annotated[
        str, about("The user at Zoom to whom the meetings belong: an address, an id or `me`.")
    ]


class VideoHookBody(Struct, frozen=True):
    """The organization's own hook."""

    url: str


class VideoAccountsBody(Struct, frozen=True):
    """The accounts that make video links; null if one is not set up."""

    zoom: ZoomBody | None
    hook: VideoHookBody | None
    updated_at: datetime | None


class CreatedVideoHookBody(Struct, frozen=True):
    """The organization's own hook, with its secret if it is new."""

    url: str
    secret: Annotated[
        str | None,
        about("The secret that requests are signed with; shown only if the hook is new."),
    ]


class PutVideoAccountsBody(Struct, frozen=True):
    """By whose accounts links to calls are made from now on."""

    zoom: ZoomBody | None
    hook: CreatedVideoHookBody | None
    updated_at: datetime | None


def show_video_accounts(stored: VideoAccounts | None) -> dict[str, Any]:
    """The accounts as the API shows them; the fields of `VideoAccountsBody`, ready to encode."""
    if stored is None:
        return {"zoom": None, "hook": None, "updated_at": None}
    zoom = {
        "account_id": stored.zoom_account_id,
        "client_id": stored.zoom_client_id,
        "user": stored.zoom_user,
    }
    return {
        "zoom": zoom if stored.has_zoom else None,
        "hook": {"url": stored.hook_url} if stored.has_hook else None,
        "updated_at": stored.updated_at,
    }


def show_put_accounts(stored: VideoAccounts, secret: str | None) -> dict[str, Any]:
    """The same, with the secret of a hook that is new."""
    shown = show_video_accounts(stored)
    if shown["hook"] is not None:
        shown["hook"]["secret"] = secret
    return shown
