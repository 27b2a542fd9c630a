"""Which of our languages a reader gets."""

from collections.abc import Iterable
from functools import lru_cache

from kalends.translation.catalogues import SOURCE_LANGUAGE, languages


def language_for(preferred: Iterable[str | None], among: Iterable[str] | None = None) -> str:
    """The same; English where there is none."""
    return find_language(preferred, among) or SOURCE_LANGUAGE


def find_language(
    preferred: Iterable[str | None], among: Iterable[str] | None = None
) -> str | None:
    """The first of the wanted languages (BCP 47, the most wanted first) that there is a catalogue
    of, itself or without its last parts: de-AT goes by de, pt-PT by pt, which is Brazilian. None
    says that a reader wants nothing more. `among` is other languages to choose from."""
    ours = frozenset(among) if among else languages()
    offered = (_language_of(tag, ours) for tag in preferred if tag)
    return next(filter(None, offered), None)


@lru_cache(maxsize=2_048)
def _language_of(tag: str, ours: frozenset[str]) -> str | None:
    by_tag = {language.lower(): language for language in ours}
    parts = tag.lower().split("-")
    tags = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((by_tag[one] for one in tags if one in by_tag), None)
