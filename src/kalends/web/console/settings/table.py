"""The table of the settings' routes."""

from typing import Final

from kalends.web.console.settings import (
    language,
    mailbox,
    messages,
    notifications,
    organization,
    users,
    video,
)
from kalends.web.console.settings.calendars import accounts as calendars
from kalends.web.console.settings.calendars import connection as calendar_connection
from kalends.web.console.settings.calendars import consents
from kalends.web.console.settings.developers import integrations, keys, overview, webhooks
from kalends.web.console.settings.offers import (
    event_types,
    exceptions,
    feeds,
    schedules,
    sharing,
    texts,
    times,
)
from kalends.web.pages.routes import PageRoute

# The order matters: paths with a fixed name come before those with an id in the same place.
PAGES: Final[tuple[PageRoute, ...]] = (
    *event_types.PAGES,
    *sharing.PAGES,
    *texts.PAGES,
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
    *overview.PAGES,
    *users.PAGES,
    *language.PAGES,
    *notifications.PAGES,
    *organization.PAGES,
    *video.PAGES,
    *mailbox.PAGES,
    *messages.PAGES,
)
