"""The event log: what happened in an organization, in order."""

from typing import NamedTuple
from uuid import UUID

from kalends.domain.errors import Invalid
from kalends.domain.event import LoggedEvent
from kalends.services.work import Work
from kalends.store import events


class LogPage(NamedTuple):
    """Events in order; whether there are more by now; and where to go on."""

    events: list[LoggedEvent]
    has_more: bool
    next_id: UUID | None


async def read_log(work: Work, after: UUID | None, limit: int) -> LogPage:
    """Up to `limit` events after that one, or from the first. Raises Invalid for an unknown one."""
    number = 0
    if after is not None:
        known = await events.find_event_number(work.organization_id, work.tx, after)
        if known is None:
            raise Invalid.field("after", "is no event of this organization")
        number = known
    found = await events.list_events(work.organization_id, work.tx, number, limit + 1)
    page = found[:limit]
    return LogPage(page, len(found) > limit, page[-1].id if page else after)
