"""Sync runs: one pass over a connection, and what it has to walk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.sources import Walk, WalkOrder

# Changes made during a run must not be lost, nor those of a server whose clock is behind. So each
# run asks again for changes since this long before the last run began.
OVERLAP: Final = timedelta(minutes=10)

StartRange = tuple[datetime | None, datetime | None]
"""The inclusive bounds of the starts that a run covers; without bounds it covers all."""


class RunState(StrEnum):
    """`waiting` is for another run of the organization, or for a worker to begin."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SkippedRow(Struct, frozen=True):
    """A row that could not be imported, and why. Stored with its run."""

    uid: str
    reason: str


class ImportRun(Struct, frozen=True, kw_only=True):
    """A run. `since` and `until` bound the starts that it covers, inclusive.

    `walks` are still to be walked, the first one in progress; None before the run has begun.
    `skipped` includes `unchanged`. `mark` is the time since which the next run will ask for
    changes, if this one succeeds.
    """

    organization_id: UUID
    id: UUID
    state: RunState
    since: datetime | None
    until: datetime | None
    generation: int | None
    mark: datetime | None
    walks: list[Walk] | None
    synced: int
    skipped: int
    unchanged: int
    skips: list[SkippedRow]
    error: str | None
    code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def has_range(self) -> bool:
        return self.since is not None or self.until is not None

    @property
    def is_over(self) -> bool:
        return self.state in (RunState.DONE, RunState.FAILED)

    def covers(self, starts_at: datetime) -> bool:
        """Whether the run covers a booking with that start."""
        return (self.since is None or starts_at >= self.since) and (
            self.until is None or starts_at <= self.until
        )


def plan_walks(
    run: ImportRun, connection: ImportConnection, oldest_unstamped: datetime | None
) -> Sequence[Walk]:
    """What a run has to walk.

    A range is one walk. The first full walk goes by creation, from where an earlier one broke off.
    Later runs go by change; and also by creation, to find new rows without a time of change, and
    all since the oldest such row (`oldest_unstamped`), whose changes nothing else would show.
    """
    if run.has_range:
        return [Walk(by=WalkOrder.CREATION, starts_from=run.since, starts_until=run.until)]
    if connection.changed_since is None:
        return [Walk(by=WalkOrder.CREATION, after=connection.walked_to)]
    since = connection.changed_since
    created_since = min(since, oldest_unstamped or since)
    return [
        Walk(by=WalkOrder.CREATION, after=created_since),
        Walk(by=WalkOrder.CHANGE, after=since),
    ]
