"""The pages about one kind of thing that has versions: show, create, save and delete it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from kalends.domain import ids
from kalends.domain.errors import InUse, KalendsError, Stale
from kalends.domain.rights import Right
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.web.console.request import ConsoleHandler, ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.seen import (
    IsShown,
    Seen,
    digest_of,
    everything,
    if_match_of,
)
from kalends.web.http.call import id_named
from kalends.web.http.locked_changes import Lock, lock_parse_update
from kalends.web.http.versioned import UseCases, Versioned
from kalends.web.pages.answers import Headers as HeaderPairs
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.routes import PageRoute

T = TypeVar("T", bound=Versioned)
New = TypeVar("New")
Changes = TypeVar("Changes")
ThingIn = TypeVar("ThingIn", contravariant=True)
NewOut = TypeVar("NewOut", covariant=True)
ChangesOut = TypeVar("ChangesOut", covariant=True)


class Form(Protocol[ThingIn, NewOut, ChangesOut]):
    """A module that knows the fields of the form. Its `read_` functions raise Invalid."""

    def draft_of(self, thing: ThingIn, /) -> Draft: ...

    def as_typed(self, form: FormFields, /) -> FormFields: ...

    def read_new(self, typed: FormFields, /) -> NewOut: ...

    def read_changes(self, typed: FormFields, /) -> ChangesOut: ...


@dataclass(frozen=True)
class Editor(Generic[T, New, Changes]):
    """The handlers of the pages about one kind of thing.

    `path` is below the console's; `see` is the right to see the thing. `page` shows the form; for
    None that of a new thing. `read_own_changes` reads what users who reach only own things may
    change. `sent_again`, if given, shows a form that could not be saved in place of `page`.
    `shown` are values for the templates of all pages about a thing. `is_shown` tells the fields of
    the section that `page` shows.
    """

    path: str
    see: Right
    use_cases: UseCases[T, New, Changes]
    form: Form[T, New, Changes]
    page: Callable[[ConsoleRequest, T | None, Draft], Awaitable[PageAnswer]]
    read_own_changes: Callable[[FormFields], Changes] | None = None
    sent_again: Callable[[ConsoleRequest, T, Draft], Awaitable[PageAnswer]] | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    is_shown: IsShown = everything

    def pages(
        self,
        listed: ConsoleHandler,
        new: ConsoleHandler,
        save: Right = Right.CHANGE_SETTINGS,
    ) -> tuple[PageRoute, ...]:
        """The routes: the list, the form of a new thing, and show, create, save and delete."""
        thing_path = f"{self.path}/{{{self._path_name}}}"
        return (
            console_route(self.see, "GET", self.path, listed),
            console_route(Right.CHANGE_SETTINGS, "GET", f"{self.path}/new", new),
            console_route(Right.CHANGE_SETTINGS, "POST", f"{self.path}/new", self.create),
            console_route(self.see, "GET", thing_path, self.show),
            console_route(save, "POST", thing_path, self.save),
            console_route(Right.CHANGE_SETTINGS, "POST", f"{thing_path}/delete", self.delete),
        )

    async def open(self, request: ConsoleRequest) -> T:
        """The thing that the path names. Raises NotFound."""
        thing_id = id_named(self.use_cases.prefix, request.path(self._path_name))
        thing: T = await request.read(self.use_cases.get, thing_id)
        return thing

    @property
    def _section(self) -> str:
        return self.path.removeprefix("/")

    @property
    def _path_name(self) -> str:
        """The name of the id's parameter in paths."""
        return ids.NOUNS[self.use_cases.prefix].replace(" ", "_")

    def id_of(self, thing: T) -> str:
        return ids.encode_id(self.use_cases.prefix, thing.id)

    def path_of(self, thing: T, page: str = "") -> str:
        return f"{self.path}/{self.id_of(thing)}{page}"

    def page_of_list(
        self, request: ConsoleRequest, template: str, things: Sequence[T], **values: Any
    ) -> PageAnswer:
        """A page with some of the things; the template knows them by their noun in the plural."""
        values |= {f"{self._path_name}s": things, "id_of": self.id_of}
        return request.page(template, self._section, **values)

    def page_about(
        self,
        request: ConsoleRequest,
        template: str,
        thing: T | None,
        tab: str = "",
        status: int = 200,
        headers: HeaderPairs = (),
        **values: Any,
    ) -> PageAnswer:
        """A page about the thing or, for None, the form of a new one. The template knows the thing
        by its noun."""
        values |= {
            **self.shown,
            self._path_name: thing,
            "path": self.path_of(thing) if thing else f"{self.path}/new",
            "tab": tab,
        }
        return request.page(template, self._section, status, headers, **values)

    def lock(self, thing: T, if_match: IfMatch) -> Lock[T]:
        """The use case that locks the thing before a change."""

        async def lock(work: UnitOfWork) -> T:
            return await self.use_cases.lock(work, thing.id, if_match)

        return lock

    def lock_seen(self, thing: T, form: FormFields, is_shown: IsShown) -> Lock[T]:
        """The same, which raises Stale if a field of the section is not as the form shows it."""
        seen = Seen.read(form)

        async def lock(work: UnitOfWork) -> T:
            locked = await self.use_cases.lock(work, thing.id, None)
            seen.check(locked.version, self.form.draft_of(locked).typed, is_shown)
            return locked

        return lock

    def draft_of(self, thing: T, is_shown: IsShown) -> Draft:
        """The form of a section, filled in from the thing."""
        return self.form.draft_of(thing).in_section(is_shown)

    async def show(self, request: ConsoleRequest) -> PageAnswer:
        thing = await self.open(request)
        return await self.page(request, thing, self.draft_of(thing, self.is_shown))

    async def create(self, request: ConsoleRequest) -> PageAnswer:
        typed = self.form.as_typed(await request.form())
        try:
            new = await request.change(self.use_cases.create, self.form.read_new(typed))
        except KalendsError as error:
            return await self.page(request, None, Draft.with_faults(typed, error))
        return request.go(self.path_of(new), done=f"{self._path_name.replace('_', '-')}-created")

    async def save(self, request: ConsoleRequest) -> PageAnswer:
        read = self.form.read_changes
        if not request.sees_all and self.read_own_changes is not None:
            read = self.read_own_changes
        page = self.sent_again or self.page
        return await self.save_part(request, read, page, is_shown=self.is_shown)

    async def save_part(
        self,
        request: ConsoleRequest,
        read: Callable[[FormFields], Changes],
        page: Callable[[ConsoleRequest, T, Draft], Awaitable[PageAnswer]],
        at: str = "",
        is_shown: IsShown = everything,
    ) -> PageAnswer:
        """Saves the changes that `read` finds in the form, if the section, whose fields `is_shown`
        tells, is still what the form was rendered from. Then redirects to the thing's page `at`, or
        shows `page` with the faults."""
        thing = await self.open(request)
        form = await request.form()
        typed = self.form.as_typed(form)
        lock, parse = self.lock_seen(thing, form, is_shown), partial(read, typed)
        try:
            await request.change(lock_parse_update(lock, parse, self.use_cases.update))
        except KalendsError as error:
            digest = digest_of(self.form.draft_of(thing).typed, is_shown)
            draft = Draft.with_faults(typed, error, thing.version, digest)
            return await page(request, thing, draft)
        return request.go(self.path_of(thing, at), done="saved")

    async def delete(self, request: ConsoleRequest) -> PageAnswer:
        thing = await self.open(request)
        form = await request.form()
        try:
            await request.change(self.use_cases.delete, thing.id, if_match_of(form))
        except (InUse, Stale) as error:
            draft = self.draft_of(thing, self.is_shown)
            return await self.page(request, thing, draft.with_problem(error))
        return request.go(self.path, done="deleted")
