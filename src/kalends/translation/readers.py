"""Chooses the catalogue for a reader's preferred languages."""

from collections.abc import Iterable
from functools import lru_cache

from kalends.translation.catalogues import SOURCE_LANGUAGE, languages


def language_for(preferred: Iterable[str | None], among: Iterable[str] | None = None) -> str:
    """Like `find_language`, but English if none of them has a catalogue."""
    return find_language(preferred, among) or SOURCE_LANGUAGE


def find_language(
    preferred: Iterable[str | None], among: Iterable[str] | None = None
) -> str | None:
    """The first of the preferred languages (BCP 47) that has a catalogue, itself or without its
    last parts: de-AT falls back to de, and pt-PT to pt, which is Brazilian. A preference of None is
    skipped. `among` replaces the languages of the catalogues."""
    ours = frozenset(among) if among else languages()
    offered = (_language_of(tag, ours) for tag in preferred if tag)
    return next(filter(None, offered), None)


@lru_cache(maxsize=2_048)
def _language_of(tag: str, ours: frozenset[str]) -> str | None:
    by_tag = {language.lower(): language for language in ours}
    parts = tag.lower().split("-")
    tags = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((by_tag[candidate] for candidate in tags if candidate in by_tag), None)
