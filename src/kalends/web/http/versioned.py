"""The handlers that all things with versions share: list, get, create, update, delete."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.web.http.answers import data, deleted, page_in_pieces
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import answer_patch
from kalends.web.http.request_models import PageQuery


class Versioned(Protocol):
    """A thing with a version, which grows with each change."""

    @property
    def id(self) -> UUID: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Versioned)
New = TypeVar("New")
Changes = TypeVar("Changes")


class UseCases(NamedTuple, Generic[T, New, Changes]):
    """The use cases of one kind of thing; `prefix` is that of its ids."""

    prefix: str
    list: Callable[..., Awaitable[tuple[Sequence[T], int]]]
    get: Callable[[UnitOfWork, UUID], Awaitable[T]]
    create: Callable[[UnitOfWork, New], Awaitable[T]]
    lock: Callable[[UnitOfWork, UUID, IfMatch], Awaitable[T]]
    update: Callable[[UnitOfWork, T, Changes], Awaitable[T]]
    delete: Callable[[UnitOfWork, UUID, IfMatch], Awaitable[T]]


@dataclass(frozen=True)
class VersionedCalls(Generic[T, New, Changes]):
    """The handlers for one kind of thing; `show` gives its JSON."""

    use_cases: UseCases[T, New, Changes]
    show: Callable[[T], Any]

    def answer(self, thing: T, status: int = 200) -> HttpAnswer:
        return data(self.show(thing), status, thing.version)

    async def list(self, call: Call, query: PageQuery, **criteria: Any) -> HttpAnswer:
        """A page of the things that meet the criteria; each of them may be large."""
        limit, offset = query.limit, query.offset
        listed, total = await call.read(self.use_cases.list, limit=limit, offset=offset, **criteria)
        return await page_in_pieces(listed, total, limit, offset, self.show)

    async def get(self, call: Call) -> HttpAnswer:
        return self.answer(await call.read(self.use_cases.get, call.id(self.use_cases.prefix)))

    async def create(self, call: Call, new: New) -> HttpAnswer:
        return await call.change(partial(self.answer, status=201), self.use_cases.create, new)

    async def update(self, call: Call, parse: Callable[[bytes], Changes]) -> HttpAnswer:
        lock, update = self.use_cases.lock, self.use_cases.update
        return await answer_patch(call, self.use_cases.prefix, lock, parse, update, self.answer)

    async def delete(self, call: Call) -> HttpAnswer:
        thing_id, delete = call.id(self.use_cases.prefix), self.use_cases.delete
        return await call.change(self._deleted, delete, thing_id, call.if_match)

    def _deleted(self, thing: T) -> HttpAnswer:
        return deleted(self.use_cases.prefix, thing.id)
