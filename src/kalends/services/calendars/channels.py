"""Channels on which a provider notifies us of changes in a calendar. They are opened after a
reading, renewed before they expire, and closed once the next one is open. Depending on the provider
a channel is for one calendar, or for all that an account owns.

A notification is only a hint: it makes the calendar be read, which finds the changes. So
notifications may be late, duplicated or lost.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct, json

from kalends.domain.access import Mode, hash_of
from kalends.domain.calendars.accounts import CalendarAccess
from kalends.domain.calendars.channels import (
    NewChannel,
    Notice,
    NoticeKind,
    NotPushed,
    OpenChannel,
    OpenedChannel,
    PushingAccount,
)
from kalends.domain.calendars.connections import CalendarConnection, ConnectedCalendar
from kalends.domain.calendars.states import ConnectionState
from kalends.domain.ids import CALENDAR, encode_id, new_id
from kalends.domain.tenant_tokens import key_of, new_tenant_token
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.services.calendars.accounts.logins import open_account
from kalends.services.calendars.queue import DueCalendar, enqueue_readings
from kalends.store.calendars import calendars, channels, connections
from kalends.store.database import TenantConnection

log = structlog.get_logger("kalends.calendars")

WATCH_JOB: Final = "watch_calendar"
HOOKS: Final = "/hooks/calendars"
ACTOR: Final = "kalends"
# How long before its end a channel is renewed, at most a quarter of its life. Then two are open for
# a moment.
RENEWED_BEFORE: Final = timedelta(hours=24)
AFTER_FAILURE: Final = timedelta(minutes=10)
AFTER_REFUSAL: Final = timedelta(days=1)


def pushes(context: Context, connection: CalendarConnection) -> bool:
    """Whether the provider has channels and can reach us, which takes https."""
    public_url = context.gateways.public_url or ""
    return connection.provider.asks_consent and public_url.startswith("https://")


async def is_pushed(
    work: UnitOfWork, connection: CalendarConnection, calendar: ConnectedCalendar
) -> bool:
    """Whether the provider notifies us of changes in the calendar. If no channel is open for long
    enough, queues opening one. The caller has locked the calendar."""
    if not pushes(work.context, connection):
        return False
    now, carrier_id, is_covered = work.recorded_at, calendar.id, True
    if _pushes_whole_accounts(work.context, connection):
        carrier_id = await channels.find_carrier(work.tenant, connection.id) or calendar.id
        # Such a channel covers the account's own calendars, not those that others share with it.
        is_covered = calendar.access is CalendarAccess.WRITE
    life = await channels.find_life(work.tenant, carrier_id)
    wants_one = life is None or life.ends_at <= now + min(RENEWED_BEFORE, life.length / 4)
    again_at = now + AFTER_FAILURE
    if wants_one and await channels.claim_watch(work.tenant, carrier_id, now, again_at):
        due = DueCalendar(work.organization_id, carrier_id)
        await work.enqueue_job(WATCH_JOB, json.encode(due))
    return is_covered and life is not None and life.ends_at > now


def _pushes_whole_accounts(context: Context, connection: CalendarConnection) -> bool:
    """Whether one channel covers all calendars of the connection; the first calendar has it."""
    provider = context.gateways.consents.get(connection.provider)
    return provider is not None and provider.pushes_whole_accounts


async def watch_calendar(context: Context, payload: bytes) -> None:
    """The job: opens a channel, then closes the former ones."""
    due = json.decode(payload, type=DueCalendar)
    async with context.database.tenant_connection(due.organization_id) as tenant:
        calendar = await calendars.find_calendar(tenant, due.calendar_id)
        if calendar is None:
            return
        connection = await connections.find_connection(tenant, calendar.connection_id)
        if connection is None or not pushes(context, connection):
            return
        if connection.state in (ConnectionState.PAUSED, ConnectionState.REMOVING):
            return
        before = await channels.list_channels(tenant, calendar.id)
    account = open_account(context, due.organization_id, connection)
    if isinstance(account, PushingAccount):
        watcher = _Watcher(context, due, calendar, account)
        if await watcher.open():
            await watcher.close(before)


class _Watcher(Struct, frozen=True):
    """The job's work for one calendar: opening a channel, and closing the former ones."""

    context: Context
    due: DueCalendar
    calendar: ConnectedCalendar
    account: PushingAccount

    async def open(self) -> bool:
        """Opens a channel. Its row is stored before the request, since the first notification may
        come at once. Returns whether it is open."""
        token = new_tenant_token(self.due.organization_id)
        channel = OpenedChannel(
            id=new_id(),
            calendar_id=self.calendar.id,
            token_hash=hash_of(token),
            resource=None,
            expires_at=None,
            created_at=self.context.clock(),
        )
        async with self._tenant() as tenant:
            await channels.insert_channel(tenant, channel)
        address = f"{self.context.gateways.public_url}{HOOKS}/{token}"
        new = NewChannel(channel.id, address, secret_of(token))
        came = await self.account.open_channel(self.calendar.remote_id, new)
        if isinstance(came, OpenChannel):
            async with self._tenant() as tenant:
                if await channels.note_open(tenant, channel.id, came.resource, came.expires_at):
                    return True
            await self.account.close_channel(channel.id, came.resource)
            return False
        async with self._tenant() as tenant:
            await channels.delete_channel(tenant, channel.id)
            if isinstance(came, NotPushed):
                until = self.context.clock() + AFTER_REFUSAL
                await channels.postpone_watch(tenant, self.calendar.id, until)
        log.info(
            "calendar_not_watched",
            calendar=encode_id(CALENDAR, self.calendar.id),
            reason=type(came).__name__,
        )
        return False

    async def close(self, before: list[OpenedChannel]) -> None:
        """Closes the former channels. One that cannot be closed expires by itself, and its
        notifications are ignored."""
        for channel in before:
            async with self._tenant() as tenant:
                await channels.delete_channel(tenant, channel.id)
            if channel.resource is not None:
                await self.account.close_channel(channel.id, channel.resource)

    def _tenant(self) -> AbstractAsyncContextManager[TenantConnection]:
        return self.context.database.tenant_connection(self.due.organization_id)


