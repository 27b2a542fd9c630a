"""Reads iCalendar files that we have written (`formats.icalendar.written`), for providers that take
no iCalendar."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from kalends.formats.icalendar.reading.lines import unfolded

ESCAPED: Final = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";"}


def said_in(data: bytes) -> dict[str, str]:
    """The properties of a file of ours, which have no parameters."""
    lines = unfolded(data).decode().split("\n")
    said = dict(line.partition(":")[::2] for line in lines if ":" in line)
    return {name: _unescaped(value) for name, value in said.items()}


def moment_in(said: Mapping[str, str], name: str) -> datetime:
    """The instant in one of the properties."""
    return datetime.strptime(said[name], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _unescaped(value: str) -> str:
    """A TEXT value (RFC 5545 3.3.11) without its escapes, with line breaks."""
    parts = value.split("\\\\")
    for written, meant in ESCAPED.items():
        parts = [part.replace(written, meant) for part in parts]
    return "\\".join(parts)
