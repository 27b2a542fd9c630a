"""Notifications: who has committed work sends one, and workers anywhere poll at once.

Sent after the commit, since NOTIFY inside a transaction holds a lock of the whole database until
its flush, so that no two commits could be flushed together. One notification says all that was
committed within some milliseconds, and whose it is. A process that is killed between commit and
notification delays its work until the next poll of a worker; it loses none.
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
# The channel of PgQueuer, which wants a message in its own form.
JOBS_CHANNEL: Final = "ch_pgqueuer"
NOTIFY: Final = "SELECT pg_notify($1, $2)"
NOTIFY_OF_JOBS: Final = """
SELECT pg_notify($1::text, json_build_object('channel', $1::text, 'operation', 'insert',
    'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)
"""
# How long to gather: one notification costs the workers about as much as a job, so the longer the
# better, but webhooks are expected at once.
GATHER_SECONDS_BY_CHANNEL: Final = {
    DELIVERIES_CHANNEL: 0.01,
    MAILS_CHANNEL: 0.05,
    CALENDARS_CHANNEL: 0.05,
    VIDEO_CHANNEL: 0.02,
    JOBS_CHANNEL: 0.1,
}
# The same after a notification of so many commits: their mails are leased, written and recorded by
# a third of the statements.
MANY_COMMITS: Final = 6
GATHER_SECONDS_OF_MANY: Final = {MAILS_CHANNEL: 0.15}
# Who listens for what waits in a channel of the outbox.
NOTIFIED: Final = {
    "webhook": DELIVERIES_CHANNEL,
    "mail": MAILS_CHANNEL,
    "calendar": CALENDARS_CHANNEL,
    "video": VIDEO_CHANNEL,
}


# How long a process that ends waits for what it has still to send, in seconds.
FINISH_WITHIN_SECONDS: Final = 1.0
# A notification has less than 8,000 bytes; of more organizations than that, it names none.
MOST_NAMED: Final = 200


class Notifier:
    """The notifications of one process. `connect` gives a connection of its pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._pending: dict[str, set[UUID | None]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        # How many commits the latest notification tells of, which may be still to come.
        self._commits: dict[str, int] = {}

    def notify(self, organization_id: UUID | None, *channels: str) -> None:
        """Wakes those who listen there for something of the organization, or of anybody; soon,
        and returns at once."""
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
        """Waits for what is still to be sent, at most a second: a command ends as soon as it has
        committed, and its mail would wait for a poll."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=FINISH_WITHIN_SECONDS)

    def _gather_seconds(self, channel: str) -> float:
        seconds = GATHER_SECONDS_BY_CHANNEL[channel]
        if self._commits.get(channel, 0) < MANY_COMMITS:
            return seconds
        return GATHER_SECONDS_OF_MANY.get(channel, seconds)

    async def _send(self, channel: str, gather_seconds: float) -> None:
        await asyncio.sleep(gather_seconds)
        # Who notifies from here on needs another one: what it committed may come too late for this.
        organizations = self._pending.pop(channel)
        # Workers poll too, so a notification that is lost loses no work.
        with suppress(Unavailable):
            async with self._connect() as tx:
                if channel == JOBS_CHANNEL:
                    await tx.execute(NOTIFY_OF_JOBS, channel)
                else:
                    await tx.execute(NOTIFY, channel, named_in(organizations))


def organizations_of(payload: str) -> list[UUID] | None:
    """Whom a notification of deliveries names. None where it names nobody, as those of servers of
    the release before: it may be anybody's."""
    try:
        return [UUID(word) for word in payload.split()] or None
    except ValueError:
        return None


def named_in(organizations: Collection[UUID | None]) -> str:
    """What a notification says that is for those. None stands for anybody."""
    if None in organizations or len(organizations) > MOST_NAMED:
        return ""
    return " ".join(map(str, organizations))
