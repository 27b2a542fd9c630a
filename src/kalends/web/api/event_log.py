"""`/api/v1/event-log`: the events of the organization, in order."""

from typing import Annotated, Final

from msgspec import Raw, Struct

from kalends.domain import ids
from kalends.domain.actor import actor_of
from kalends.domain.errors import Invalid
from kalends.domain.event import LoggedEvent
from kalends.domain.scopes import Scope
from kalends.formats.described import about
from kalends.formats.events import EventBody, event_json
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import event_log
from kalends.web.http.answers import data_with_meta
from kalends.web.http.call import Call
from kalends.web.http.request_models import Limit, RequestModel
from kalends.web.http.routes import Resource, Route, Scopes


class EventLogQuery(RequestModel, frozen=True):
    after: Annotated[str, about("Only events after this one. Default: from the first.")] | None = (
        None
    )
    limit: Limit = 50


class LogMeta(Struct, frozen=True):
    """Where the page stands in the log."""

    limit: int
    hasMore: bool  # noqa: N815  (the WebKasa spelling)
    next: Annotated[
        str | None,
        about(
            "What to give as `after` for the next page: the last event on this one, or the "
            "`after` of this request if nothing has happened since."
        ),
    ]


class EventList(Struct, frozen=True):
    data: list[EventBody]
    meta: LogMeta


async def read_event_log(call: Call) -> HttpAnswer:
    """Read the event log

    What happened to bookings, oldest first, with the same bodies as webhooks. A reader that
    continues from `meta.next` misses nothing, not even changes that were under way while it read.
    Pages are limited to some 4 MB, so a page of large events may hold fewer than `limit`. Nothing
    is pushed: ask again after a while.
    """
    query = call.query(EventLogQuery)
    after = None
    if query.after is not None:
        after = ids.decode_id(ids.EVENT, query.after)
        if after is None:
            raise Invalid.field("after", "is no event of this organization")
    page = await call.read(event_log.read_log, after, query.limit)
    meta = LogMeta(query.limit, page.has_more, ids.encode_id_or_none(ids.EVENT, page.next_id))
    return data_with_meta([event_body(event) for event in page.events], meta)


def event_body(event: LoggedEvent) -> Raw:
    return Raw(
        event_json(
            event.id,
            event.type,
            event.created_at,
            event.data,
            event.previous,
            actor_of(event.actor, event.actor_name),
            event.override,
        )
    )


_call = Resource("Event log", "/api/v1/event-log", Scopes(Scope.BOOKINGS_READ, Scope.BOOKINGS_READ))

ROUTES: Final[tuple[Route, ...]] = (
    _call("GET", read_event_log, {200: EventList}, query=EventLogQuery),
)
