"""Reads what people type into forms: numbers, spans of time, times of day, rows."""

import re
from collections.abc import Iterable
from typing import Final

from kalends.web.pages.forms import FormFields

YES: Final = "yes"
ROWS_TO_SPARE: Final = 1


def rows_in(form: FormFields, prefix: str, parts: Iterable[str]) -> list[dict[str, str]]:
    """The rows `prefix.0.part`, `prefix.1.part`, … in order, without empty ones."""
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d{{1,4}})\.[a-z_]+")
    numbers = sorted({int(match[1]) for name in form if (match := pattern.fullmatch(name))})
    rows = [{part: form.text(f"{prefix}.{n}.{part}") for part in parts} for n in numbers]
    return [row for row in rows if any(row.values())]


def sent_of(form: FormFields, names: Iterable[str]) -> dict[str, str]:
    """Those of the fields that the form has sent. A page of the previous release lacks newer ones,
    and a page for staff has fewer; a field that is not sent does not change."""
    return {name: form.text(name) for name in names if name in form}


def text_or_none(text: str) -> str | None:
    return text or None


def number_or_text(text: str) -> int | float | str | None:
    """The text as a number, None if it is empty; the parser will refuse a text that is neither."""
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
    """Minutes, written as a number or as `2h`, `1d 12h`, `1 day`; else as `number_or_text`."""
    if not text:
        return None
    compact = " ".join(text.lower().split())
    if not re.fullmatch(rf"{_SPAN.pattern}(?:\s*{_SPAN.pattern})*", compact, re.ASCII):
        return text
    return sum(
        int(match[1]) * _UNITS["".join(match.groups("")[1:])] for match in _SPAN.finditer(compact)
    )


def span_text(minutes: int | None) -> str:
    """Minutes in the shortest form that can be typed: 45, 2h, 1d 12h."""
    if minutes is None:
        return ""
    if minutes == 0 or minutes % 60:
        return str(minutes)
    days, hours = divmod(minutes // 60, 24)
    return " ".join(part for part in (f"{days}d" * bool(days), f"{hours}h" * bool(hours)) if part)


_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.h]?(\d\d))?(?:\s*([ap])\.?m\.?)?")


def clock_text(text: str) -> str:
    """A time of day as `HH:MM`, however it is written: 9, 9:30, 930, 5 pm; other text unchanged."""
    match = _CLOCK.fullmatch(text.strip().lower())
    if not match or not text.isascii():
        return text
    hour, minute, half = int(match[1]), match[2] or "00", match[3]
    if half:
        if not 1 <= hour <= 12:
            return text
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{minute}"
