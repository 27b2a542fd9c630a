"""Feeds: the bookings of a schedule as an iCalendar file at a secret URL, for calendar programs to
subscribe to."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final, NamedTuple
from uuid import UUID

from kalends import __version__
from kalends.domain.access import hash_of
from kalends.domain.errors import NotFound
from kalends.domain.ids import SCHEDULE
from kalends.domain.tenant_tokens import TokenKey, key_of, new_tenant_token
from kalends.formats.icalendar.feeds import Feed, pieces_of_feed
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.unit_of_work import Context, UnitOfWork, require
from kalends.scheduling.booking_requests import check_schedule_seen
from kalends.store.accounts.organizations import find_organization
from kalends.store.availability.event_types import find_event_types_of_bookings
from kalends.store.availability.schedules import find_schedule
from kalends.store.bookings import feeds
from kalends.store.database import TenantConnection, Tx

FEED_REACHES_BACK: Final = timedelta(days=30)
FEED_REACHES_AHEAD: Final = timedelta(days=366)
# Lines hashed for the tag before other tasks run.
LINES_A_PIECE: Final = 1_000


class MadeFeed(NamedTuple):
    """A new feed with its token, of which only the hash is stored."""

    token: str
    created_at: datetime


class ReadFeed(NamedTuple):
    """A feed that was read. The tag (for `ETag`) identifies its state: it changes with anything
    that is shown, and with the version of Kalends."""

    feed: Feed
    tag: str
    changed_at: datetime

    async def as_ics(self) -> bytes:
        """The iCalendar file, written in pieces: a thousand bookings take some 75 ms of CPU."""
        return b"".join([piece async for piece in cooperatively(pieces_of_feed(self.feed))])


async def replace_feed(work: UnitOfWork, schedule_id: UUID) -> MadeFeed:
    """Gives the schedule's feed a new URL; the former one stops working. A feed that a user made
    ends when the schedule gets another user, or the user leaves the organization.

    Raises NotFound.
    """
    await _check_schedule(work, schedule_id)
    token = new_tenant_token(work.organization_id)
    made = feeds.NewFeed(hash_of(token), work.recorded_at, work.caller.user_id)
    await feeds.replace_feed(work.tenant, schedule_id, made)
    return MadeFeed(token, work.recorded_at)


async def find_feed(work: UnitOfWork, schedule_id: UUID) -> datetime | None:
    """Since when the schedule has a feed; None if it has none. Raises NotFound."""
    await _check_schedule(work, schedule_id)
    return await feeds.find_feed(work.tenant, schedule_id)


async def delete_feed(work: UnitOfWork, schedule_id: UUID) -> UUID:
    """Ends the feed of the schedule. Raises NotFound, also if there is none."""
    await _check_schedule(work, schedule_id)
    if not await feeds.delete_feed(work.tenant, schedule_id):
        raise NotFound("This schedule has no feed.")
    return schedule_id


async def read_feed(context: Context, token: str) -> ReadFeed:
    """The feed with that token, from a month ago to a year ahead, with at most 20,000 bookings and
    20,000 busy times. Raises NotFound."""
    async with context.database.transaction() as tx:
        return await _read(context, tx, key_of(token))


async def _read(context: Context, tx: Tx, key: TokenKey) -> ReadFeed:
    """Reads the feed in one transaction. Raises NotFound."""
    opened = await feeds.find_feed_of_token(tx, key)
    if opened is None:
        raise NotFound("There is no calendar at this address.")
    organization_id, schedule_id, created_at = opened
    now = context.clock()
    tenant = TenantConnection(organization_id, tx)
    place = (tenant, schedule_id, (now - FEED_REACHES_BACK, now + FEED_REACHES_AHEAD))
    organization = await find_organization(tenant)
    schedule = await find_schedule(tenant, schedule_id)
    if organization is None or schedule is None:
        raise NotFound("There is no calendar at this address.")
    bookings = [b async for piece in feeds.read_bookings_of_feed(*place) for b in piece]
    event_type_ids = list({b.event_type_id for b in bookings if b.event_type_id})
    feed = Feed(
        organization=organization,
        schedule=schedule,
        bookings=bookings,
        event_types=await find_event_types_of_bookings(tenant, event_type_ids),
        busy_times=[b async for piece in feeds.read_busy_times_of_feed(*place) for b in piece],
        sender=context.gateways.sender,
    )
    return ReadFeed(feed, await tag_of(feed), max(created_at, _changed_at(feed)))


async def tag_of(feed: Feed) -> str:
    """The hash that identifies this state of the feed."""
    digest = hashlib.sha256()
    async for part in cooperatively(_parts_of_tag(feed)):
        digest.update(part.encode())
    return digest.hexdigest()[:32]


def _parts_of_tag(feed: Feed) -> Iterator[str]:
    """The text from which the tag is computed, in parts of a bounded size."""
    yield "\n".join([__version__, feed.sender, feed.organization.name, feed.schedule.name])
    lines = chain(
        (f"\n{booking.id} {booking.version}" for booking in feed.bookings),
        sorted(
            f"\n{event_type.id} {event_type.version}" for event_type in feed.event_types.values()
        ),
        (f"\n{busy.id}" for busy in feed.busy_times),
    )
    while part := "".join(islice(lines, LINES_A_PIECE)):
        yield part


def _changed_at(feed: Feed) -> datetime:
    return max(
        feed.organization.updated_at,
        feed.schedule.updated_at,
        *(booking.updated_at for booking in feed.bookings),
        *(event_type.updated_at for event_type in feed.event_types.values()),
        *(busy.created_at for busy in feed.busy_times),
    )


async def _check_schedule(work: UnitOfWork, schedule_id: UUID) -> None:
    check_schedule_seen(work.caller, schedule_id)
    schedule = await find_schedule(work.tenant, schedule_id)
    require(schedule, SCHEDULE, schedule_id)
