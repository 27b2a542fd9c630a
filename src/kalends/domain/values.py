"""Types of values from clients that have a format of their own: instants, days, clock times, e-mail
addresses; and constrained strings such as names.

Each class has a `parse` that raises ValueError with a sentence. `web` calls it for every field of
that type, so that nothing inside has to check again.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from kalends.domain.invisible_characters import NOT_BLANK, has_hidden_characters

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

# A negative look-ahead rather than [^…]*$, since in Python `$` also matches before a final newline.
NO_CONTROLS: Final = r"^(?![\s\S]*[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff])"
NO_CONTROLS_BUT_NEWLINE_AND_TAB: Final = (
    r"^(?![\s\S]*[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff])"
)

LONGEST_NAME: Final = 200
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=NO_CONTROLS + NOT_BLANK)]
# A name that may be left out, or empty.
Label = Annotated[str, Meta(max_length=200, pattern=NO_CONTROLS)]
Line = Annotated[str, Meta(max_length=500, pattern=NO_CONTROLS)]
Phone = Annotated[str, Meta(max_length=50, pattern=NO_CONTROLS)]
Text = Annotated[str, Meta(max_length=5000, pattern=NO_CONTROLS_BUT_NEWLINE_AND_TAB)]
Slug = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^(?![\s\S]*[^a-z0-9-])(?!-)")]

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]0{1,9})?)?"
    r"(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)",
    re.ASCII,
)
# An offset whose `+` was decoded as a space.
_LOST_PLUS = re.compile(r" (?=\d\d(?::?\d\d)?\Z)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EMAIL = re.compile(
    r"[^\s@\"(),:;<>\[\]\\\x00-\x20\x7f-\x9f]{1,64}@"
    r"[^\s@\"(),:;<>\[\]\\_/?#\x00-\x20\x7f-\x9f.]+(?:\.[^\s@\"(),:;<>\[\]\\_/?#\x00-\x20\x7f-\x9f.]+)*"
)


# Characters that become punctuation, or end a label, when a domain is encoded for mail (RFC 5891).
_HIDDEN_PUNCTUATION = re.compile(r"[\x00-,./:-@\[-`{-\x7f\u3002]")
# Encoded words, which mail readers decode anywhere in a header (RFC 2047).
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?[^?]*\?=")
LONGEST_LABEL: Final = 63  # octets (RFC 1035)
# The replacement character, which stands for one that could not be decoded.
_LOST: Final = "\ufffd"


class Instant(datetime):
    """An instant in UTC, in whole seconds."""

    SCHEMA: Final[dict[str, Any]] = {
        "type": "string",
        "format": "date-time",
        "description": "An instant with any offset, years 1900 to 2199, in whole seconds.",
        "examples": ["2026-12-01T10:00:00Z"],
    }

    @classmethod
    def parse(cls, text: str) -> "Instant":
        match = _INSTANT.fullmatch(text)
        if match:
            return cls.of(_as_utc(text, match))
        if _INSTANT.fullmatch(_LOST_PLUS.sub("+", text)):
            raise ValueError(
                "has a space before its offset: in a URL a `+` has to be written as %2B, "
                "such as 2026-12-01T10:00:00%2B01:00"
            )
        raise ValueError(
            "must be an instant with an offset and no fraction of a second, "
            "such as 2026-12-01T10:00:00Z"
        )

    @classmethod
    def of(cls, moment: datetime) -> "Instant":
        """The same instant in UTC, without its fraction of a second."""
        return cls.fromtimestamp(int(moment.timestamp()), UTC)


def _as_utc(text: str, match: re.Match[str]) -> datetime:
    """The instant. Raises ValueError if it does not exist or lies outside of 1900 to 2199."""
    year, month, day, hour, minute = (int(match[i]) for i in range(1, 6))
    hours, minutes = int(match[9] or 0), int(match[10] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"{text!r} has an offset that cannot be")
    if not FIRST_YEAR - 1 <= year <= LAST_YEAR + 1:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    try:
        local = datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a moment that exists") from error
    offset = (hours * 3600 + minutes * 60) * (-1 if match[8] == "-" else 1)
    moment = datetime.fromtimestamp(local.timestamp() - offset, UTC)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


class Day(date):
    """A calendar day, without a time zone."""

    SCHEMA: Final[dict[str, Any]] = {"type": "string", "format": "date", "examples": ["2026-12-01"]}

    @classmethod
    def parse(cls, text: str) -> "Day":
        if not _DAY.fullmatch(text):
            raise ValueError("must be a day, such as 2026-12-01")
        try:
            day = cls(int(text[:4]), int(text[5:7]), int(text[8:]))
        except ValueError as error:
            raise ValueError(f"{text!r} is not a day that exists") from error
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
        return day


class Email(str):
    """An e-mail address, checked for its form only. Letters of every script are allowed; characters
    that mail would change or hide are not, such as invisible ones or disguised punctuation."""

    __slots__ = ()
    SCHEMA: Final[dict[str, Any]] = {
        "type": "string",
        "format": "email",
        "maxLength": 254,
        "description": "An e-mail address, checked for its form only.",
        "examples": ["john@example.com"],
    }

    @classmethod
    def parse(cls, text: str) -> "Email":
        if len(text) > 254 or not _EMAIL.fullmatch(text) or ".." in text:
            raise ValueError("must be an e-mail address, such as john@example.com")
        if has_hidden_characters(text) or _LOST in text:
            raise ValueError(
                "must be an e-mail address without invisible characters, such as john@example.com"
            )
        if not all(map(_is_label, text.rpartition("@")[2].split("."))):
            raise ValueError("must be an e-mail address whose domain can be written as a name")
        if _ENCODED_WORD.search(text):
            raise ValueError(
                "must be an e-mail address that is not encoded, such as john@example.com"
            )
        return cls(text)


def is_email(text: str) -> bool:
    """Whether the text has the form of an e-mail address."""
    try:
        Email.parse(text)
    except ValueError:
        return False
    return True


def _is_label(text: str) -> bool:
    """Whether a part of a domain can be encoded for mail as one label that is short enough and
    keeps its letters: `ⓔ` and `ｅ` would become `e`."""
    if text.isascii():
        return len(text) <= LONGEST_LABEL
    normal = unicodedata.normalize("NFKC", text.lower())
    if normal.isascii() or normal != unicodedata.normalize("NFC", text.lower()):
        return False
    written = "xn--" + normal.encode("punycode").decode("ascii")
    return len(written) <= LONGEST_LABEL and _HIDDEN_PUNCTUATION.search(normal) is None


class ClockTime(str):
    """A time of day `HH:MM`; `24:00` is the end of the day."""

    __slots__ = ()
    SCHEMA: Final[dict[str, Any]] = {
        "type": "string",
        "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
        "examples": ["09:00"],
    }

    @classmethod
    def parse(cls, text: str) -> "ClockTime":
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", text, re.ASCII):
            raise ValueError("must be a time of day, such as 09:00 (24:00 is the end of the day)")
        return cls(text)

    @property
    def minutes(self) -> int:
        """Minutes since midnight, 0 to 1440."""
        return int(self[:2]) * 60 + int(self[3:])


def parse_day_or_instant(text: str) -> "Day | Instant":
    """A day or an instant. Raises ValueError; its sentence is about an instant if the text begins
    with a day."""
    if _DAY.fullmatch(text):
        return Day.parse(text)
    if _DAY.match(text):
        return Instant.parse(text)
    raise ValueError(
        "must be a day or an instant with an offset, such as 2026-12-01 or 2026-12-01T10:00:00Z"
    )
