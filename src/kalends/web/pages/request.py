"""A request for a page, as its handler sees it: reading it, running use cases, and answering."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from babel import Locale
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from kalends.domain.errors import FormOutdated, RateLimited
from kalends.domain.message_template import languages_sought
from kalends.formats.locales import direction_of, known_locale, language_tag, locale_for
from kalends.runtime import unit_of_work
from kalends.runtime.change_watcher import ChangeWatcher
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, UseCase
from kalends.translation import SOURCE_LANGUAGE, switch_language
from kalends.web.http.call import read_all
from kalends.web.http.serving_context import ServingContext
from kalends.web.http.sign_ins import address_of, token_in
from kalends.web.pages.answers import HTML, PageAnswer
from kalends.web.pages.answers import Headers as HeaderPairs
from kalends.web.pages.form_stamps import FormToken, form_stamp
from kalends.web.pages.forms import FormFields, read_fields
from kalends.web.pages.languages import (
    UNKNOWN_READER,
    Reader,
    locale_of,
    reader_language,
    words_language,
)
from kalends.web.pages.safety import form_token, is_form_token
from kalends.web.pages.templating import render, render_in_pieces
from kalends.web.pages.uploads import LARGEST_UPLOAD_BYTES, is_with_files, read_upload
from kalends.web.pages.zone_list import ZoneOptions

P = ParamSpec("P")
R = TypeVar("R")

TOKEN_FIELD: Final = "form_token"
TOKEN_HEADER: Final = "x-form-token"


@dataclass(frozen=True)
class PageLimits:
    """How many bookings a minute pages take from each address and for each schedule; 0 means no
    limit."""

    address: int = 0
    schedule: int = 0


@dataclass(frozen=True)
class PageContext(ServingContext):
    """What pages are served with."""

    limits: PageLimits

    @cached_property
    def change_watcher(self) -> ChangeWatcher:
        """Watches for changes on behalf of the pages that this process has open."""
        return ChangeWatcher(self.context)


@dataclass
class PageRequest:
    """A request for a page, and its caller. `is_framed` says that another site shows the page in a
    frame; `reader` decides its language; `unsent_id` is the id of an unsent form that is only shown
    again (`unsent.py`)."""

    scope: Scope
    receive: Receive
    page_context: PageContext
    headers: Headers
    caller: Caller
    is_framed: bool = False
    reader: Reader = UNKNOWN_READER
    files: dict[str, bytes] = field(default_factory=dict)
    unsent_id: UUID | None = None
    _sent: FormFields | None = None
    _form: FormFields | None = None

    @property
    def is_post(self) -> bool:
        return bool(self.scope["method"] == "POST")

    def path(self, name: str) -> str:
        """A parameter of the path."""
        value: str = self.scope["path_params"][name]
        return value

    @cached_property
    def query(self) -> FormFields:
        """Raises Invalid."""
        return read_fields(self.scope["query_string"])

    async def form(self) -> FormFields:
        """The posted form; its files, if any, are in `files`.

        The form of a signed-in user needs the token of our own page, in the field `form_token` or
        the header `X-Form-Token`. Raises FormOutdated, Invalid, TooLarge.
        """
        if self._form is None:
            form = await self.read_unchecked()
            if self.caller.user_id is not None:
                self._check_form_token(form)
            self._form = form
        return self._form

    async def read_unchecked(self) -> FormFields:
        """The posted form, whatever its session is. Raises Invalid, TooLarge."""
        if self._sent is None:
            self._sent = await self._read_form()
        return self._sent

    async def _read_form(self) -> FormFields:
        """Reads the form; files are only accepted from signed-in users."""
        kind = self.headers.get("content-type", "")
        if self.caller.user_id is None or not is_with_files(kind):
            return read_fields(await read_all(self.receive))
        upload = read_upload(kind, await read_all(self.receive, LARGEST_UPLOAD_BYTES))
        self.files.update(upload.files)
        return upload.fields

    def _check_form_token(self, form: FormFields) -> None:
        token = self.token_in(form)
        if not is_form_token(token.of_session, token_in(self.headers) or ""):
            raise FormOutdated("This form is out of date. Please open the page again.")

    def token_in(self, form: FormFields) -> FormToken:
        """The token of a form that was sent with this request."""
        return FormToken.read(self.headers.get(TOKEN_HEADER) or form.get(TOKEN_FIELD, ""))

    def as_unsent(self, form_id: UUID, typed: FormFields) -> "PageRequest":
        """This request as if that form had been posted with it; it must not change anything."""
        context = replace(self.context, may_change=False)
        return replace(
            self,
            scope={**self.scope, "method": "POST"},
            page_context=replace(self.page_context, context=context),
            unsent_id=form_id,
            _form=typed,
        )

    def cookie(self, name: str) -> str | None:
        for line in self.headers.getlist("cookie"):
            for pair in line.split(";"):
                key, _, value = pair.partition("=")
                if key.strip() == name and value.strip():
                    return value.strip().strip('"')
        return None

    @property
    def language(self) -> str:
        """The reader's language (BCP 47)."""
        return reader_language(self.reader)

    @property
    def words_language(self) -> str:
        """The language of the page's words (BCP 47), which has a catalogue."""
        return words_language(self.reader)

    @property
    def languages(self) -> list[str]:
        """The languages in which an organization's own texts are looked up, in that order."""
        return languages_sought(self.language, self.words_language)

    def read_by(self, own: str | None = None, of_organization: str | None = None) -> None:
        """Sets what has become known about the reader: the language that was chosen or booked in,
        and the organization's. Words from then on are in the reader's language."""
        self.reader = Reader(
            self.reader.accept_language,
            own or self.reader.own,
            of_organization or self.reader.of_organization,
        )
        switch_language(self.words_language)

    @property
    def _own_locale(self) -> Locale:
        """The locale of the reader's language, for words that are looked up in it."""
        return locale_of(self.reader.accept_language)

    @property
    def _words_locale(self) -> Locale:
        """The locale of the words' language, whatever the country."""
        return known_locale(self.words_language) or Locale(SOURCE_LANGUAGE)

    @property
    def locale(self) -> Locale:
        """The locale in which dates and times are written for the reader."""
        return locale_for(self.language, self.words_language)

    @property
    def address(self) -> str:
        """The client's address, as limits count it."""
        return address_of(self.scope)

    @property
    def origin(self) -> str:
        """Our origin as clients see it: `https://book.example.com`."""
        return self.page_context.sessions.origin(self.scope, self.headers)

    @property
    def user_id(self) -> UUID:
        """The signed-in user. Raises Unauthorized if the caller is no user."""
        return self.caller.require_user("page")

    @property
    def context(self) -> Context:
        return self.page_context.context

    def acting_as(self, caller: Caller) -> "PageRequest":
        """This request with another caller, such as one within an organization."""
        return replace(self, caller=caller)

    async def read(
        self, use_case: Callable[Concatenate[UnitOfWork, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        """Runs a use case that changes nothing."""
        return await unit_of_work.read(self.context, self.caller, use_case, *args, **kwargs)

    async def change(self, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs a use case that changes something."""
        return await unit_of_work.change(self.context, self.caller, use_case, *args, **kwargs)

    def count_or_refuse(self, subject: str, limit: int) -> None:
        """Counts the request against a limit per minute, which all processes share with a delay of
        up to a second; 0 means no limit. Raises RateLimited."""
        if not limit:
            return
        window = self.page_context.limiter.hit(subject, limit)
        if not window.is_allowed:
            seconds = self.page_context.limiter.seconds_to(window)
            raise RateLimited(f"Too many requests. Try again in {seconds} s.", seconds)

    def page(
        self, template: str, status: int = 200, headers: HeaderPairs = (), **values: Any
    ) -> PageAnswer:
        """The template as an answer."""
        body = render(template, self._common() | values)
        return PageAnswer(body.encode(), status, HTML, headers)

    async def long_page(
        self, template: str, status: int = 200, headers: HeaderPairs = (), **values: Any
    ) -> PageAnswer:
        """Like `page`, for a template whose output may be long."""
        body = await render_in_pieces(template, self._common() | values)
        return PageAnswer(body.encode(), status, HTML, headers)

    def _common(self) -> dict[str, Any]:
        """The values that every template can use."""
        return {
            "language": self.words_language,
            "direction": direction_of(self.words_language),
            "locale": self.locale,
            "zone_options": ZoneOptions(self.context.clock(), self._own_locale, self._words_locale),
            "date_language": language_tag(self.locale),
            "is_framed": self.is_framed,
            "origin": self.origin,
            "form_token": self._form_token,
            "is_unsent": self.unsent_id is not None,
        }

    @property
    def _form_token(self) -> str:
        session, user_id = token_in(self.headers), self.caller.user_id
        if user_id is None or session is None:
            return ""
        stamp = form_stamp(self.context.seal, user_id, self.context.clock())
        return FormToken(form_token(session), stamp, self._unsent_id_in_page).text

    @property
    def _unsent_id_in_page(self) -> UUID | None:
        """The unsent form that is shown again, or was when this one was sent: it is needed until
        what the page shows is taken."""
        if self.unsent_id is not None or self._form is None:
            return self.unsent_id
        return self.token_in(self._form).unsent_id
