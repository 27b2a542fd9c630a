"""The connection to Cal.com, and what a run over it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.imports.merging import ScheduleMapping
from kalends.domain.imports.sources import BY_CHANGE, BY_CREATION, Walk

# A change that was made while a run was under way must not be lost, nor one by a clock that is
# behind ours: each run asks again for what changed so long before the last one began.
OVERLAP: Final = timedelta(minutes=10)
OF_ANOTHER_ACCOUNT: Final = "Another account of Cal.com brought it in, and it stays as it is."
DEFAULT_BASE_URL: Final = "https://api.cal.com/v2"


class OnConflict(StrEnum):
    """How a new booking is treated whose time is taken here."""

    SKIP = "skip"
    RECORD = "record"


class ImportConnection(Struct, frozen=True, kw_only=True):
    """As it is stored; `api_key`, `webhook_secret` and `hook_token` are sealed.

    The mark: `walked_to` is the creation time that the first walk has reached, `walked_since` when
    it began, `changed_since` from when on to ask for changes (None until the first walk is done).
    `account_id` is whose account it reaches, as it was found in that generation.
    """

    organization_id: UUID
    id: UUID
    base_url: str
    api_key: bytes
    last_four: str
    default_schedule_id: UUID
    mappings: list[ScheduleMapping]
    on_conflict: OnConflict
    interval_minutes: int
    webhook_secret: bytes | None
    hook_token: bytes
    hook_hash: bytes
    generation: int
    walked_since: datetime | None
    walked_to: datetime | None
    changed_since: datetime | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    account_id: UUID | None = None
    account_generation: int | None = None

    @property
    def account(self) -> UUID | None:
        """Whose account it reaches; None until that was asked."""
        return self.account_id if self.account_generation == self.generation else None


class RunState(StrEnum):
    """`waiting` is for another run of the organization, or for somebody to begin."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SkippedRow(Struct, frozen=True):
    """A row that could not be brought in, and why."""

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


class RowOutcome(StrEnum):
    """What a run did with a row that it was shown."""

    SYNCED = "synced"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


def plan_walks(
    run: ImportRun, connection: ImportConnection, oldest_unstamped: datetime | None
) -> Sequence[Walk]:
    """What a run has to walk.

    A range by itself. The first walk goes by creation, from where an earlier one broke off. Later
    ones go by change; and by creation too, for new rows that have no time of change, and again for
    all since the oldest known one (`oldest_unstamped`), as nothing else would show their changes.
    """
    if run.has_range:
        return [Walk(by=BY_CREATION, starts_from=run.since, starts_until=run.until)]
    if connection.changed_since is None:
        return [Walk(by=BY_CREATION, after=connection.walked_to)]
    since = connection.changed_since
    created_since = min(since, oldest_unstamped or since)
    return [Walk(by=BY_CREATION, after=created_since), Walk(by=BY_CHANGE, after=since)]
