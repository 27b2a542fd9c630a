"""The unit of work that every use case runs in: one transaction with its caller, its clock and its
events. `read` and `change` run a use case, and retry it after a conflict in PostgreSQL."""

import random
from asyncio import sleep
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from time import time
from typing import Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.access import Mode
from kalends.domain.errors import Forbidden, NotFound, NotSaved, Unauthorized
from kalends.domain.gateways import NO_GATEWAYS, Gateways
from kalends.domain.ids import encode_id
from kalends.domain.mail import Mail
from kalends.domain.scopes import Scope, allows
from kalends.domain.values import Instant
from kalends.runtime import idempotency
from kalends.runtime.idempotency import HttpAnswer, IdempotentRequest
from kalends.runtime.sealing import Seal
from kalends.store.database import Database, RunAgain, TenantConnection, Tx
from kalends.store.jobs import enqueue_job
from kalends.store.notifier import JOBS_CHANNEL, NOTIFIED
from kalends.store.outbox.events import Event, NewMail, ToldBooking, append_events

P = ParamSpec("P")
R = TypeVar("R")

TRANSACTION_ATTEMPTS: Final = 3


def real_time() -> Instant:
    """The one clock of the program."""
    return Instant.fromtimestamp(int(time()), UTC)


class GaveUp(Exception):
    """Raised where a job can never succeed, so it is not retried: the text says why."""


@dataclass(frozen=True)
class Context:
    """What use cases work with: the database, the seal, the clock, the gateways. Where it
    `may_change` nothing, use cases that change something raise NotSaved before they begin."""

    database: Database
    seal: Seal
    clock: Callable[[], Instant] = real_time
    gateways: Gateways = NO_GATEWAYS
    may_change: bool = True

    async def close(self) -> None:
        """Gives back the connections to the database and to others."""
        await self.gateways.http.close()
        if self.gateways.mail_transport is not None:
            await self.gateways.mail_transport.close()
        await self.database.close()


class Caller(Struct, frozen=True):
    """Who asks, and for which organization.

    `actor` is the public id of a key or user, or a word such as `attendee`; `actor_name` is the
    name of that actor. `now` is the time for the rules where a sandbox sets it. With
    `only_schedules` the caller sees these schedules and what is on them, and gets NotFound for
    anything else; None is no such limit.
    """

    organization_id: UUID
    mode: Mode
    actor: str
    scopes: Sequence[str] = (Scope.ALL.value,)
    api_key_id: UUID | None = None
    source: str = "api"
    now: Instant | None = None
    user_id: UUID | None = None
    actor_name: str | None = None
    only_schedules: frozenset[UUID] | None = None

    def sees(self, schedule_ids: Iterable[UUID]) -> bool:
        """Whether the caller sees what is on these schedules: at least one is theirs."""
        return self.only_schedules is None or not self.only_schedules.isdisjoint(schedule_ids)

    def sees_all_of(self, schedule_ids: Iterable[UUID]) -> bool:
        """Whether the caller sees every one of these schedules."""
        return self.only_schedules is None or self.only_schedules.issuperset(schedule_ids)

    @property
    def only_user_id(self) -> UUID | None:
        """The user whose connections are the only ones that the caller sees; None is all."""
        return None if self.only_schedules is None else self.user_id

    def sees_what_is_of(self, user_id: UUID | None) -> bool:
        """Whether the caller sees what belongs to that user, such as a connection."""
        return self.only_user_id in (None, user_id)

    def check(self, scope: Scope) -> None:
        """Raises Forbidden without the scope."""
        if not allows(self.scopes, scope):
            raise Forbidden(f"This API key does not have the scope {scope.value}.")

    def require_user(self, purpose: str) -> UUID:
        """The signed-in user. Raises Unauthorized for a caller who is not signed in, such as an
        API key; the error names the `purpose`."""
        if self.user_id is None:
            raise Unauthorized(f"This {purpose} needs a signed-in user.")
        return self.user_id


