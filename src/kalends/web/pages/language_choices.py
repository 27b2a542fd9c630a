"""The languages to choose from, each with its name in the language itself."""

from collections.abc import Sequence
from typing import Final

from kalends.formats.locales import known_locale
from kalends.translation import languages

# Our catalogue for Portuguese is Brazilian.
_NAMED_BY: Final = {"pt": "pt-BR"}


def language_choices(chosen: str | None) -> Sequence[tuple[str, str]]:
    """The tag (BCP 47) and the name of each language that has a catalogue, and of the chosen one;
    sorted by name."""
    tags = languages() | ({chosen} if chosen else set())
    return sorted(((tag, name_of(tag)) for tag in tags), key=lambda choice: choice[1].casefold())


def name_of(tag: str) -> str:
    """The name of the language in itself: Deutsch, 日本語; its tag if CLDR has no name."""
    locale = known_locale(_NAMED_BY.get(tag, tag))
    name = locale.get_display_name(locale) if locale else None
    return f"{name[:1].upper()}{name[1:]}" if name else tag
