"""`/api/v1/schedules/{id}/feed`: the calendar feed of a schedule, which has a secret URL."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from msgspec import Struct

from kalends.domain import ids
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import feeds
from kalends.services.feeds import MadeFeed
from kalends.web.http.answers import DataOf, data, deleted
from kalends.web.http.call import Call
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route


class FeedBody(Struct, frozen=True):
    """Whether a schedule has a feed; its address is shown only once, when it is made."""

    exists: Annotated[bool, about("Whether there is a feed.")]
    created_at: Annotated[
        datetime | None, about("When its address was made; null if there is no feed.")
    ]


class CreatedFeedBody(Struct, frozen=True):
    """A feed that was just made."""

    url: Annotated[
        str,
        about(
            "The address to subscribe to. It is shown only now, and anybody who has it can read "
            "the calendar.",
            "https://book.example.com/feeds/nTzG1bV0yQ8mW3rKqX5cLd7aPfE2hJ4s.ics",
        ),
    ]
    created_at: datetime


async def get_feed(call: Call) -> HttpAnswer:
    """Get whether a schedule has a calendar feed

    The feed's secret address is not shown here: only the call that makes it shows it, once.
    """
    created_at = await call.read(feeds.find_feed, call.id(ids.SCHEDULE))
    return data(FeedBody(exists=created_at is not None, created_at=created_at))


async def create_feed(call: Call) -> HttpAnswer:
    """Make or replace the calendar feed of a schedule

    Answers with the secret address of the schedule's calendar (iCalendar, RFC 5545), to which any
    calendar program can subscribe; an address that was made before stops working. It is the
    owner's calendar: it shows bookings with the attendee's name, e-mail address, phone and notes,
    and busy times as `Busy`, from 30 days back to 366 days ahead, in UTC, at most the first
    20,000 of each kind. PENDING bookings appear as TENTATIVE, CONFIRMED and COMPLETED ones as
    CONFIRMED; CANCELLED and NO_SHOW ones are left out, so calendar programs remove them. `GET` of
    the address needs no key and takes `If-None-Match`.
    """
    schedule_id = call.id(ids.SCHEDULE)
    return await call.change(partial(_made, call.origin), feeds.replace_feed, schedule_id)


async def delete_feed(call: Call) -> HttpAnswer:
    """Revoke the calendar feed of a schedule

    Its address stops working. 404 if there is no feed.
    """
    return await call.change(
        partial(deleted, ids.SCHEDULE), feeds.delete_feed, call.id(ids.SCHEDULE)
    )


def _made(origin: str, feed: MadeFeed) -> HttpAnswer:
    return data(CreatedFeedBody(f"{origin}/feeds/{feed.token}.ics", feed.created_at), 201)


_call = Resource("Schedules", "/api/v1/schedules/{id}/feed", BOOKING_SCOPES, item="")

ROUTES: Final[tuple[Route, ...]] = (
    _call.get(get_feed, FeedBody),
    _call("POST", create_feed, {201: DataOf[CreatedFeedBody]}),
    _call.delete(delete_feed),
)
