"""The calls about one thing that has versions: get, create, update, delete by its id."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from kalends.domain import ids
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.web.http.answers import data, deleted
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import Update, answer_patch


class Versioned(Protocol):
    """A thing whose changes are counted."""

    @property
    def id(self) -> UUID: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Versioned)
New = TypeVar("New")
Changes = TypeVar("Changes")
VersionedUseCase = Callable[[UnitOfWork, UUID, IfMatch], Awaitable[T]]


@dataclass(frozen=True)
class VersionedCalls(Generic[T]):
    """`prefix` is that of its ids, `noun` its name in errors; `show` gives its JSON."""

    prefix: str
    noun: str
    show: Callable[[T], Any]

    def answer(self, thing: T, status: int = 200) -> HttpAnswer:
        return data(self.show(thing), status, thing.version)

    async def get(
        self, call: Call, use_case: Callable[[UnitOfWork, UUID], Awaitable[T]]
    ) -> HttpAnswer:
        return self.answer(await call.read(use_case, call.id(self.prefix, self.noun)))

    async def create(
        self, call: Call, use_case: Callable[[UnitOfWork, New], Awaitable[T]], new: New
    ) -> HttpAnswer:
        return await call.change(partial(self.answer, status=201), use_case, new)

    async def update(
        self,
        call: Call,
        lock: VersionedUseCase[T],
        parse: Callable[[bytes], Changes],
        update: Update[T, Changes, T],
    ) -> HttpAnswer:
        return await answer_patch(call, (self.prefix, self.noun), lock, parse, update, self.answer)

    async def delete(self, call: Call, use_case: VersionedUseCase[T]) -> HttpAnswer:
        thing_id = call.id(self.prefix, self.noun)
        return await call.change(self._deleted, use_case, thing_id, call.if_match)

    def _deleted(self, thing: T) -> HttpAnswer:
        return deleted(ids.encode_id(self.prefix, thing.id))
