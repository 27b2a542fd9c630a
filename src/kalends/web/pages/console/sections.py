"""What the navigation offers. A section is a row here, and its routes are in `table.py`."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Section:
    """A part of the console: `path` comes after the organization's, `key` names its words
    (`console.nav.…`) and its symbol in `console.svg`."""

    key: str
    path: str


@dataclass(frozen=True)
class Group:
    """Sections that stand together, under words of their own."""

    key: str
    sections: tuple[Section, ...]


NAVIGATION: Final = (
    Group(
        "work",
        (
            Section("calendar", "/calendar"),
            Section("bookings", "/bookings"),
            Section("charts", "/charts"),
        ),
    ),
)