@dataclass
class UnitOfWork:
    """One run of a use case: its transaction (a plain connection if it only reads), and what is
    written at the end of it.

    `now` is the time for the rules, which a sandbox may set; `recorded_at` is the real time.
    `calendar_bookings` are the bookings to write into calendars elsewhere. `held_mails` are mails
    still held back that will report this change, too, so that their readers get no second mail.
    `some_mail_off` is whether the organization has switched some mail off, if a statement of this
    use case has read that; else None.
    """

    tx: Tx
    context: Context
    caller: Caller
    now: Instant
    recorded_at: Instant
    events: list[Event] = field(default_factory=list)
    mails: list[NewMail] = field(default_factory=list)
    calendar_bookings: list[ToldBooking] = field(default_factory=list)
    held_mails: list[Mail] = field(default_factory=list)
    notifications: set[str] = field(default_factory=set)
    some_mail_off: bool | None = None

    @property
    def organization_id(self) -> UUID:
        return self.caller.organization_id

    @property
    def tenant(self) -> TenantConnection:
        """The first argument of every store function: the organization and this connection."""
        return TenantConnection(self.caller.organization_id, self.tx)

    def later_now(self) -> Instant:
        """The time for the rules, read again: later than `now` after waiting for a lock."""
        return self.caller.now or self.context.clock()

    def add_event(self, event: Event, mails: Sequence[NewMail]) -> None:
        """Collects an event and the mails about it. They are written in the last statement before
        COMMIT, which also gives the event its number."""
        self.events.append(event)
        self.mails += (structs.replace(mail, ordinal=len(self.events)) for mail in mails)

    async def enqueue_job(self, entrypoint: str, payload: bytes) -> None:
        """Queues a job in this transaction. After the commit it runs at once, and at least once."""
        await enqueue_job(self.tx, entrypoint, payload)
        self.notifications.add(JOBS_CHANNEL)


UseCase = Callable[Concatenate[UnitOfWork, P], Awaitable[R]]


async def read(
    context: Context, caller: Caller, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Runs a use case that changes nothing, on a connection without a transaction. Tries it up to
    three times in all where the store raises RunAgain."""

    attempt = 1
    while True:
        try:
            async with context.database.connection(caller.organization_id) as tx:
                return await use_case(_unit_of_work(tx, context, caller), *args, **kwargs)
        except RunAgain:
            if attempt == TRANSACTION_ATTEMPTS:
                raise
        await _pause_after(attempt)
        attempt += 1


async def change(
    context: Context, caller: Caller, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Runs a use case in one transaction and notifies workers after the commit. Tries it up to
    three times in all, each in a new transaction, where the store raises RunAgain."""

    async def once(work: UnitOfWork) -> R:
        return await use_case(work, *args, **kwargs)

    return await _with_attempts(context, caller, once)


async def change_once(
    context: Context,
    caller: Caller,
    request: IdempotentRequest,
    render: Callable[[R], HttpAnswer],
    use_case: UseCase[P, R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> HttpAnswer:
    """`change` under an `Idempotency-Key`: the answer is stored in the same transaction as the
    change, and a repeated request gets that answer without changing anything.

    Raises KeyReused for another request under the same key, KeyInUse while the first runs.
    """

    async def once(work: UnitOfWork) -> HttpAnswer:
        earlier = await idempotency.find_kept_answer(work.tenant, request, context.seal)
        if earlier is not None:
            return earlier
        answer = render(await use_case(work, *args, **kwargs))
        await idempotency.store_answer(work.tenant, request, answer, context.seal)
        return answer

    return await _with_attempts(context, caller, once)


async def _with_attempts(
    context: Context, caller: Caller, once: Callable[[UnitOfWork], Awaitable[R]]
) -> R:
    """Runs `once` in a transaction, writes its events at the end, and notifies workers after the
    commit. Repeats all of it in a new transaction where the store raises RunAgain."""
    if not context.may_change:
        raise NotSaved
    attempt = 1
    while True:
        try:
            async with context.database.transaction(caller.organization_id) as tx:
                work = _unit_of_work(tx, context, caller)
                result = await once(work)
                await _write_events(work)
        except RunAgain:
            if attempt == TRANSACTION_ATTEMPTS:
                raise
        else:
            context.database.notifier.notify(caller.organization_id, *work.notifications)
            return result
        await _pause_after(attempt)
        attempt += 1


async def _pause_after(attempt: int) -> None:
    await sleep(random.uniform(0, 0.05) * attempt)


async def _write_events(work: UnitOfWork) -> None:
    """Writes the collected events and mails, in the last statement of the transaction."""
    if not work.events:
        return
    channels = await append_events(
        work.tenant,
        work.events,
        work.mails,
        work.calendar_bookings,
        work.caller.actor,
        work.recorded_at,
        [mail.id for mail in work.held_mails],
    )
    work.notifications.update(NOTIFIED[channel] for channel in channels)


def _unit_of_work(tx: Tx, context: Context, caller: Caller) -> UnitOfWork:
    recorded_at = context.clock()
    return UnitOfWork(tx, context, caller, caller.now or recorded_at, recorded_at)


def require(thing: R | None, prefix: str, thing_id: UUID) -> R:
    """The thing; raises NotFound if it is None. `prefix` is that of its public ids."""
    if thing is None:
        raise NotFound.with_id(prefix, encode_id(prefix, thing_id))
    return thing


def require_seen(thing: R | None, is_seen: Callable[[R], bool], prefix: str, thing_id: UUID) -> R:
    """`require`, which also raises NotFound for a thing that the caller does not see."""
    return require(thing if thing is not None and is_seen(thing) else None, prefix, thing_id)
