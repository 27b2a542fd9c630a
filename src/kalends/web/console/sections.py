"""What the navigation offers. A section is a row here, and its routes are in `table.py`."""

from dataclasses import dataclass
from typing import Final

from kalends.translation import LazyMessage, gettext_lazy


@dataclass(frozen=True)
class Section:
    """A part of the console. `path` comes after the organization's, and may have a query; `key`
    names it and its symbol in `console.svg`. Members do not see what is for admins."""

    key: str
    label: LazyMessage
    path: str
    for_admins: bool = False


@dataclass(frozen=True)
class Group:
    """Sections that stand together, under a label of their own; the first has none."""

    key: str
    label: LazyMessage | None
    sections: tuple[Section, ...]


NAVIGATION: Final = (
    Group(
        "work",
        None,
        (
            Section("calendar", gettext_lazy("Calendar"), "/calendar"),
            Section("bookings", gettext_lazy("Bookings"), "/bookings?upcoming=yes"),
            Section("charts", gettext_lazy("Charts"), "/charts"),
        ),
    ),
    Group(
        "offer",
        gettext_lazy("What can be booked"),
        (
            Section("event-types", gettext_lazy("Event types"), "/event-types"),
            Section("schedules", gettext_lazy("Schedules"), "/schedules"),
        ),
    ),
    Group(
        "connect",
        gettext_lazy("Connections"),
        (
            Section("integrations", gettext_lazy("Integrations"), "/integrations", for_admins=True),
            Section("webhooks", gettext_lazy("Webhooks"), "/webhooks", for_admins=True),
            Section("mail", gettext_lazy("Mail"), "/mail", for_admins=True),
        ),
    ),
    Group(
        "organization",
        gettext_lazy("Organization"),
        (
            Section("keys", gettext_lazy("API keys"), "/keys", for_admins=True),
            Section("users", gettext_lazy("Users"), "/users", for_admins=True),
            Section("settings", gettext_lazy("Settings"), "/settings", for_admins=True),
        ),
    ),
)


LABELS: Final = {one.key: one.label for group in NAVIGATION for one in group.sections}


def navigation_for(is_admin: bool) -> list[Group]:
    """The groups that have something for the user."""
    groups = [
        Group(
            group.key, group.label, tuple(s for s in group.sections if is_admin or not s.for_admins)
        )
        for group in NAVIGATION
    ]
    return [group for group in groups if group.sections]
