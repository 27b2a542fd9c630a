"""What there is to be of a link, by the bookings that it is for: pure."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.booking import Booking, Status
from kalends.domain.ids import BOOKING, SCHEDULE, encode_id
from kalends.domain.video import Meeting, VideoLink

OVER = (Status.COMPLETED, Status.NO_SHOW)


class KeepLink(Struct, frozen=True):
    """What is there stays as it is."""


class WantedLink(Struct, frozen=True):
    """A meeting, and the bookings that are to have its link."""

    meeting: Meeting
    bookings: Sequence[Booking]


Wanted: TypeAlias = WantedLink | KeepLink | None


class Surroundings(Struct, frozen=True):
    """What decides beside a link: all bookings of its subject, the organization, places that may be
    replaced by a link (the event type's, and links of ours), and whether it has seats."""

    organization_id: UUID
    booked: Sequence[Booking]
    own_places: Collection[str | None]
    has_seats: bool
    now: datetime


def wanted_link(link: VideoLink, around: Surroundings) -> Wanted:
    """A place that somebody has written down by hand is left alone, and needs no link."""
    taking = [
        one for one in around.booked if one.schedule_id == link.schedule_id and not one.conflict
    ]
    live = [
        one
        for one in taking
        if one.status == Status.CONFIRMED and is_own(one.location, around.own_places)
    ]
    is_pending = any(one.status == Status.PENDING and one.location == link.url for one in taking)
    if not live and (is_pending or any(one.status in OVER for one in taking)):
        return KeepLink()
    if not live or around.has_seats != (link.booking_id is None):
        return None
    if max(one.end_time for one in live) <= around.now:
        return KeepLink()
    return WantedLink(meeting_of(link, live[0], around.organization_id), live)


def is_own(location: str | None, own_places: Collection[str | None]) -> bool:
    """Whether a link may take the place of that one."""
    return location is None or location in own_places


def meeting_of(link: VideoLink, booking: Booking, organization_id: UUID) -> Meeting:
    """What a provider is told: nothing of attendees."""
    return Meeting(
        key=key_of(link, organization_id),
        topic=booking.title or "",
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        timezone=booking.timezone,
        booking_id=None if link.booking_id is None else encode_id(BOOKING, link.booking_id),
        schedule_id=encode_id(SCHEDULE, link.schedule_id),
    )


def key_of(link: VideoLink, organization_id: UUID) -> str:
    """The same for each try to make the link, and of no other."""
    named = (organization_id.bytes, link.subject_id.bytes, link.schedule_id.bytes)
    whole = b"".join((*named, link.generation.to_bytes(4, "big")))
    return hashlib.sha256(whole).hexdigest()[:32]


def digest_of(meeting: Meeting) -> bytes:
    """Of what a provider was told of it, whichever link it has."""
    return hashlib.sha256(json.encode(structs.replace(meeting, key=""))).digest()[:16]
