"""The routes of the settings, and where the navigation shows them."""

from typing import Final

from kalends.web.console.settings import (
    calendar_connection,
    calendars,
    consents,
    event_types,
    exceptions,
    feeds,
    integrations,
    keys,
    language,
    mailbox,
    messages,
    notifications,
    organization,
    schedules,
    sharing,
    times,
    users,
    webhooks,
)
from kalends.web.pages.routes import PageRoute

# In this order: what has a name of its own comes before what an id stands for.
PAGES: Final[tuple[PageRoute, ...]] = (
    *event_types.PAGES,
    *sharing.PAGES,
    *schedules.PAGES,
    *exceptions.PAGES,
    *feeds.PAGES,
    *calendars.PAGES,
    *consents.PAGES,
    *calendar_connection.PAGES,
    *times.PAGES,
    *webhooks.PAGES,
    *integrations.PAGES,
    *keys.PAGES,
    *users.PAGES,
    *language.PAGES,
    *notifications.PAGES,
    *organization.PAGES,
    *mailbox.PAGES,
    *messages.PAGES,
)
