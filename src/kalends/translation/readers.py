"""Which of our languages a reader gets."""

from collections.abc import Iterable

from kalends.translation.catalogues import SOURCE_LANGUAGE, languages


def language_for(wanted: Iterable[str], among: Iterable[str] | None = None) -> str:
    """The first of the wanted languages (BCP 47, the most wanted first) that there is a catalogue
    of, itself or without its last parts; English where there is none. `among` is other languages
    to choose from."""
    ours = {language.lower(): language for language in among or languages()}
    for tag in wanted:
        parts = tag.lower().split("-")
        for length in range(len(parts), 0, -1):
            if found := ours.get("-".join(parts[:length])):
                return found
    return SOURCE_LANGUAGE
