"""A pseudo-language: every message stands in ⟦…⟧, so what does not is no message; and it is two
fifths longer than the English, as other languages are."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

import kalends
from kalends.translation.catalogues import COMPILED
from scripts import messages

PSEUDO: Final = "en-XA"
# What is read of an element beside its text.
READ_ATTRIBUTES: Final = ("alt", "aria-label", "placeholder", "title")
# Of what is told about the page.
READ_OF_HEAD: Final = ("description", "og:title", "og:description")
SAID_BY_SCRIPTS: Final = (
    *("data-choose", "data-close", "data-copied", "data-ended", "data-lost", "data-moved"),
    *("data-none", "data-tell", "data-title"),
)
# Dates, names of programs, and what the browser does not show.
SKIPPED: Final = frozenset({"code", "datalist", "script", "style", "time"})
EMPTY: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "path", "rect", "use"})
_MESSAGE: Final = re.compile("⟦[^⟦⟧]*⟧")
# Dates, codes and ids, names of zones and of programs.
_DATES: Final = (
    r"\b(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\b|\b[AP]M\b|\bGMT\b"
)
_ADDRESS: Final = re.compile(r"https?://\S+|\S+@\S+")
_NO_WORDS: Final = re.compile(
    rf"{_DATES}|\bbooking\.[a-z_]+|\b(?:bk|evt|key|mail|org|sch|usr|whe|wk)_\w+…?\w*"
    r"|\b[A-Z]\w+/[A-Z][\w/ ]+|\bUTC\b|\bKalends\b|\bCSV\b"
)


def install_pseudo(folder: Path) -> Path:
    """The package with a catalogue of the pseudo-language; a folder for PYTHONPATH. All but the
    catalogues are links, so that nothing is compiled anew."""
    package = Path(kalends.__file__).parent
    translation = package / "translation"
    linked = folder / "kalends"
    _link_all(package, linked, besides=translation)
    _link_all(translation, linked / "translation", besides=translation / "catalogues")
    shutil.copytree(translation / "catalogues", linked / "translation" / "catalogues")
    write_pseudo(linked / "translation" / "catalogues")
    return folder


def _link_all(folder: Path, into: Path, besides: Path) -> None:
    into.mkdir()
    for one in folder.iterdir():
        if one != besides:
            (into / one.name).symlink_to(one)


def write_pseudo(folder: Path) -> Path:
    """The catalogue of the pseudo-language, compiled into a folder of catalogues."""
    catalogue = Catalog(locale="en")
    for message in messages.messages_of(messages.read(messages.TEMPLATE)):
        marked = tuple(f"⟦{longer(form)}⟧" for form in messages.forms_of(message.id))
        text = marked if len(marked) > 1 else marked[0]
        catalogue.add(message.id, text, context=message.context)
    path = folder / PSEUDO.replace("-", "_") / COMPILED
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    return folder


def longer(text: str) -> str:
    """The text, and two fifths of its length in words that are not ours."""
    return text + " ωωωωω" * round(len(text) * 0.4 / len(" ωωωωω"))


def bare_words(text: str, known: tuple[str, ...] = ()) -> list[str]:
    """The Latin words of a text that stand in no message, but for names that are `known`."""
    while _MESSAGE.search(text):
        text = _MESSAGE.sub(" ", text)
    text = _ADDRESS.sub(" ", text)
    for name in known:
        text = text.replace(name, " ")
    return re.findall(r"[A-Za-z]{2,}[^\n]*", _NO_WORDS.sub(" ", text))


def read_page(page: str) -> str:
    """What people and their screen readers read of a page, but dates; a line for each piece."""
    reader = _PageText()
    reader.feed(page)
    return "\n".join(reader.pieces)


class _PageText(HTMLParser):
    """Collects text and attributes; of what is in another language (dates) nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        value = given.get("value") or ""
        # Zones and countries, by their names in CLDR.
        is_zone = tag == "option" and ("/" in value or re.fullmatch("UTC|[A-Z]{2}", value))
        is_date = "lang" in given and tag != "html"
        skips = bool(tag in SKIPPED or is_zone or is_date or given.get("translate") == "no")
        if not (skips or self._is_hidden):
            self.pieces += [
                text or "" for name, text in attrs if name in (*READ_ATTRIBUTES, *SAID_BY_SCRIPTS)
            ]
        if (given.get("name") or given.get("property")) in READ_OF_HEAD:
            self.pieces.append(given.get("content") or "")
        if tag not in EMPTY:
            self._open.append((tag, skips))

    def handle_endtag(self, tag: str) -> None:
        """Also of what was left open within it, such as options."""
        if tag not in EMPTY:
            while self._open and self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._is_hidden:
            self.pieces.append(data.strip())

    @property
    def _is_hidden(self) -> bool:
        return any(skips for _, skips in self._open)
