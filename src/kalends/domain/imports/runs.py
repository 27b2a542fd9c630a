"""A run: one pass over a connection, and what it has to walk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.sources import Walk, WalkOrder

# A change that was made while a run was under way must not be lost, nor one by a clock that is
# behind ours: each run asks again for what changed so long before the last one began.
OVERLAP: Final = timedelta(minutes=10)

StartRange = tuple[datetime | None, datetime | None]
"""The bounds of the starts that a run is about, inclusive; without bounds it is about all."""


class RunState(StrEnum):
    """`waiting` is for another run of the organization, or for a process to begin."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SkippedRow(Struct, frozen=True):
    """A row that could not be imported, and why. Stored with its run."""

    uid: str
    reason: str


class ImportRun(Struct, frozen=True, kw_only=True):
    """One sync. `since` and `until` bound the starts it is about, inclusive.

    `walks` are what is still to be walked, the first one under way; None before it began. `skipped`
    counts `unchanged` too. `mark` is where the next run will ask from, if this one ends well.
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
        """Whether a booking that starts then is asked for."""
        return (self.since is None or starts_at >= self.since) and (
            self.until is None or starts_at <= self.until
        )


def plan_walks(
    run: ImportRun, connection: ImportConnection, oldest_unstamped: datetime | None
) -> Sequence[Walk]:
    """What a run has to walk.

    A range by itself. The first walk goes by creation, from where an earlier one broke off. Later
    ones go by change; and by creation too, for new rows that have no time of change, and again for
    all since the oldest known one (`oldest_unstamped`), as nothing else would show their changes.
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
