"""The message catalogues: extracted from the code, checked, compiled.

    python scripts/messages.py update     # the template, and every language's catalogue from it
    python scripts/messages.py check      # fails if the template is out of date or a message broken
    python scripts/messages.py check --complete     # and if a translation is missing or fuzzy
    python scripts/messages.py compile    # what the server reads
    python scripts/messages.py add de     # a catalogue for another language

The template and the catalogues are in src/kalends/translation/catalogues. English has no catalogue
of its own to keep: it is compiled from the template.
"""

import ast
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "src" / "kalends"
FOLDER: Final = SOURCES / "translation" / "catalogues"
TEMPLATE: Final = FOLDER / "kalends.pot"
CATALOGUE: Final = Path("LC_MESSAGES", "kalends.po")
SOURCE: Final = "en"
KEYWORDS: Final[Mapping[str, Any]] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "pgettext_lazy": ((1, "c"), 2),
}
# Those that are filled in where they are written: how many of the arguments are no values.
FILLED_IN: Final = {"gettext": 1, "pgettext": 2, "ngettext": 3, "npgettext": 4}
# Their own definitions hand on what they are given.
DEFINITIONS: Final = ("translation/", "web/pages/wording.py")
COMMENT: Final = "Translators:"
HEAD: Final = """\
# What people read in Kalends. `make messages` writes this file: do not edit it.
#"""
# A plain space at which a line of French may break.
BREAKING: Final = re.compile(r" [:;?!»]|« ")
# A value and the noun that it counts: in other languages "{seconds} seconds" has up to six forms.
COUNTED: Final = re.compile(r"\{(\w+)\} [a-z]{2,}s\b")
# Values by these names are numbers; others are names, of which verbs say what they do.
COUNTS: Final = frozenset(
    {
        *("number", "limit", "total", "count", "first", "last", "shortest", "longest", "step"),
        *("seconds", "minutes", "hours", "days", "weeks", "months", "years", "read", "left"),
    }
)
# It would differ with each extraction.
_DATE: Final = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date): .*\n', re.MULTILINE)


def main() -> None:
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["check"]:
            report(all_faults())
        case ["check", "--complete"]:
            report(chain(all_faults(), all_gaps()))
        case ["compile"]:
            compile_all()
        case ["add", language]:
            add(language)
        case _:
            sys.exit(__doc__)


def report(faults: Iterable[str]) -> NoReturn:
    """Prints them, and ends; with 1 if there are any."""
    found = list(faults)
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


def update() -> None:
    """Writes the template anew, and brings each catalogue up to it."""
    template = extract()
    TEMPLATE.write_text(written(template))
    for path in catalogue_files():
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True)
        path.write_text(written(catalogue))
    compile_all()


def add(language: str) -> None:
    """An empty catalogue of a language (BCP 47)."""
    path = FOLDER / language.replace("-", "_") / CATALOGUE
    if path.exists():
        sys.exit(f"There is a catalogue of {language}: {path.relative_to(ROOT)}")
    locale = language.replace("-", "_")
    catalogue = Catalog(locale=locale, project="Kalends", header_comment=HEAD, fuzzy=False)
    catalogue.update(read(TEMPLATE))
    path.parent.mkdir(parents=True)
    path.write_text(written(catalogue))
    print(path.relative_to(ROOT))


def compile_all(folder: Path = FOLDER) -> list[Path]:
    """Compiles English from the template, and every other language from its catalogue."""
    english = source_catalogue(read(folder / TEMPLATE.name))
    compiled = [compile_one(english, folder / SOURCE / CATALOGUE)]
    paths = catalogue_files(folder)
    return compiled + [compile_one(read(path), path) for path in paths]


def compile_one(catalogue: Catalog, path: Path) -> Path:
    target = path.with_suffix(".mo")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return target


def source_catalogue(template: Catalog) -> Catalog:
    """The catalogue of the language that messages are written in: each says itself."""
    catalogue = Catalog(locale=SOURCE, fuzzy=False)
    for message in messages_of(template):
        catalogue.add(message.id, string=message.id, context=message.context)
    return catalogue


def extract() -> Catalog:
    """The messages of the code, as a template."""
    template = Catalog(project="Kalends", header_comment=HEAD, fuzzy=False)
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    extracted = extract_from_dir(
        SOURCES, methods, options, KEYWORDS, comment_tags=(COMMENT,), strip_comment_tags=True
    )
    for name, _, message, comments, context in extracted:
        place = [(f"src/kalends/{name}", 0)]
        template.add(message, None, place, auto_comments=comments, context=context)
    return template


def written(catalogue: Catalog) -> str:
    """As it stands in its file: in the order of the messages, so that few lines ever differ.
    Translations of messages that are no more are left out; git has them."""
    file = BytesIO()
    write_po(
        file, catalogue, width=96, sort_output=True, include_lineno=False, ignore_obsolete=True
    )
    return _DATE.sub("", file.getvalue().decode())


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        locale = None if path.suffix == ".pot" else path.parents[1].name
        return read_po(file, locale=locale, abort_invalid=True)


def catalogue_files(folder: Path = FOLDER) -> list[Path]:
    return sorted(folder.glob(f"*/{CATALOGUE}"))


def messages_of(catalogue: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalogue if message.id]


