"""A form while it is filled in: what is typed, what is wrong with it, and which version it was
made of."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from kalends.domain.errors import Detail, Invalid, KalendsError, SlugTaken, Stale
from kalends.domain.faults import FaultCode
from kalends.formats.encoding import encode
from kalends.runtime.if_match import IfMatch
from kalends.translation import gettext, gettext_lazy
from kalends.web.console.settings.fields import FIELDS
from kalends.web.http.errors import status_of
from kalends.web.pages.forms import FormFields

YES: Final = "yes"
VERSION_FIELD: Final = "version"
ROWS_TO_SPARE: Final = 1
_INDEX: Final = re.compile(r"\.\d+(?=\.|$)")
_SENTENCES: Final = {
    FaultCode.MISSING: gettext_lazy("Please fill this in."),
    FaultCode.TOO_LONG: gettext_lazy("This is too long: at most {limit} characters."),
    FaultCode.TOO_MANY: gettext_lazy("These are too many: at most {limit}."),
    FaultCode.NONE_CHOSEN: gettext_lazy("Please choose at least one."),
    FaultCode.TOO_SMALL: gettext_lazy("This is too small: {limit} or more."),
    FaultCode.TOO_LARGE: gettext_lazy("This is too large: at most {limit}."),
    FaultCode.NOT_A_NUMBER: gettext_lazy("Please enter a whole number."),
    FaultCode.UNFIT_CHARACTERS: gettext_lazy(
        "This is empty, or holds a character that is not allowed here."
    ),
    FaultCode.NOT_AFTER_START: gettext_lazy("It must be after the start."),
    FaultCode.TOO_FAR_AFTER_START: gettext_lazy("It must be at most {limit} days after the start."),
    FaultCode.LAST_OWNER: gettext_lazy(
        "This is the only owner. Please make somebody else an owner first."
    ),
    FaultCode.OWNERS_ALONE: gettext_lazy(
        "The role of an owner is given and taken by owners alone."
    ),
}


@dataclass(frozen=True)
class Draft:
    """`faults` by field; `problem` is what is the matter with the whole."""

    typed: FormFields
    faults: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    status: int = 200

    def at_fields(self, name_of: Callable[[str], str]) -> "Draft":
        """The same with each fault at the field that this form has for the API's."""
        return replace(self, faults={name_of(name): text for name, text in self.faults.items()})

    def values(self) -> dict[str, Any]:
        """What the templates of forms need."""
        at_fault = [(name, label_of(name), fault) for name, fault in self.faults.items()]
        problem = self.problem
        return {
            "typed": self.typed,
            "faults": self.faults,
            "at_fault": at_fault,
            "problem": problem,
        }


def draft_of_values(values: Mapping[str, str | Iterable[str]]) -> Draft:
    """A form as it is filled in from what is there."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        pairs += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
    return Draft(FormFields(pairs))


def draft_with_faults(typed: FormFields, error: KalendsError, version: int | None = None) -> Draft:
    """The same form again, with what is wrong at its fields. For one that was made of an older
    version, `version` is that which stands now: sent again, the form goes over it."""
    if isinstance(error, Stale):
        typed_fields = [(n, v) for n in typed if n != VERSION_FIELD for v in typed.all_of(n)]
        now = FormFields([*typed_fields, (VERSION_FIELD, str(version or ""))])
        return Draft(
            now,
            problem=gettext(
                "Somebody else changed this while you were at it. What you typed is "
                "below, and not saved yet. Save again to put yours in place of theirs, "
                "or open the page anew to see theirs."
            ),
            status=status_of(error),
        )
    if isinstance(error, SlugTaken):
        return Draft(
            typed,
            {"slug": gettext("This address is taken. Please choose another one.")},
            status=status_of(error),
        )
    faults = faults_of(error)
    problem = None if faults else error.message
    return Draft(typed, faults, problem, status_of(error))


def draft_with_problem(draft: Draft, error: KalendsError) -> Draft:
    """A form as it stands, and why something else on its page was not done."""
    return Draft(draft.typed, problem=_why_not(error), status=status_of(error))


def _why_not(error: KalendsError) -> str:
    if isinstance(error, Stale):
        return gettext(
            "Somebody else changed this while you were at it. Please look at it once more."
        )
    sentences = (_sentence_for(detail) for detail in error.details)
    return next((sentence for sentence in sentences if sentence), error.message)


def faults_of(error: KalendsError) -> dict[str, str]:
    return {detail.field: _words_for(detail) for detail in error.details}


def check(values: Mapping[str, Any], parse: Callable[[bytes], Any]) -> None:
    """Raises Invalid with every field that is wrong by itself, where the parser of the API, which
    stops at the first, names one."""
    details: list[Detail] = []
    for name, value in values.items():
        try:
            parse(encode({name: value}))
        except Invalid as error:
            details += error.details
    if details:
        raise Invalid("Some fields need another look.", details)


def _words_for(detail: Detail) -> str:
    """What is wrong, for who fills in a form; the API's sentence where we have none."""
    return _sentence_for(detail) or gettext("It {message}.", message=detail.message)


