"""The accounts with which an organization has links to calls made: get, set up, delete."""

from typing import Final

from msgspec import Struct, structs

from kalends.domain import webhook
from kalends.domain.errors import Invalid
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.video import VideoProvider
from kalends.domain.video_accounts import ZOOM_FIELDS, VideoAccounts
from kalends.runtime.if_match import IfMatch, check_version
from kalends.runtime.outbound_urls import check_outbound_url
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.services.video.openers import HOOK_PURPOSE, ZOOM_PURPOSE
from kalends.store.accounts.organizations import lock_organization
from kalends.store.notifier import VIDEO_CHANNEL
from kalends.store.video import accounts, links, reports

NEEDS_SECRET: Final = "is required, as no secret of this application is stored"


class NewZoom(Struct, frozen=True, kw_only=True):
    """A server-to-server application at Zoom. Without a secret, the stored one stays."""

    account_id: str
    client_id: str
    client_secret: str | None
    user: str


class NewVideoAccounts(Struct, frozen=True, kw_only=True):
    """The accounts to set up; None removes one."""

    zoom: NewZoom | None
    hook_url: str | None


class PutVideoAccounts(Struct, frozen=True):
    """The accounts after the change. `hook_secret` is the secret of a new hook; it is shown only
    now."""

    accounts: VideoAccounts
    hook_secret: str | None = None


async def check_hook(context: Context, url: str) -> None:
    """Raises Invalid for a URL that may not be called. See `check_outbound_url`."""
    await check_outbound_url(context, "hook.url", url)


async def get_video_accounts(work: UnitOfWork) -> VideoAccounts | None:
    """The accounts of the organization; None if nothing is set up."""
    return await accounts.find_accounts(work.tenant)


async def lock_video_accounts(work: UnitOfWork, if_match: IfMatch) -> VideoAccounts:
    """The accounts, locked until the transaction ends. Raises Stale."""
    await lock_organization(work.tenant)  # there may be no row of accounts to lock yet
    locked = await accounts.lock_accounts(work.tenant) or nothing_at(work)
    check_version(locked.version, if_match)
    return locked


async def put_video_accounts(
    work: UnitOfWork, before: VideoAccounts, new: NewVideoAccounts
) -> PutVideoAccounts:
    """Replaces all accounts, and retries the links that could not be made. A hook whose URL stays
    keeps its secret. Raises Invalid."""
    after, secret = _with_hook(work, _with_zoom(work, before, new.zoom), new.hook_url)
    after = structs.replace(after, updated_at=work.recorded_at, version=before.version + 1)
    await accounts.put_accounts(work.tenant, after)
    providers = [VideoProvider.ZOOM, VideoProvider.URL]
    await links.retry_failed(work.tenant, providers, work.recorded_at)
    await reports.forget_reports(work.tenant, providers)
    work.notifications.add(VIDEO_CHANNEL)
    return PutVideoAccounts(after, secret)


async def delete_video_accounts(work: UnitOfWork, if_match: IfMatch) -> VideoAccounts | None:
    """Removes all accounts. Links that were made stay. Raises Stale."""
    await lock_video_accounts(work, if_match)
    await accounts.delete_accounts(work.tenant)
    return None


def version_of(stored: VideoAccounts | None) -> int:
    return 0 if stored is None else stored.version


def nothing_at(work: UnitOfWork) -> VideoAccounts:
    """Accounts of which none is set up, as version 0."""
    return VideoAccounts(None, None, None, None, None, None, None, None, work.recorded_at, 0)


def _with_zoom(work: UnitOfWork, before: VideoAccounts, zoom: NewZoom | None) -> VideoAccounts:
    if zoom is None:
        return structs.replace(before, **dict.fromkeys(ZOOM_FIELDS))
    is_same = (before.zoom_account_id, before.zoom_client_id) == (zoom.account_id, zoom.client_id)
    sealed = before.zoom_client_secret if is_same else None
    if zoom.client_secret is not None:
        sealed = work.context.seal.close(zoom.client_secret.encode(), ZOOM_PURPOSE)
    if sealed is None:
        raise Invalid.field("zoom.client_secret", NEEDS_SECRET, Fault(FaultCode.MISSING))
    return structs.replace(
        before,
        zoom_account_id=zoom.account_id,
        zoom_client_id=zoom.client_id,
        zoom_client_secret=sealed,
        zoom_user=zoom.user,
        zoom_token=None,
        zoom_token_until=None,
    )


def _with_hook(
    work: UnitOfWork, before: VideoAccounts, url: str | None
) -> tuple[VideoAccounts, str | None]:
    """The accounts with that hook, and its secret if it is new."""
    if url == before.hook_url:
        return before, None
    if url is None:
        return structs.replace(before, hook_url=None, hook_secret=None), None
    secret = webhook.new_secret()
    sealed = work.context.seal.close(secret.encode(), HOOK_PURPOSE)
    return structs.replace(before, hook_url=url, hook_secret=sealed), secret
