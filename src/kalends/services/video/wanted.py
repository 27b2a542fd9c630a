"""Decides the wanted state of a link from the bookings that it is for. Pure."""

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
    """The link stays as it is."""


class WantedLink(Struct, frozen=True):
    """The wanted meeting, and the bookings that are to have its link."""

    meeting: Meeting
    bookings: Sequence[Booking]


Wanted: TypeAlias = WantedLink | KeepLink | None


class Surroundings(Struct, frozen=True):
    """What a decision about a link depends on: all bookings of its subject, the locations that a
    link may replace (the event type's, and earlier links), and whether the event type has seats."""

    organization_id: UUID
    booked: Sequence[Booking]
    own_places: Collection[str | None]
    has_seats: bool
    now: datetime


def wanted_link(link: VideoLink, around: Surroundings) -> Wanted:
    """What the link is to be: a meeting, as it is (KeepLink), or removed (None). A location that
    somebody entered by hand is left alone, and needs no link."""
    taking = [b for b in around.booked if b.schedule_id == link.schedule_id and not b.conflict]
    live = [
        b for b in taking if b.status == Status.CONFIRMED and is_own(b.location, around.own_places)
    ]
    is_pending = any(b.status == Status.PENDING and b.location == link.url for b in taking)
    if not live and (is_pending or any(b.status in OVER for b in taking)):
        return KeepLink()
    if not live or around.has_seats != (link.booking_id is None):
        return None
    if max(b.end_time for b in live) <= around.now:
        return KeepLink()
    return WantedLink(meeting_of(link, live[0], around.organization_id), live)


def is_own(location: str | None, own_places: Collection[str | None]) -> bool:
    """Whether a link may replace that location."""
    return location is None or location in own_places


def meeting_of(link: VideoLink, booking: Booking, organization_id: UUID) -> Meeting:
    """What a provider is told about the booking; nothing about its attendee."""
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
    """The key of the link's meeting in this generation: the same for each try, and unique."""
    named = (organization_id.bytes, link.subject_id.bytes, link.schedule_id.bytes)
    whole = b"".join((*named, link.generation.to_bytes(4, "big")))
    return hashlib.sha256(whole).hexdigest()[:32]


def digest_of(meeting: Meeting) -> bytes:
    """The hash of what a provider is told about the meeting, independent of its key."""
    return hashlib.sha256(json.encode(structs.replace(meeting, key=""))).digest()[:16]
