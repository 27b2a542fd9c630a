"""The compiled catalogues: `catalogues/<language>/LC_MESSAGES/kalends.mo`, one for each language.

`make` compiles them. English needs no catalogue, as the messages themselves are English.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from msgspec import Struct

# The language in which messages are written (BCP 47).
SOURCE_LANGUAGE: Final = "en"
FOLDER: Final = Path(__file__).parent / "catalogues"
COMPILED: Final = Path("LC_MESSAGES", "kalends.mo")


class Catalogue(Struct, frozen=True):
    """The messages of one language (BCP 47)."""

    language: str
    translations: NullTranslations


@cache
def languages(folder: Path = FOLDER) -> frozenset[str]:
    """The languages that have catalogues (BCP 47), and English."""
    names = (path.parents[1].name for path in folder.glob(f"*/{COMPILED}"))
    return frozenset(name.replace("_", "-") for name in names) | {SOURCE_LANGUAGE}


@cache
def get_catalogue(language: str, folder: Path = FOLDER) -> Catalogue:
    """The catalogue of one of `languages()`. Raises KeyError for any other."""
    if language not in languages(folder):
        raise KeyError(language)
    path = folder / language.replace("-", "_") / COMPILED
    if language == SOURCE_LANGUAGE and not path.exists():
        return Catalogue(SOURCE_LANGUAGE, NullTranslations())
    with path.open("rb") as compiled:
        return Catalogue(language, GNUTranslations(compiled))
