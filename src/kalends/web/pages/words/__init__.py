"""Every string of the interface, by its key. English; another language would be another table.

What a string takes stands in braces. Where the number decides, there are two: `….one`, `….many`.
"""

from typing import Any, Final

from markupsafe import Markup, escape

from kalends.web.pages.safety import without_bidi
from kalends.web.pages.words import accounts, common, console, console_settings, public

LANGUAGE: Final = "en"
WORDS: Final[dict[str, str]] = {
    **common.WORDS,
    **accounts.WORDS,
    **public.WORDS,
    **console.WORDS,
    **console_settings.WORDS,
}


def say(key: str, **values: Any) -> str:
    """The string as plain text."""
    return WORDS[key].format(**values)


def counted(key: str, number: int, **values: Any) -> str:
    """The string for one or for many; `{number}` is the number."""
    return say(f"{key}.one" if number == 1 else f"{key}.many", number=number, **values)


def say_in_page(key: str, **values: Any) -> str:
    """The string in a page, which escapes it; markup that it takes stays markup."""
    shown = {name: without_bidi(value) for name, value in values.items()}
    if any(hasattr(value, "__html__") for value in shown.values()):
        return Markup(escape(WORDS[key])).format(**shown)
    return WORDS[key].format(**shown)  # some thirty times faster, and a month has many


def counted_in_page(key: str, number: int, **values: Any) -> str:
    return say_in_page(f"{key}.one" if number == 1 else f"{key}.many", number=number, **values)
