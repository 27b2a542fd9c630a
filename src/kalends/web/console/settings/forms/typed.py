"""What people type into forms, and what it means: numbers, spans of time, times of day, rows."""

import re
from collections.abc import Iterable
from typing import Final

from kalends.web.pages.forms import FormFields

YES: Final = "yes"
ROWS_TO_SPARE: Final = 1


def rows_in(form: FormFields, prefix: str, parts: Iterable[str]) -> list[dict[str, str]]:
    """The rows `prefix.0.part`, `prefix.1.part`, … in their order, without those left empty."""
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d{{1,4}})\.[a-z_]+")
    numbers = sorted({int(match[1]) for name in form if (match := pattern.fullmatch(name))})
    rows = [{part: form.text(f"{prefix}.{n}.{part}") for part in parts} for n in numbers]
    return [row for row in rows if any(row.values())]


def sent_of(form: FormFields, names: Iterable[str]) -> dict[str, str]:
    """What the form has of them: a page of the release before knows nothing of later fields, and
    one for staff has fewer. What is not sent is not changed."""
    return {name: form.text(name) for name in names if name in form}


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


_UNITS: Final = {"": 1, "m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_SPAN: Final = re.compile(
    r"(\d{1,9})\s*(?:(m)in(?:ute)?s?|(h)(?:ou)?rs?|(d)ays?|(w)eeks?|([mhdw]?))", re.ASCII
)


def minutes_or_text(text: str) -> int | str | None:
    """Minutes, also written as `2h`, `1d 12h`, `1 day`; else as `number_or_text`."""
    if not text:
        return None
    compact = " ".join(text.lower().split())
    if not re.fullmatch(rf"{_SPAN.pattern}(?:\s*{_SPAN.pattern})*", compact, re.ASCII):
        return text
    return sum(
        int(match[1]) * _UNITS["".join(match.groups("")[1:])] for match in _SPAN.finditer(compact)
    )


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
