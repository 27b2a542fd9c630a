"""Messages in pages. Messages and their values are escaped, except values that are markup already.

Templates call these functions by the names of `kalends.translation`. Values lose their bidi control
characters, as everything in a template does.
"""

from typing import Any, Final

from markupsafe import Markup, escape

from kalends.formats.inert import without_bidi
from kalends.translation import LazyMessage, gettext, ngettext_form, npgettext_form, pgettext


def filled(message: str | LazyMessage, /, **values: Any) -> str:
    """A message from a table, or one that was looked up already, with its values filled in."""
    text = str(message)
    if not values:
        return text
    clean = {name: without_bidi(value) for name, value in values.items()}
    if any(hasattr(value, "__html__") for value in clean.values()):
        return Markup(escape(text)).format(**clean)
    return text.format(**clean)  # some thirty times faster than Markup; a month has many


def gettext_in_page(message: str, /, **values: Any) -> str:
    return filled(gettext(message), **values)


def pgettext_in_page(context: str, message: str, /, **values: Any) -> str:
    return filled(pgettext(context, message), **values)


def ngettext_in_page(one: str, many: str, number: int, /, **values: Any) -> str:
    return filled(ngettext_form(one, many, number), number=number, **values)


def npgettext_in_page(context: str, one: str, many: str, number: int, /, **values: Any) -> str:
    return filled(npgettext_form(context, one, many, number), number=number, **values)


# The functions, by their names in templates.
FUNCTIONS: Final = {
    "gettext": gettext_in_page,
    "ngettext": ngettext_in_page,
    "pgettext": pgettext_in_page,
    "npgettext": npgettext_in_page,
    "filled": filled,
}
