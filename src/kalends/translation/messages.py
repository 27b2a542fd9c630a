"""Looks up messages in the language of the context. Placeholders have names: `{name}`.

Nothing is escaped here; pages use `web/pages/wording.py`, which escapes.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, Final

from kalends.translation.catalogues import SOURCE_LANGUAGE, Catalogue, get_catalogue

_ENGLISH: Final = get_catalogue(SOURCE_LANGUAGE)
# Each task and thread has its own, so no change affects others.
_CATALOGUE: Final[ContextVar[Catalogue]] = ContextVar("catalogue", default=_ENGLISH)


def in_language(language: str) -> AbstractContextManager[None]:
    """A block whose messages are in this language, one of `languages()`. Raises KeyError for any
    other."""
    return in_catalogue(get_catalogue(language))


@contextmanager
def in_catalogue(catalogue: Catalogue) -> Iterator[None]:
    """A block whose messages are those of this catalogue."""
    token = _CATALOGUE.set(catalogue)
    try:
        yield
    finally:
        _CATALOGUE.reset(token)


def switch_language(language: str) -> None:
    """Switches the rest of the innermost `in_language` block to another language, as its reader is
    only known now. Raises KeyError if the language has no catalogue."""
    _CATALOGUE.set(get_catalogue(language))


def current_language() -> str:
    """The current language of messages (BCP 47)."""
    return _CATALOGUE.get().language


def gettext(message: str, /, **values: Any) -> str:
    """The translated message with its values; without values its placeholders stay."""
    text = _translated(_CATALOGUE.get().translations, message)
    return text.format(**values) if values else text


@lru_cache(maxsize=16_384)
def _translated(translations: NullTranslations, message: str) -> str:
    """The translation of a message. A mail needs dozens, and `gettext` of the library takes three
    times as long."""
    return translations.gettext(message)


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """Like `gettext`, for an English message that has different translations by `context`."""
    text = _translated_in(_CATALOGUE.get().translations, context, message)
    return text.format(**values) if values else text


@lru_cache(maxsize=4_096)
def _translated_in(translations: NullTranslations, context: str, message: str) -> str:
    return translations.pgettext(context, message)


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """The plural form for a number, by the language's rule; `{number}` stands for the number."""
    return ngettext_form(one, many, number).format(number=number, **values)


def npgettext(context: str, one: str, many: str, number: int, /, **values: Any) -> str:
    """Like `ngettext`, for a message with a context."""
    return npgettext_form(context, one, many, number).format(number=number, **values)


def ngettext_form(one: str, many: str, number: int, /) -> str:
    """The plural form for a number, without its values."""
    return _CATALOGUE.get().translations.ngettext(one, many, number)


def npgettext_form(context: str, one: str, many: str, number: int, /) -> str:
    """Like `ngettext_form`, for a message with a context."""
    return _CATALOGUE.get().translations.npgettext(context, one, many, number)


class LazyMessage:
    """A message in a table or constant, which is looked up whenever it is read."""

    __slots__ = ("_context", "_message")

    def __init__(self, message: str, context: str | None = None) -> None:
        self._message = message
        self._context = context

    def __str__(self) -> str:
        if self._context is None:
            return gettext(self._message)
        return pgettext(self._context, self._message)

    def format(self, **values: Any) -> str:
        """The message with its values."""
        return str(self).format(**values)


def gettext_lazy(message: str) -> LazyMessage:
    """`gettext` for a constant, which is defined before its reader is known."""
    return LazyMessage(message)


def pgettext_lazy(context: str, message: str) -> LazyMessage:
    """`pgettext` for a constant."""
    return LazyMessage(message, context)
