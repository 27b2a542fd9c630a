"""How a use case runs: its transaction, its caller, its events, and that it may run again."""

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
from kalends.domain.errors import Forbidden, NotFound, Unauthorized
from kalends.domain.gateways import NO_GATEWAYS, Gateways
from kalends.domain.ids import encode_id
from kalends.domain.scopes import Scope, allows
from kalends.domain.values import Instant
from kalends.runtime import idempotency
from kalends.runtime.idempotency import HttpAnswer, IdempotentRequest
from kalends.runtime.sealing import Seal
from kalends.store.database import Database, RunAgain, TenantConnection, Tx
from kalends.store.jobs import enqueue_job
from kalends.store.notifier import JOBS_CHANNEL, NOTIFIED
from kalends.store.outbox.events import Event, NewMail, ToldBooking, append_events
from kalends.store.video.links import HeldMail

P = ParamSpec("P")
R = TypeVar("R")

TRANSACTION_ATTEMPTS: Final = 3


def real_time() -> Instant:
    """The one clock of the program."""
    return Instant.fromtimestamp(int(time()), UTC)


class GaveUp(Exception):
    """A job cannot be done, and trying again would not help: the text says why."""


@dataclass(frozen=True)
class Context:
    """What use cases work with: the database, the seal, the clock, the gateways."""

    database: Database
    seal: Seal
    clock: Callable[[], Instant] = real_time
    gateways: Gateways = NO_GATEWAYS

    async def close(self) -> None:
        """Gives back the connections to the database and to others."""
        await self.gateways.http.close()
        if self.gateways.mail_transport is not None:
            await self.gateways.mail_transport.close()
        await self.database.close()


class Caller(Struct, frozen=True):
    """Who asks, for which organization. `actor` is a shown id (a key's, a user's) or a word, and
    `actor_name` what that one is called; `now` is the time that a sandbox sets for the rules.
    `only_schedules` are those beyond which nothing is there for the caller; None is all."""

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
        """Whether what is on these schedules is there for the caller."""
        return self.only_schedules is None or not self.only_schedules.isdisjoint(schedule_ids)

    def sees_all_of(self, schedule_ids: Iterable[UUID]) -> bool:
        """Whether none of these schedules is another's than the caller's."""
        return self.only_schedules is None or self.only_schedules.issuperset(schedule_ids)

    @property
    def only_user_id(self) -> UUID | None:
        """Whose connections alone are there for the caller; None is all."""
        return None if self.only_schedules is None else self.user_id

    def sees_what_is_of(self, user_id: UUID | None) -> bool:
        """Whether what is that user's, such as a connection, is there for the caller."""
        return self.only_user_id in (None, user_id)

    def check(self, scope: Scope) -> None:
        """Raises Forbidden without the scope."""
        if not allows(self.scopes, scope):
            raise Forbidden(f"This API key does not have the scope {scope.value}.")

    def require_user(self, purpose: str) -> UUID:
        """The signed-in user. Raises Unauthorized where the route takes no session; `purpose` is
        what needs one."""
        if self.user_id is None:
            raise Unauthorized(f"This {purpose} needs a signed-in user.")
        return self.user_id


@dataclass
class UnitOfWork:
    """One use case at work: its transaction (or connection, if it only reads).

    `now` is the time for the rules, which a sandbox may set; `recorded_at` is the real time.
    `some_mail_off` is whether the organization has switched some mail off, as a statement of this
    use case has seen it; None where none has looked.
    `joins` are mails that wait to go out and will tell what happens here, too.
    """

    tx: Tx
    context: Context
    caller: Caller
    now: Instant
    recorded_at: Instant
    events: list[Event] = field(default_factory=list)
    mails: list[NewMail] = field(default_factory=list)
    told: list[ToldBooking] = field(default_factory=list)
    joins: list[HeldMail] = field(default_factory=list)
    notifications: set[str] = field(default_factory=set)
    some_mail_off: bool | None = None

    @property
    def organization_id(self) -> UUID:
        return self.caller.organization_id

    @property
    def tenant(self) -> TenantConnection:
        """What the store is asked with."""
        return TenantConnection(self.caller.organization_id, self.tx)

    def later_now(self) -> Instant:
        """The time for the rules at this moment: later than `now` where a lock was waited for."""
        return self.caller.now or self.context.clock()

    def add_event(self, event: Event, mails: Sequence[NewMail]) -> None:
        """Notes an event and the mails about it. They are written as the last thing before
        COMMIT, when the event gets its number."""
        self.events.append(event)
        self.mails += (structs.replace(mail, ordinal=len(self.events)) for mail in mails)

    async def enqueue_job(self, entrypoint: str, payload: bytes) -> None:
        """Has a job run, at once and at least once, if this commits."""
        await enqueue_job(self.tx, entrypoint, payload)
        self.notifications.add(JOBS_CHANNEL)


UseCase = Callable[Concatenate[UnitOfWork, P], Awaitable[R]]


async def read(
    context: Context, caller: Caller, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Runs a use case that changes nothing, on a connection without a transaction, up to three
    times where PostgreSQL asks for it."""

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
    """Runs a use case in its transaction, up to three times where PostgreSQL asks for it."""

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
    """The same under an `Idempotency-Key`: the answer is kept in the change's own transaction,
    and given again instead of changing anything a second time.

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
    if not work.events:
        return
    channels = await append_events(
        work.tenant,
        work.events,
        work.mails,
        work.told,
        work.caller.actor,
        work.recorded_at,
        [mail.id for mail in work.joins],
    )
    work.notifications.update(NOTIFIED[channel] for channel in channels)


def _unit_of_work(tx: Tx, context: Context, caller: Caller) -> UnitOfWork:
    recorded_at = context.clock()
    return UnitOfWork(tx, context, caller, caller.now or recorded_at, recorded_at)


def require(thing: R | None, prefix: str, thing_id: UUID) -> R:
    """The thing, or NotFound where there is none. `prefix` is that of its ids."""
    if thing is None:
        raise NotFound.with_id(prefix, encode_id(prefix, thing_id))
    return thing


def require_seen(thing: R | None, is_seen: Callable[[R], bool], prefix: str, thing_id: UUID) -> R:
    """The same, and NotFound for a thing that the caller does not see."""
    return require(thing if thing is not None and is_seen(thing) else None, prefix, thing_id)
