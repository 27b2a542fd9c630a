"""Channels on which a provider says that a calendar has changed: opened after a reading, renewed
before they end, closed once the next one is open.

What comes on a channel is a hint: the calendar is read, which tells what has changed. So nothing
depends on messages that are late, doubled or lost.
"""

import hashlib
import hmac
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

import structlog
from msgspec import Struct, json

from kalends.domain.access import Mode, hash_of
from kalends.domain.calendars.channels import (
    CalendarChannel,
    NewChannel,
    NotPushed,
    OpenChannel,
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
# Before it ends, or a quarter of what the provider grants; then both are open for a moment.
RENEWED_BEFORE: Final = timedelta(hours=24)
AFTER_FAILURE: Final = timedelta(minutes=10)
AFTER_REFUSAL: Final = timedelta(days=1)


class Message(Struct, frozen=True):
    """What came: the token of the address, and what the headers say."""

    token: str
    channel_id: str
    secret: str


def pushes(context: Context, connection: CalendarConnection) -> bool:
    """Whether the provider has channels, and can reach us: by https alone."""
    public_url = context.gateways.public_url or ""
    return connection.provider.asks_consent and public_url.startswith("https://")


async def is_pushed(
    work: UnitOfWork, connection: CalendarConnection, calendar: ConnectedCalendar
) -> bool:
    """Whether a channel of the calendar is open. Where none is for long, one is asked for; the
    calendar is locked."""
    if not pushes(work.context, connection):
        return False
    now = work.recorded_at
    life = await channels.find_life(work.tenant, calendar.id)
    wants_one = life is None or life.ends_at <= now + min(RENEWED_BEFORE, life.length / 4)
    again_at = now + AFTER_FAILURE
    if wants_one and await channels.claim_watch(work.tenant, calendar.id, now, again_at):
        due = DueCalendar(work.organization_id, calendar.id)
        await work.enqueue_job(WATCH_JOB, json.encode(due))
    return life is not None and life.ends_at > now


async def watch_calendar(context: Context, payload: bytes) -> None:
    """The job: opens a channel, and then closes those from before."""
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
    context: Context
    due: DueCalendar
    calendar: ConnectedCalendar
    account: PushingAccount

    async def open(self) -> bool:
        """Its row is there before the provider knows of it, as the first message comes at once."""
        token = new_tenant_token(self.due.organization_id)
        channel = CalendarChannel(
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

    async def close(self, before: list[CalendarChannel]) -> None:
        """What cannot be closed ends by itself; nobody listens to it any more."""
        for channel in before:
            async with self._tenant() as tenant:
                await channels.delete_channel(tenant, channel.id)
            if channel.resource is not None:
                await self.account.close_channel(channel.id, channel.resource)

    def _tenant(self) -> AbstractAsyncContextManager[TenantConnection]:
        return self.context.database.tenant_connection(self.due.organization_id)


async def receive_message(context: Context, message: Message) -> None:
    """Has the calendar read that the channel is about. One that we do not know, or that was closed,
    is passed over: nothing is to be said about it."""
    key = key_of(message.token)
    if key.organization_id is None:
        return
    async with context.database.tenant_connection(key.organization_id) as tenant:
        channel = await channels.find_channel(tenant, key.token_hash)
    is_right = (
        channel is not None
        and str(channel.id) == message.channel_id
        and hmac.compare_digest(message.secret.encode(), secret_of(message.token).encode())
    )
    if channel is not None and is_right:
        caller = Caller(key.organization_id, Mode.LIVE, ACTOR, source=ACTOR)
        await change(context, caller, _nudge, channel)


async def _nudge(work: UnitOfWork, channel: CalendarChannel) -> None:
    if await channels.nudge_calendar(work.tenant, channel.calendar_id, work.recorded_at):
        await enqueue_readings(work, [channel.calendar_id])


def secret_of(token: str) -> str:
    """What the provider says beside the address; it is stored nowhere."""
    return hashlib.sha256(b"kalends channel " + token.encode()).hexdigest()