def all_faults() -> Iterator[str]:
    """What is wrong with the code, the template or a catalogue, each in a line."""
    template = extract()
    yield from template_faults(template)
    yield from message_faults(template)
    for path in catalogue_files():
        for message in messages_of(read(path)):
            yield from translation_faults(path.parents[1].name, message)
    for path in sorted(SOURCES.rglob("*.py")):
        if not str(path.relative_to(SOURCES)).startswith(DEFINITIONS):
            yield from call_faults(path, calls_in_python(path.read_text()))
    for path in sorted(SOURCES.rglob("templates/**/*.*")):
        yield from call_faults(path, calls_in_template(path.read_text()))


def template_faults(template: Catalog) -> Iterator[str]:
    """Where the file is not what the code says. Which files say it does not matter."""
    there = {key_of(message) for message in messages_of(read(TEMPLATE))}
    used = {key_of(message) for message in messages_of(template)}
    for key in sorted(there ^ used, key=str):
        what = "lacks" if key in used else "has, and the code does not,"
        yield f"{TEMPLATE.name} {what} {key[1]!r}: make messages"


def key_of(message: Message) -> tuple[str | None, Any, tuple[str, ...]]:
    return message.context, message.id, tuple(message.auto_comments)


def message_faults(template: Catalog) -> Iterator[str]:
    """Placeholders that are not names, that the forms of a plural do not share, or that count
    something without a form for each number."""
    for message in messages_of(template):
        forms = forms_of(message.id)
        names = [placeholders(form) for form in forms]
        if not all(name.isidentifier() for name in set().union(*names)):
            yield f"{forms[0]!r}: a placeholder has a name, such as {{name}}"
        if names[0] | {"number"} != names[-1] | {"number"}:
            yield f"{forms[0]!r}: both forms have the same placeholders, but for {{number}}"
        counting = COUNTS & set(COUNTED.findall(forms[-1])) - ({"number"} if forms[1:] else set())
        for name in sorted(counting):
            yield f"{forms[0]!r}: what {{{name}}} counts has a form for each number: ngettext"


def translation_faults(language: str, message: Message) -> Iterator[str]:
    """Translations with other placeholders than the message, or with a space where a line breaks
    before a sign. Those that are missing are not wrong: English stands for them."""
    expected = placeholders(forms_of(message.id)[-1])
    for form in filter(None, forms_of(message.string)):
        if placeholders(form) | {"number"} != expected | {"number"}:
            yield f"{language}: {form!r} has other placeholders than {message.id!r}"
        if language == "fr" and BREAKING.search(form):
            yield f"{language}: {form!r} needs a no-break space before : ; ? ! and within « »"


def all_gaps(folder: Path = FOLDER) -> Iterator[str]:
    """What no catalogue may lack when it is given to people, each in a line."""
    keys = {key_of(message)[:2] for message in messages_of(read(folder / TEMPLATE.name))}
    for path in catalogue_files(folder):
        language, catalogue = path.parents[1].name, read(path)
        there = {key_of(message)[:2] for message in messages_of(catalogue)}
        yield from (f"{language}: lacks {key[1]!r}" for key in sorted(keys - there, key=str))
        for message in messages_of(catalogue):
            yield from gaps_of(language, message, catalogue.num_plurals)


def gaps_of(language: str, message: Message, plurals: int) -> Iterator[str]:
    """Of one translation: each form of a number has to be there, and nothing unsure."""
    forms = forms_of(message.string)
    expected = 1 if isinstance(message.id, str) else plurals
    if message.fuzzy:
        yield f"{language}: {message.id!r} is fuzzy"
    elif len(forms) != expected or not all(forms):
        yield f"{language}: {message.id!r} is not translated in {expected} form(s)"


class MessageCall(NamedTuple):
    """A call of gettext or one of its kind: its strings (None where one is no string), and the
    names of its values (None where they are not known)."""

    line: int
    function: str
    strings: list[str | None]
    values: set[str] | None


def call_faults(path: Path, calls: Iterable[MessageCall]) -> Iterator[str]:
    """Messages that are put together where they are used, and values that no placeholder takes."""
    for call in calls:
        place = f"{path.relative_to(ROOT)}:{call.line}"
        counts = call.function in ("ngettext", "npgettext")
        given = call.strings[: FILLED_IN[call.function] - counts]
        if None in given:
            yield f"{place}: a message is one string, written where it is used"
            continue
        expected = placeholders(given[-1] or "") - ({"number"} if counts else set())
        if call.values is not None and call.values != expected:
            yield f"{place}: {given[-1]!r} is given {sorted(call.values)}"


def calls_in_python(source: str) -> Iterator[MessageCall]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in FILLED_IN:
            strings = [_text(argument) for argument in node.args]
            names = [keyword.arg for keyword in node.keywords]
            values = None if None in names else {name for name in names if name}
            yield MessageCall(node.lineno, node.func.id, strings, values)


def _text(node: ast.expr) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]


def calls_in_template(source: str) -> Iterator[MessageCall]:
    for node in Environment().parse(source).find_all(nodes.Call):
        if isinstance(node.node, nodes.Name) and node.node.name in FILLED_IN:
            given = [one.value if isinstance(one, nodes.Const) else None for one in node.args]
            values = {keyword.key for keyword in node.kwargs} if not node.dyn_kwargs else None
            yield MessageCall(node.lineno, node.node.name, given, values)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def forms_of(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else list(message or [])


if __name__ == "__main__":
    main()
