"""The event log: what happened in an organization, in order."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.errors import Invalid
from kalends.domain.event import EventLine, LoggedEvent
from kalends.domain.ids import SCHEDULE, encode_id
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.outbox import events

LARGEST_PAGE_BYTES: Final = 4_000_000
# Beyond the number of any event.
NO_NUMBER: Final = 2**62


class LogPage(NamedTuple):
    """Events in order; whether there are more by now; and where to go on."""

    events: list[LoggedEvent]
    has_more: bool
    next_id: UUID | None


async def read_log(work: UnitOfWork, after: UUID | None, limit: int) -> LogPage:
    """Up to `limit` events after that one, or from the first; fewer where they are large, so that
    a page holds some 4 MB. Raises Invalid for an unknown one."""
    number = 0
    if after is not None:
        known = await events.find_event_number(work.tenant, after)
        if known is None:
            raise Invalid.field("after", "is no event of this organization")
        number = known
    logged = await events.list_events(work.tenant, number, limit + 1)
    page = logged[: min(limit, _count_within(logged, LARGEST_PAGE_BYTES))]
    return LogPage(page, len(logged) > len(page), page[-1].id if page else after)


async def list_latest(
    work: UnitOfWork, before: int | None, limit: int
) -> tuple[list[EventLine], bool]:
    """The latest events, or those before that number, the latest first; and whether there are
    earlier ones."""
    upto = NO_NUMBER if before is None else before
    listed = await events.list_latest_events(work.tenant, upto, limit + 1)
    return listed[:limit], len(listed) > limit


async def concern_caller(work: UnitOfWork, after: int, upto: int) -> bool:
    """Whether the events with the numbers from after the first to the second are about something
    that the caller sees."""
    only = work.caller.only_schedules
    if only is None:
        return True
    own = [encode_id(SCHEDULE, id_) for id_ in only]
    user_id = work.caller.require_user("stream")
    return await events.concern_user(work.tenant, (after, upto), user_id, own)


def _count_within(logged: Sequence[LoggedEvent], most_bytes: int) -> int:
    """How many of the first events have so many bytes together; one at least."""
    sizes = accumulate(
        len(bytes(event.data)) + len(bytes(event.previous or b"")) for event in logged
    )
    return max(1, sum(size <= most_bytes for size in sizes))
