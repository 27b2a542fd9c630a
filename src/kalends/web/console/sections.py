"""What the navigation offers. A section is a row here, and its routes are in `table.py`."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Section:
    """A part of the console. `path` comes after the organization's, and may have a query; `key`
    names its words (`console.nav.…`) and its symbol in `console.svg`. Members do not see what is
    for admins."""

    key: str
    path: str
    for_admins: bool = False


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
            Section("bookings", "/bookings?upcoming=yes"),
            Section("charts", "/charts"),
        ),
    ),
    Group(
        "offer",
        (Section("event-types", "/event-types"), Section("schedules", "/schedules")),
    ),
    Group(
        "connect",
        (
            Section("integrations", "/integrations", for_admins=True),
            Section("webhooks", "/webhooks", for_admins=True),
            Section("mail", "/mail", for_admins=True),
        ),
    ),
    Group(
        "organization",
        (
            Section("keys", "/keys", for_admins=True),
            Section("users", "/users", for_admins=True),
            Section("settings", "/settings", for_admins=True),
        ),
    ),
)


def navigation_for(is_admin: bool) -> list[Group]:
    """The groups that have something for the user."""
    groups = [
        Group(group.key, tuple(s for s in group.sections if is_admin or not s.for_admins))
        for group in NAVIGATION
    ]
    return [group for group in groups if group.sections]