def _sentence_for(detail: Detail) -> str | None:
    fault = detail.fault
    if fault is None or fault.code not in _SENTENCES:
        return None
    return _SENTENCES[fault.code].format(limit=fault.limit)


def label_of(name: str) -> str:
    """What a field is called, in the words of its form; empty where it has none."""
    field = _INDEX.sub("", name)
    while field and field not in FIELDS:
        field = field.partition(".")[2]
    return str(FIELDS[field]) if field else ""


def rows_in(form: FormFields, prefix: str, parts: Iterable[str]) -> list[dict[str, str]]:
    """The rows `prefix.0.part`, `prefix.1.part`, … in their order, without those left empty."""
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d{{1,4}})\.[a-z_]+")
    numbers = sorted({int(match[1]) for name in form if (match := pattern.fullmatch(name))})
    rows = [{part: form.text(f"{prefix}.{n}.{part}") for part in parts} for n in numbers]
    return [row for row in rows if any(row.values())]


def if_match_of(form: FormFields) -> IfMatch:
    """The version that the form was made of."""
    text = form.text(VERSION_FIELD)
    return frozenset({int(text)}) if text.isascii() and text.isdigit() and len(text) < 10 else None


def text_or_none(text: str) -> str | None:
    return text or None


def number_or_text(text: str) -> int | float | str | None:
    """A number, or what is none for the parser to complain about; None where nothing stands."""
    if not text:
        return None
    plain = text.replace(",", ".")
    if re.fullmatch(r"-?\d{1,15}", plain, re.ASCII):
        return int(plain)
    if re.fullmatch(r"-?\d{1,15}\.\d{1,6}", plain, re.ASCII):
        number = float(plain)
        return int(number) if number.is_integer() else number
    return text


_UNITS: Final = {"": 1, "m": 1, "min": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_SPAN: Final = re.compile(r"(\d{1,9})\s*(min|[mhdw]?)")


def minutes_or_text(text: str) -> int | str | None:
    """Minutes, also written as `2h`, `1d 12h`; else as `number_or_text`."""
    if not text:
        return None
    compact = " ".join(text.lower().split())
    if not re.fullmatch(rf"{_SPAN.pattern}(?:\s*{_SPAN.pattern})*", compact, re.ASCII):
        return text
    return sum(int(match[1]) * _UNITS[match[2]] for match in _SPAN.finditer(compact))


def span_text(minutes: int | None) -> str:
    """Minutes as they are typed most easily: 45, 2h, 1d 12h."""
    if minutes is None:
        return ""
    if minutes == 0 or minutes % 60:
        return str(minutes)
    days, hours = divmod(minutes // 60, 24)
    return " ".join(part for part in (f"{days}d" * bool(days), f"{hours}h" * bool(hours)) if part)


_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.h]?(\d\d))?(?:\s*([ap])\.?m\.?)?")


def clock_text(text: str) -> str:
    """A time of day as `HH:MM`, from how people write it: 9, 9:30, 930, 5 pm; else as it is."""
    match = _CLOCK.fullmatch(text.strip().lower())
    if not match or not text.isascii():
        return text
    hour, minute, half = int(match[1]), match[2] or "00", match[3]
    if half:
        if not 1 <= hour <= 12:
            return text
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{minute}"
