"""The form of one thing that has versions: shown, created, saved, deleted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from kalends.domain import ids
from kalends.domain.errors import InUse, KalendsError, Stale
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.web.console.request import ConsoleHandler, ConsoleRequest, admin_route, member_route
from kalends.web.console.settings.drafts import Draft, if_match_of, not_done, refused
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import Lock, lock_parse_update
from kalends.web.http.versioned import Versioned
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.routes import PageRoute

T = TypeVar("T", bound=Versioned)
New = TypeVar("New")
Changes = TypeVar("Changes")
ThingIn = TypeVar("ThingIn", contravariant=True)
NewOut = TypeVar("NewOut", covariant=True)
ChangesOut = TypeVar("ChangesOut", covariant=True)


class UseCases(NamedTuple, Generic[T, New, Changes]):
    """What can be done with the thing."""

    get: Callable[[UnitOfWork, UUID], Awaitable[T]]
    create: Callable[[UnitOfWork, New], Awaitable[T]]
    lock: Callable[[UnitOfWork, UUID, IfMatch], Awaitable[T]]
    update: Callable[[UnitOfWork, T, Changes], Awaitable[T]]
    delete: Callable[[UnitOfWork, UUID, IfMatch], Awaitable[T]]


class Form(Protocol[ThingIn, NewOut, ChangesOut]):
    """A module that knows the form's fields. What reads them raises Invalid."""

    def draft_of(self, thing: ThingIn, /) -> Draft: ...

    def as_typed(self, form: FormFields, /) -> FormFields: ...

    def read_new(self, typed: FormFields, /) -> NewOut: ...

    def read_changes(self, typed: FormFields, /) -> ChangesOut: ...


@dataclass(frozen=True, kw_only=True)
class Editor(Generic[T, New, Changes]):
    """The thing's address in the console, its use cases, its form, and the page of that form.

    `noun` is in paths, with `_` for a space, the name of its id; `created` is what a page says
    after it was made; `page` shows the form, of a new thing for None.
    """

    path: str
    noun: str
    prefix: str
    created: str
    use_cases: UseCases[T, New, Changes]
    form: Form[T, New, Changes]
    page: Callable[[ConsoleRequest, T | None, Draft], Awaitable[PageAnswer]]

    def pages(self, listed: ConsoleHandler, new: ConsoleHandler) -> tuple[PageRoute, ...]:
        """The list, which any member sees, and what is done with the form."""
        thing = f"{self.path}/{{{self._path_name}}}"
        return (
            member_route("GET", self.path, listed),
            admin_route("GET", f"{self.path}/new", new),
            admin_route("POST", f"{self.path}/new", self.create),
            member_route("GET", thing, self.show),
            admin_route("POST", thing, self.save),
            admin_route("POST", f"{thing}/delete", self.delete),
        )

    async def open(self, request: ConsoleRequest) -> T:
        """The thing that the path names. Raises NotFound."""
        thing_id = id_named(self.prefix, self.noun, request.path(self._path_name))
        thing: T = await request.read(self.use_cases.get, thing_id)
        return thing

    @property
    def _path_name(self) -> str:
        return self.noun.replace(" ", "_")

    def id_of(self, thing: T) -> str:
        return ids.encode_id(self.prefix, thing.id)

    def path_of(self, thing: T, page: str = "") -> str:
        return f"{self.path}/{self.id_of(thing)}{page}"

    def lock(self, thing: T, if_match: IfMatch) -> Lock[T]:
        """What locks the thing before it is changed."""

        async def lock(work: UnitOfWork) -> T:
            return await self.use_cases.lock(work, thing.id, if_match)

        return lock

    async def show(self, request: ConsoleRequest) -> PageAnswer:
        thing = await self.open(request)
        return await self.page(request, thing, self.form.draft_of(thing))

    async def create(self, request: ConsoleRequest) -> PageAnswer:
        typed = self.form.as_typed(await request.form())
        try:
            made = await request.change(self.use_cases.create, self.form.read_new(typed))
        except KalendsError as error:
            return await self.page(request, None, refused(typed, error))
        return request.go(self.path_of(made), done=self.created)

    async def save(self, request: ConsoleRequest) -> PageAnswer:
        thing = await self.open(request)
        form = await request.form()
        typed = self.form.as_typed(form)
        lock, parse = self.lock(thing, if_match_of(form)), partial(self.form.read_changes, typed)
        try:
            await request.change(lock_parse_update(lock, parse, self.use_cases.update))
        except KalendsError as error:
            return await self.page(request, thing, refused(typed, error, thing.version))
        return request.go(self.path_of(thing), done="saved")

    async def delete(self, request: ConsoleRequest) -> PageAnswer:
        thing = await self.open(request)
        form = await request.form()
        try:
            await request.change(self.use_cases.delete, thing.id, if_match_of(form))
        except (InUse, Stale) as error:
            return await self.page(request, thing, not_done(self.form.draft_of(thing), error))
        return request.go(self.path, done="deleted")
