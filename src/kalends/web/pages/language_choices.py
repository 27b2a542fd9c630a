"""Languages to choose from, each by the name that it gives itself."""

from collections.abc import Sequence
from typing import Final

from kalends.formats.locales import known_locale
from kalends.translation import languages

# Brazilian is the Portuguese of our words.
_NAMED_BY: Final = {"pt": "pt-BR"}


def language_choices(chosen: str | None) -> Sequence[tuple[str, str]]:
    """The tag (BCP 47) and the name of each language that there are words in, and of the one that
    is chosen, by name."""
    tags = languages() | ({chosen} if chosen else set())
    return sorted(((tag, name_of(tag)) for tag in tags), key=lambda choice: choice[1].casefold())


def name_of(tag: str) -> str:
    """What the language is called in itself: Deutsch, 日本語; its tag where CLDR has no name."""
    locale = known_locale(_NAMED_BY.get(tag, tag))
    name = locale.get_display_name(locale) if locale else None
    return f"{name[:1].upper()}{name[1:]}" if name else tag
