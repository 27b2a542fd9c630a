"""Messages in the language of the context. Placeholders have names: `{name}`.

Nothing is escaped here: what a page says goes through `web/pages/wording.py`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, Final

from kalends.translation.catalogues import SOURCE_LANGUAGE, Catalogue, get_catalogue

_ENGLISH: Final = get_catalogue(SOURCE_LANGUAGE)
# Each task and thread has its own; there is nothing to change for all of them.
_CATALOGUE: Final[ContextVar[Catalogue]] = ContextVar("catalogue", default=_ENGLISH)


def in_language(language: str) -> AbstractContextManager[None]:
    """Messages are in this language (one of `languages()`) within. Raises KeyError for others."""
    return in_catalogue(get_catalogue(language))


@contextmanager
def in_catalogue(catalogue: Catalogue) -> Iterator[None]:
    """Messages are those of this catalogue within."""
    token = _CATALOGUE.set(catalogue)
    try:
        yield
    finally:
        _CATALOGUE.reset(token)


def switch_language(language: str) -> None:
    """The rest of the innermost `in_language` is in this one: its reader is known only now. Raises
    KeyError for one that there is no catalogue of."""
    _CATALOGUE.set(get_catalogue(language))


def current_language() -> str:
    """The language that messages are in (BCP 47)."""
    return _CATALOGUE.get().language


def gettext(message: str, /, **values: Any) -> str:
    """The message, filled in; without values as it is, placeholders included."""
    text = _translated(_CATALOGUE.get().translations, message)
    return text.format(**values) if values else text


@lru_cache(maxsize=16_384)
def _translated(translations: NullTranslations, message: str) -> str:
    """A mail asks dozens of times; the library's own way takes three times as long."""
    return translations.gettext(message)


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """The same, where one English message would be two elsewhere; `context` says which it is."""
    text = _translated_in(_CATALOGUE.get().translations, context, message)
    return text.format(**values) if values else text


@lru_cache(maxsize=4_096)
def _translated_in(translations: NullTranslations, context: str, message: str) -> str:
    return translations.pgettext(context, message)


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """The form for a number, by the rule of the language; `{number}` is the number."""
    return ngettext_form(one, many, number).format(number=number, **values)


def npgettext(context: str, one: str, many: str, number: int, /, **values: Any) -> str:
    """The same with a context."""
    return npgettext_form(context, one, many, number).format(number=number, **values)


def ngettext_form(one: str, many: str, number: int, /) -> str:
    """The form for a number, not filled in."""
    return _CATALOGUE.get().translations.ngettext(one, many, number)


def npgettext_form(context: str, one: str, many: str, number: int, /) -> str:
    """The same with a context."""
    return _CATALOGUE.get().translations.npgettext(context, one, many, number)


class LazyMessage:
    """A message of a table or a constant: it is looked up whenever it is read."""

    __slots__ = ("_context", "_message")

    def __init__(self, message: str, context: str | None = None) -> None:
        self._message = message
        self._context = context

    def __str__(self) -> str:
        if self._context is None:
            return gettext(self._message)
        return pgettext(self._context, self._message)

    def format(self, **values: Any) -> str:
        """The message, filled in."""
        return str(self).format(**values)


def gettext_lazy(message: str) -> LazyMessage:
    """`gettext` for a constant, which is made before it is known who reads."""
    return LazyMessage(message)


def pgettext_lazy(context: str, message: str) -> LazyMessage:
    """`pgettext` for a constant."""
    return LazyMessage(message, context)
