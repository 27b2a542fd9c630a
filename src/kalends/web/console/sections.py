"""The menu of the console, by task: sections and their tabs. The routes are in `table.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kalends.domain.rights import Right
from kalends.translation import LazyMessage, gettext_lazy


@dataclass(frozen=True)
class Tab:
    """A page of a section. A page names its tab by `key`; `path` is below the organization's and
    may have a query. Only users with the `right` see the tab."""

    key: str
    label: LazyMessage
    path: str
    right: Right

    @property
    def address(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


@dataclass(frozen=True)
class Section:
    """An entry of the menu, which links to the first of its tabs. `key` names its icon in
    `console.svg`."""

    key: str
    label: LazyMessage
    tabs: tuple[Tab, ...]

    def has(self, key: str) -> bool:
        """Whether the section has the tab with that key."""
        return any(tab.key == key for tab in self.tabs)


def _tab(
    key: str,
    label: LazyMessage,
    right: Right = Right.CHANGE_SETTINGS,
    path: str | None = None,
) -> Tab:
    return Tab(key, label, path or f"/{key}", right)


def _alone(key: str, label: LazyMessage, tab: Tab) -> Section:
    return Section(key, label, (tab,))


_CALENDAR: Final = gettext_lazy("Calendar")
_BOOKINGS: Final = gettext_lazy("Bookings")
_SERVICES: Final = gettext_lazy("Services")
_INSIGHTS: Final = gettext_lazy("Insights")

MENU: Final = (
    _alone("calendar", _CALENDAR, _tab("calendar", _CALENDAR, Right.SEE_BOOKINGS)),
    _alone(
        "bookings",
        _BOOKINGS,
        _tab("bookings", _BOOKINGS, Right.SEE_BOOKINGS, "/bookings?upcoming=yes"),
    ),
    _alone("services", _SERVICES, _tab("event-types", _SERVICES, Right.SEE_EVENT_TYPES)),
    Section(
        "team",
        gettext_lazy("Team"),
        (
            _tab("schedules", gettext_lazy("Schedules"), Right.SEE_SCHEDULES),
            _tab("absences", gettext_lazy("Absences"), Right.CHANGE_ABSENCES),
            _tab("calendars", gettext_lazy("Calendars elsewhere"), Right.CHANGE_CALENDARS),
            _tab("users", gettext_lazy("Users")),
        ),
    ),
    Section(
        "messages",
        gettext_lazy("Messages"),
        (_tab("messages", gettext_lazy("Your texts")), _tab("mail", gettext_lazy("Mail"))),
    ),
    _alone("charts", _INSIGHTS, _tab("charts", _INSIGHTS, Right.SEE_BOOKINGS)),
    Section(
        "settings",
        gettext_lazy("Settings"),
        (
            _tab("settings", gettext_lazy("Business")),
            _tab("looks", gettext_lazy("Looks"), path="/settings/looks"),
            _tab("region", gettext_lazy("Language and region"), path="/settings/region"),
            _tab("notices", gettext_lazy("Mail to you"), path="/settings/notices"),
            _tab("staff", gettext_lazy("What staff may do"), path="/settings/staff"),
            _tab("video", gettext_lazy("Video calls"), path="/settings/video"),
            _tab("integrations", gettext_lazy("Import from Cal.com")),
        ),
    ),
    Section(
        "developers",
        gettext_lazy("For developers"),
        (
            _tab("keys", gettext_lazy("API keys")),
            _tab("webhooks", gettext_lazy("Webhooks")),
            _tab("events", gettext_lazy("Event log")),
            _tab("api", gettext_lazy("API description")),
        ),
    ),
)


LABELS: Final = {tab.key: tab.label for section in MENU for tab in section.tabs}


def menu_for(may: Callable[[Right], bool]) -> list[Section]:
    """The sections that have a tab for this user, each with only the tabs that the user may see."""
    sections = [
        Section(section.key, section.label, tuple(tab for tab in section.tabs if may(tab.right)))
        for section in MENU
    ]
    return [section for section in sections if section.tabs]


def tabs_at(menu: list[Section], key: str, path: str) -> Section | None:
    """The section whose tabs are shown above the page with that key and path. None if the section
    has only one tab, or the path is not that of a tab (a form may be posted to it, too)."""
    for section in menu:
        if section.has(key) and len(section.tabs) > 1:
            return section if any(tab.address == path for tab in section.tabs) else None
    return None