async def is_open(context: Context, token: str) -> bool:
    """Whether a URL with that token is one of ours. A provider asks before it opens a channel."""
    key = key_of(token)
    if key.organization_id is None:
        return False
    async with context.database.tenant_connection(key.organization_id) as tenant:
        return await channels.find_channel(tenant, key.token_hash) is not None


async def receive_notices(context: Context, token: str, notices: Sequence[Notice]) -> bool:
    """Queues reading the calendars that the channel is about. False if the channel is unknown or
    was closed; then nothing is done."""
    key = key_of(token)
    if key.organization_id is None:
        return False
    async with context.database.tenant_connection(key.organization_id) as tenant:
        channel = await channels.find_channel(tenant, key.token_hash)
    if channel is None:
        return False
    secret = secret_of(token)
    kinds = {notice.kind for notice in notices if _is_of(notice, channel, secret)}
    if kinds:
        caller = Caller(key.organization_id, Mode.LIVE, ACTOR, source=ACTOR)
        await change(context, caller, _follow, channel, kinds)
    return bool(kinds)


def _is_of(notice: Notice, channel: OpenedChannel, secret: str) -> bool:
    """Whether the notice has the secret and the name of the channel. The first one may arrive
    before we know the provider's name for it."""
    is_named = notice.channel_id in (None, str(channel.id))
    is_theirs = channel.resource is None or notice.resource in (None, channel.resource)
    return is_named and is_theirs and _is_same(notice.secret, secret)


def _is_same(received: str, secret: str) -> bool:
    return hmac.compare_digest(received.encode(errors="replace"), secret.encode())


async def _follow(work: UnitOfWork, channel: OpenedChannel, kinds: Collection[NoticeKind]) -> None:
    if NoticeKind.ENDED in kinds:
        await channels.delete_channel(work.tenant, channel.id)
    elif NoticeKind.ENDS in kinds:
        await channels.end_channel(work.tenant, channel.id, work.recorded_at)
    await enqueue_readings(work, await _nudge(work, channel.calendar_id))


async def _nudge(work: UnitOfWork, calendar_id: UUID) -> list[UUID]:
    """Makes the calendar due, or all of its account if the channel covers those. Returns the
    calendars to put into the queue at once."""
    tenant, now = work.tenant, work.recorded_at
    calendar = await calendars.find_calendar(tenant, calendar_id)
    if calendar is None:
        return []
    connection = await connections.find_connection(tenant, calendar.connection_id)
    if connection is not None and _pushes_whole_accounts(work.context, connection):
        return await channels.nudge_calendars(tenant, connection.id, now)
    return [calendar_id] if await channels.nudge_calendar(tenant, calendar_id, now) else []


def secret_of(token: str) -> str:
    """The secret that the provider sends with each notice. It is derived from the token, and not
    stored."""
    return hashlib.sha256(b"kalends channel " + token.encode()).hexdigest()
