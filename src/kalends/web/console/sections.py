"""What the navigation offers. A section is a row here, and its routes are in `table.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kalends.domain.rights import Right
from kalends.translation import LazyMessage, gettext_lazy


@dataclass(frozen=True)
class Section:
    """A part of the console. `path` comes after the organization's, and may have a query; `key`
    names it and its symbol in `console.svg`. Who has not the `right` does not see it."""

    key: str
    label: LazyMessage
    path: str
    right: Right


@dataclass(frozen=True)
class Group:
    """Sections that stand together, under a label of their own; the first has none."""

    key: str
    label: LazyMessage | None
    sections: tuple[Section, ...]


def _section(
    key: str, label: LazyMessage, right: Right = Right.CHANGE_SETTINGS, query: str = ""
) -> Section:
    return Section(key, label, f"/{key}{query}", right)


NAVIGATION: Final = (
    Group(
        "work",
        None,
        (
            _section("calendar", gettext_lazy("Calendar"), Right.SEE_BOOKINGS),
            _section("bookings", gettext_lazy("Bookings"), Right.SEE_BOOKINGS, "?upcoming=yes"),
            _section("absences", gettext_lazy("Absences"), Right.CHANGE_ABSENCES),
            _section("charts", gettext_lazy("Insights"), Right.SEE_BOOKINGS),
        ),
    ),
    Group(
        "offer",
        gettext_lazy("What can be booked"),
        (
            _section("event-types", gettext_lazy("Event types"), Right.SEE_EVENT_TYPES),
            _section("schedules", gettext_lazy("Schedules"), Right.SEE_SCHEDULES),
            _section("messages", gettext_lazy("Messages")),
        ),
    ),
    Group(
        "connect",
        gettext_lazy("Connections"),
        (
            _section("calendars", gettext_lazy("Calendars"), Right.CHANGE_CALENDARS),
            _section("integrations", gettext_lazy("Integrations")),
            _section("webhooks", gettext_lazy("Webhooks")),
            _section("mail", gettext_lazy("Mail")),
        ),
    ),
    Group(
        "organization",
        gettext_lazy("Organization"),
        (
            _section("keys", gettext_lazy("API keys")),
            _section("users", gettext_lazy("Users")),
            _section("settings", gettext_lazy("Settings")),
        ),
    ),
)


LABELS: Final = {one.key: one.label for group in NAVIGATION for one in group.sections}


def navigation_for(may: Callable[[Right], bool]) -> list[Group]:
    """The groups that have something for who may that."""
    groups = [
        Group(group.key, group.label, tuple(s for s in group.sections if may(s.right)))
        for group in NAVIGATION
    ]
    return [group for group in groups if group.sections]
