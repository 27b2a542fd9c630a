"""Self-service: what attendees do by the links in their mail: see, cancel and move a booking.

A link gives access to one booking. It can change the booking until that is over, or until the
notice of its event type begins; after that it still shows it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, json

from kalends.availability.wallclock import Zone
from kalends.domain.access import Organization
from kalends.domain.actor import ATTENDEE
from kalends.domain.booking import MOVABLE, Booking, Status, changeable_until
from kalends.domain.errors import NotFound, Refused, Stale, TooLateToChange, Unavailable
from kalends.domain.event_type import EventType
from kalends.domain.location import is_in_person, visible_location
from kalends.domain.tenant_tokens import key_of
from kalends.domain.values import Instant
from kalends.domain.video import VideoState
from kalends.formats.bookings import VideoOfBooking
from kalends.formats.times import known_zone
from kalends.runtime import unit_of_work
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, UseCase
from kalends.scheduling.booking_changes import (
    BookingChanges,
    Cancellation,
    cancel_booking,
    get_changeable,
    update_booking,
)
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.scheduling.slots import ListedSlots, SlotRange, find_slots, load_slots
from kalends.store.accounts.organizations import find_organization
from kalends.store.availability.event_types import find_event_type_of
from kalends.store.availability.schedules import find_photos, find_zone_name
from kalends.store.bookings import links
from kalends.store.bookings.bookings import find_booking
from kalends.store.database import TenantConnection, Tx

# Each further attempt means that somebody else has changed the same booking meanwhile.
CHANGE_ATTEMPTS: Final = 10
LINK_UNKNOWN: Final = (
    "This link opens nothing. Please use the one in the latest mail about your booking."
)


class LinkedBooking(Struct, frozen=True, kw_only=True):
    """A booking as its link shows it. `event_type` may have been deleted since. `place_zone` is the
    name of its first schedule's zone."""

    organization: Organization
    booking: Booking
    event_type: EventType | None
    now: Instant
    place_zone: str | None = None
    # Paths of the hosts' photos, by schedule.
    photos: Mapping[UUID, str] = {}

    @property
    def fixed_zone(self) -> Zone | None:
        """The zone in which everybody sees its times; None if each reader sees their own zone."""
        if not is_in_person(self.booking.location_type):
            return None
        return known_zone(self.place_zone, self.booking.timezone)

    @property
    def changeable_until(self) -> datetime:
        return self.changeable_until_at(self.booking.start_time)

    @property
    def location(self) -> str | None:
        """The location, as far as the attendee may see it now."""
        booking = self.booking
        return visible_location(booking.status, booking.location, booking.location_type)

    @property
    def waits_for_link(self) -> bool:
        """Whether the link to its call is still being made."""
        video = self.booking.video
        if video is None or self.location or self.booking.status is not Status.CONFIRMED:
            return False
        return json.decode(video, type=VideoOfBooking).state is VideoState.WAITING

    def changeable_until_at(self, starts_at: datetime) -> datetime:
        """Until when it could be changed by link if it started then, whether or not it is over."""
        if self.booking.needs_new_time:
            # An attendee who is asked to choose another time may do so until the end of this one.
            return starts_at + (self.booking.end_time - self.booking.start_time)
        notice = self.event_type.cancellation_notice_minutes if self.event_type else None
        return changeable_until(starts_at, notice)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, by time or by status."""
        return self.booking.status not in MOVABLE or self.booking.end_time <= self.now

    @property
    def has_begun(self) -> bool:
        return self.booking.start_time <= self.now

    @property
    def may_change(self) -> bool:
        """Whether it can still be cancelled and moved by link."""
        return not self.is_over and self.now <= self.changeable_until

    @property
    def version(self) -> IfMatch:
        """The version that was read, as the only one in which it may be changed."""
        return frozenset({self.booking.version})

    @property
    def caller(self) -> Caller:
        """The attendee as the caller. Without scopes: the link permits changes of this booking
        only.
        """
        return Caller(
            organization_id=self.organization.id,
            mode=self.organization.mode,
            actor=ATTENDEE,
            scopes=[],
            source="page",
        )

    def check_may_change(self) -> None:
        """Raises TooLateToChange."""
        if self.is_over:
            raise TooLateToChange("This booking is over. It can no longer be changed.")
        if not self.may_change:
            why = "it has begun" if self.has_begun else "it starts too soon"
            raise TooLateToChange(
                f"It is too late to change this booking here: {why}. Please get in touch with "
                f"{self.organization.name}."
            )


async def open_link(context: Context, token: str) -> LinkedBooking:
    """The booking behind the link, also when it is over. Changes nothing. Raises NotFound."""
    async with context.database.connection() as tx:
        return await _open(context, tx, token)


async def list_slots_by_link(context: Context, token: str, slot_range: SlotRange) -> ListedSlots:
    """The slots to which the booking may move, from now on. Raises NotFound, TooLateToChange,
    Inactive, Invalid."""
    opened = await open_link(context, token)
    opened.check_may_change()
    purpose = SlotPurpose(booking_id=opened.booking.id)
    loaded = await unit_of_work.read(context, opened.caller, load_slots, purpose, slot_range)
    return await find_slots(loaded)


async def cancel_by_link(
    context: Context, token: str, reason: str | None, seen_version: int | None = None
) -> LinkedBooking:
    """Cancels the booking; one that is cancelled already stays as it is.

    `seen_version` is the version that the page showed, if that is known. Raises NotFound,
    TooLateToChange, and Stale if the booking has another version now.
    """

    async def cancel(work: UnitOfWork, opened: LinkedBooking) -> Booking:
        booking = await get_changeable(work, opened.booking.id, opened.version)
        return await cancel_booking(work, booking, Cancellation(reason=reason))

    def is_cancelled(opened: LinkedBooking) -> bool:
        return opened.booking.status == Status.CANCELLED

    return await _change(context, token, seen_version, is_cancelled, cancel)


async def reschedule_by_link(
    context: Context, token: str, starts_at: datetime, seen_version: int | None = None
) -> LinkedBooking:
    """Moves the booking, which keeps its length; does nothing if it starts at that time already.

    `seen_version` is the version that the page showed, if that is known. Raises NotFound,
    TooLateToChange, Stale, Refused (also for a time in the past), SlotTaken.
    """

    async def move(work: UnitOfWork, opened: LinkedBooking) -> Booking:
        if starts_at <= work.now:
            raise Refused("TOO_SHORT_NOTICE", "This time is past. Please choose another.")
        booking = await get_changeable(work, opened.booking.id, opened.version)
        return await update_booking(work, booking, BookingChanges(start_time=starts_at))

    def is_there(opened: LinkedBooking) -> bool:
        return opened.booking.start_time == starts_at and not opened.is_over

    return await _change(context, token, seen_version, is_there, move)


async def _change(
    context: Context,
    token: str,
    seen_version: int | None,
    is_done: Callable[[LinkedBooking], bool],
    change: UseCase[[LinkedBooking], Booking],
) -> LinkedBooking:
    """Decides on the version that was read, and starts again if the booking has changed before it
    is written. So of two equal requests at once, one changes the booking and the other finds it
    done."""
    for _ in range(CHANGE_ATTEMPTS):
        opened = await open_link(context, token)
        if is_done(opened):
            return opened
        opened.check_may_change()
        if seen_version is not None and seen_version != opened.booking.version:
            raise Stale("This booking was changed meanwhile. Please look at it again.")
        try:
            await unit_of_work.change(context, opened.caller, change, opened)
        except Stale:
            continue
        return await open_link(context, token)
    raise Unavailable("Too many changes at once on this booking. Please try again.")


async def _open(context: Context, tx: Tx, token: str) -> LinkedBooking:
    linked = await links.find_link(tx, key_of(token))
    if linked is None:
        raise NotFound(LINK_UNKNOWN)
    organization_id, booking_id = linked
    tenant = TenantConnection(organization_id, tx)
    organization = await find_organization(tenant)
    booking = await find_booking(tenant, booking_id)
    if organization is None or booking is None:
        raise NotFound(LINK_UNKNOWN)
    return LinkedBooking(
        organization=organization,
        booking=booking,
        event_type=await find_event_type_of(tenant, booking),
        now=context.clock(),
        place_zone=await find_zone_name(tenant, booking.schedule_id),
        photos=await find_photos(tenant, [host.schedule_id for host in booking.hosts]),
    )
