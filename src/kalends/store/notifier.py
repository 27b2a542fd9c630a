"""Notifications, by which a process that has committed work makes workers anywhere poll at once.

They are sent after the commit, as NOTIFY inside a transaction holds a lock of the whole database
until its flush, so that no two commits could be flushed together. One notification covers all that
was committed within some milliseconds, and names the organizations. If a process is killed between
commit and notification, its work waits until the next poll of a worker; none is lost.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final
from uuid import UUID

from kalends.domain.errors import Unavailable

DELIVERIES_CHANNEL: Final = "kalends_deliveries"
MAILS_CHANNEL: Final = "kalends_mails"
CALENDARS_CHANNEL: Final = "kalends_calendars"
VIDEO_CHANNEL: Final = "kalends_video"
# PgQueuer's channel, whose messages have a form of their own.
JOBS_CHANNEL: Final = "ch_pgqueuer"
NOTIFY: Final = "SELECT pg_notify($1, $2)"
NOTIFY_OF_JOBS: Final = """
SELECT pg_notify($1::text, json_build_object('channel', $1::text, 'operation', 'insert',
    'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)
"""
# How long to collect commits for one notification. A notification costs the workers about as much
# as a job, so longer is better; but webhooks are expected at once.
GATHER_SECONDS_BY_CHANNEL: Final = {
    DELIVERIES_CHANNEL: 0.01,
    MAILS_CHANNEL: 0.05,
    CALENDARS_CHANNEL: 0.05,
    VIDEO_CHANNEL: 0.02,
    JOBS_CHANNEL: 0.1,
}
# After a notification of so many commits, collecting takes longer: then their mails are leased,
# written and recorded by a third of the statements.
MANY_COMMITS: Final = 6
GATHER_SECONDS_OF_MANY: Final = {MAILS_CHANNEL: 0.15}
# The channel of PostgreSQL that is notified for a channel of the outbox.
NOTIFIED: Final = {
    "webhook": DELIVERIES_CHANNEL,
    "mail": MAILS_CHANNEL,
    "calendar": CALENDARS_CHANNEL,
    "video": VIDEO_CHANNEL,
}


# How long a process that ends waits until its last notifications are sent, in seconds.
FINISH_WITHIN_SECONDS: Final = 1.0
# A notification has less than 8,000 bytes. If it is about more organizations, it names none.
MOST_NAMED: Final = 200


class Notifier:
    """The notifications of one process. `connect` gives a connection of its pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._pending: dict[str, set[UUID | None]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        # By channel, the number of commits in the latest notification, which may not be sent yet.
        self._commits: dict[str, int] = {}

    def notify(self, organization_id: UUID | None, *channels: str) -> None:
        """Schedules a notification of the listeners of these channels, about work of the
        organization (None: of any), and returns at once."""
        for channel in channels:
            if channel not in self._pending:
                self._pending[channel] = set()
                sending = asyncio.create_task(self._send(channel, self._gather_seconds(channel)))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)
                self._commits[channel] = 0
            self._pending[channel].add(organization_id)
            self._commits[channel] += 1

    async def finish(self) -> None:
        """Waits, at most a second, until all notifications are sent. A command ends right after its
        commit; without this, its mail would wait for a poll."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=FINISH_WITHIN_SECONDS)

    def _gather_seconds(self, channel: str) -> float:
        seconds = GATHER_SECONDS_BY_CHANNEL[channel]
        if self._commits.get(channel, 0) < MANY_COMMITS:
            return seconds
        return GATHER_SECONDS_OF_MANY.get(channel, seconds)

    async def _send(self, channel: str, gather_seconds: float) -> None:
        await asyncio.sleep(gather_seconds)
        # Commits from here on need another notification, as this one may be too early for them.
        organizations = self._pending.pop(channel)
        # Workers poll too, so a lost notification loses no work.
        with suppress(Unavailable):
            async with self._connect() as tx:
                if channel == JOBS_CHANNEL:
                    await tx.execute(NOTIFY_OF_JOBS, channel)
                else:
                    await tx.execute(NOTIFY, channel, named_in(organizations))


def organizations_of(payload: str) -> list[UUID] | None:
    """The organizations that a notification of deliveries names. None if it names none, as those of
    the previous release do, so that it may be about any."""
    try:
        return [UUID(word) for word in payload.split()] or None
    except ValueError:
        return None


def named_in(organizations: Collection[UUID | None]) -> str:
    """The payload of a notification for these organizations; None among them stands for any."""
    if None in organizations or len(organizations) > MOST_NAMED:
        return ""
    return " ".join(map(str, organizations))
