"""Translation of messages: gettext over compiled catalogues.

A message is the English sentence itself, written where it is used: `gettext("Book with
{organization}", organization=name)`. `make messages` extracts it. The language is that of the
context (`in_language`), so that a process can write a page and a mail in different languages.
"""

from kalends.translation.catalogues import SOURCE_LANGUAGE, Catalogue, get_catalogue, languages
from kalends.translation.messages import (
    LazyMessage,
    current_language,
    gettext,
    gettext_lazy,
    in_catalogue,
    in_language,
    ngettext,
    ngettext_form,
    npgettext,
    npgettext_form,
    pgettext,
    pgettext_lazy,
    switch_language,
)
from kalends.translation.readers import find_language, language_for

__all__ = [
    "SOURCE_LANGUAGE",
    "Catalogue",
    "LazyMessage",
    "current_language",
    "find_language",
    "get_catalogue",
    "gettext",
    "gettext_lazy",
    "in_catalogue",
    "in_language",
    "language_for",
    "languages",
    "ngettext",
    "ngettext_form",
    "npgettext",
    "npgettext_form",
    "pgettext",
    "pgettext_lazy",
    "switch_language",
]
