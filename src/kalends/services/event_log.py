"""Reading the event log of an organization, in order."""

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
# Higher than the number of any event.
NO_NUMBER: Final = 2**62


class LogPage(NamedTuple):
    """Events in order, whether there are more, and the id after which to continue."""

    events: list[LoggedEvent]
    has_more: bool
    next_id: UUID | None


async def read_log(work: UnitOfWork, after: UUID | None, limit: int) -> LogPage:
    """Up to `limit` events after that one, or from the first event on. Fewer if they are large, so
    that a page has about 4 MB at most. Raises Invalid for an unknown event."""
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
    """The latest events, or the latest before that number, in descending order; and whether there
    are earlier ones."""
    upto = NO_NUMBER if before is None else before
    listed = await events.list_latest_events(work.tenant, upto, limit + 1)
    return listed[:limit], len(listed) > limit


async def concern_caller(work: UnitOfWork, after: int, upto: int) -> bool:
    """Whether any event with a number above `after`, up to `upto`, is about something that the
    caller sees."""
    only = work.caller.only_schedules
    if only is None:
        return True
    own = [encode_id(SCHEDULE, id_) for id_ in only]
    user_id = work.caller.require_user("stream")
    return await events.concern_user(work.tenant, (after, upto), user_id, own)


def _count_within(logged: Sequence[LoggedEvent], most_bytes: int) -> int:
    """How many events from the first on fit into so many bytes together; at least one."""
    sizes = accumulate(
        len(bytes(event.data)) + len(bytes(event.previous or b"")) for event in logged
    )
    return max(1, sum(size <= most_bytes for size in sizes))
