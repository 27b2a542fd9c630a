"""Opens the account that makes meetings, for each provider, with what an organization has set
up."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from kalends.domain.video import (
    MakingAnswer,
    Meeting,
    MeetingAccount,
    MeetingMade,
    NoMeeting,
    VideoFailed,
    VideoLink,
    VideoProvider,
    ZoomLogin,
)
from kalends.domain.video_accounts import VideoAccounts
from kalends.runtime.deliveries import SignedPayload
from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import Context
from kalends.scheduling.video import NEEDS_HOOK, NEEDS_JITSI, NEEDS_ZOOM, new_room
from kalends.store.video import accounts

ZOOM_PURPOSE: Final = "zoom secret"
TOKEN_PURPOSE: Final = "zoom token"
HOOK_PURPOSE: Final = "video hook secret"
# A token that expires sooner than this is not used.
TOKEN_ENDS_BEFORE: Final = timedelta(minutes=1)
UNSEALED: Final = VideoFailed(
    reason="its secret was stored under another KALENDS_SECRET; set it up anew",
    is_refused=True,
    is_final=True,
)

# A VideoFailed if nothing is set up, or if its secret cannot be opened any more.
Open: TypeAlias = Callable[[Context, UUID, VideoLink], Awaitable[MeetingAccount | VideoFailed]]


async def open_jitsi(context: Context, _: UUID, __: VideoLink) -> MeetingAccount | VideoFailed:
    base = context.gateways.jitsi_url
    return _lacks(NEEDS_JITSI) if base is None else JitsiRooms(base)


async def open_zoom(
    context: Context, organization_id: UUID, _: VideoLink
) -> MeetingAccount | VideoFailed:
    """The organization's Zoom account."""
    gateway, stored = context.gateways.zoom, await _find_accounts(context, organization_id)
    if gateway is None or stored is None or not stored.has_zoom:
        return _lacks(NEEDS_ZOOM)
    return gateway.open(stored.zoom_user or "me", KeptZoomToken(context, organization_id))


async def open_hook(
    context: Context, organization_id: UUID, _: VideoLink
) -> MeetingAccount | VideoFailed:
    """The organization's own hook."""
    gateway, stored = context.gateways.video_hook, await _find_accounts(context, organization_id)
    if gateway is None or stored is None or stored.hook_url is None or stored.hook_secret is None:
        return _lacks(NEEDS_HOOK)
    try:
        secret = context.seal.open(stored.hook_secret, HOOK_PURPOSE).decode()
    except SealBroken:
        return UNSEALED

    def sign(key: str, body: bytes) -> dict[str, str]:
        return SignedPayload(key, body, [secret]).headers(context.clock())

    return gateway.open(stored.hook_url, sign)


async def _find_accounts(context: Context, organization_id: UUID) -> VideoAccounts | None:
    async with context.database.tenant_connection(organization_id) as tenant:
        return await accounts.find_accounts(tenant)


def _lacks(reason: str) -> VideoFailed:
    return VideoFailed(reason=f"it {reason}", is_refused=True, is_final=True)


class JitsiRooms:
    """See `MeetingAccount`. A room exists as soon as somebody enters it, so there is nothing to
    ask."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def make(self, meeting: Meeting) -> MakingAnswer:
        return MeetingMade(new_room(self._base))

    async def find(self, meeting: Meeting) -> MakingAnswer | NoMeeting:
        return NoMeeting()

    async def change(self, ref: str, meeting: Meeting) -> NoMeeting | VideoFailed | None:
        return None

    async def remove(self, ref: str | None, meeting: Meeting) -> VideoFailed | None:
        return None


class KeptZoomToken:
    """See `ZoomTokens`. The stored token serves all processes until it expires."""

    def __init__(self, context: Context, organization_id: UUID) -> None:
        self._context = context
        self._organization_id = organization_id

    async def token(self, refused: str | None = None) -> str | VideoFailed:
        stored = await _find_accounts(self._context, self._organization_id)
        if stored is None or stored.zoom_client_secret is None:
            return _lacks(NEEDS_ZOOM)
        try:
            kept = self._kept(stored)
            login = self._login(stored)
        except SealBroken:
            return UNSEALED
        return kept if kept is not None and kept != refused else await self._renew(stored, login)

    def _kept(self, stored: VideoAccounts) -> str | None:
        until = stored.zoom_token_until
        if stored.zoom_token is None or until is None:
            return None
        if until - TOKEN_ENDS_BEFORE <= self._context.clock():
            return None
        return self._context.seal.open(stored.zoom_token, TOKEN_PURPOSE).decode()

    def _login(self, stored: VideoAccounts) -> ZoomLogin:
        secret = self._context.seal.open(stored.zoom_client_secret or b"", ZOOM_PURPOSE)
        return ZoomLogin(stored.zoom_account_id or "", stored.zoom_client_id or "", secret.decode())

    async def _renew(self, stored: VideoAccounts, login: ZoomLogin) -> str | VideoFailed:
        """Requests and stores a new token, without a lock: if two processes do so at once, both
        tokens are valid."""
        gateway = self._context.gateways.zoom
        assert gateway is not None
        asked_at = self._context.clock()
        answer = await gateway.ask_token(login)
        if isinstance(answer, VideoFailed):
            return answer
        until = asked_at + timedelta(seconds=answer.seconds)
        sealed = self._context.seal.close(answer.token.encode(), TOKEN_PURPOSE)
        async with self._context.database.tenant_connection(self._organization_id) as tenant:
            if stored.zoom_token is not None:
                await accounts.forget_token(tenant, stored.zoom_token)
            await accounts.keep_token(tenant, stored, sealed, until)
        return answer.token


OPENERS: Final[Mapping[VideoProvider, Open]] = {
    VideoProvider.JITSI: open_jitsi,
    VideoProvider.ZOOM: open_zoom,
    VideoProvider.URL: open_hook,
}
"""Those that need no calendar."""
