"""Reads JSON of other systems leniently: any value gives a result or None, and never an error."""

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from kalends.availability.wallclock import UnknownZone, zone_named
from kalends.domain.invisible_characters import is_blank
from kalends.domain.values import FIRST_YEAR, LAST_YEAR
from kalends.domain.video import LONGEST_LINK

DEEPEST: Final = 12
LARGEST_WHOLE: Final = 2**53
LONGEST_TEXT: Final = 5000
LONGEST_LIFE_SECONDS: Final = 366 * 86_400
_BROKEN: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINK: Final = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:[/?#][!-~]*)?")
_CONTROLS_OF_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]+")


def clean(value: Any, depth: int = 0) -> Any:
    """The JSON value without what cannot be stored or sent on: lone surrogates, NUL, NaN and
    infinity, excessive depth."""
    if isinstance(value, str):
        return value if value.isprintable() else _BROKEN.sub("\ufffd", value)
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        return {clean(str(k)): clean(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [clean(v, depth + 1) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_WHOLE:
        return str(value)[:40] if abs(value) < 10**40 else None
    return value


def moment_in(value: Any) -> datetime | None:
    """The instant in a text (ISO 8601; UTC if it has no offset); None if it is not one."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def zone_in(value: Any) -> str | None:
    """The name of a time zone, if it is a known one."""
    try:
        zone_named(value if isinstance(value, str) else "")
    except (UnknownZone, ValueError):
        return None
    return str(value)


def whole_in(value: Any) -> int | None:
    """The value, if it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def life_in(value: Any) -> int | None:
    """A lifetime in seconds, of at most a year, so that an instant can be computed from it."""
    seconds = whole_in(value)
    return None if seconds is None else min(max(seconds, 0), LONGEST_LIFE_SECONDS)


def link_in(value: Any) -> str | None:
    """An https link that can be stored and shown anywhere: printable, and not too long. It has no
    character that would end a line, a header, or a URL in a text."""
    if not isinstance(value, str) or len(value) > LONGEST_LINK:
        return None
    return value if _LINK.fullmatch(value) else None


def line_in(value: Any, most: int = 500) -> str | None:
    """The text as one line of at most `most` characters; None if nothing visible is left."""
    if not isinstance(value, str):
        return None
    line = _CONTROLS.sub(" ", value).strip()[:most].strip()
    return None if is_blank(line) else line


def text_in(value: Any) -> str | None:
    """The text, which may have several lines; None if nothing visible is left."""
    if not isinstance(value, str):
        return None
    text = _CONTROLS_OF_TEXT.sub(" ", value).strip()[:LONGEST_TEXT]
    return None if is_blank(text) else text


def dict_in(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def list_in(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
