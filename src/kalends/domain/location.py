"""Locations of bookings: what kind of place one is, and when the attendee may see it."""

import re
import unicodedata
from typing import Final

from kalends.domain.booking import LocationType, Status

# Before the confirmation, anybody with the link could join uninvited; after a cancellation it is of
# no use.
LINK_VISIBLE_IN: Final = frozenset({Status.CONFIRMED, Status.COMPLETED})
_WEB_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
# "Main street 1".
WORDS_OF_AN_ADDRESS: Final = 3
_NO_CALL: Final = frozenset({LocationType.IN_PERSON, LocationType.PHONE})


def is_video_link(location: str | None, location_type: str | None) -> bool:
    """Whether the location lets people into a call. That is any location of a video call, since a
    number with a password does so, too, and any with a web address, unless the booking is in person
    (where the address is a map) or by phone."""
    if not location:
        return False
    if location_type == LocationType.VIDEO:
        return True
    return location_type not in _NO_CALL and bool(_WEB_ADDRESS.search(location))


def is_address(location: str | None, location_type: str | None) -> bool:
    """Whether the location looks like an address that a map can find: a street with a number, or
    parts with commas; not "Room 3", and no link."""
    if not location or not is_in_person(location_type) or _WEB_ADDRESS.search(location):
        return False
    has_number = any(character.isdigit() for character in location)
    is_spelled_apart = len(location.split()) >= WORDS_OF_AN_ADDRESS
    is_ideographic = any(unicodedata.category(character) == "Lo" for character in location)
    return "," in location or (has_number and (is_spelled_apart or is_ideographic))


def is_in_person(location_type: str | None) -> bool:
    """Whether the attendee comes to a place. Then its time zone counts, not the attendee's."""
    return location_type == LocationType.IN_PERSON


def visible_location(status: str, location: str | None, location_type: str | None) -> str | None:
    """The location as the attendee may see it; None for a video link unless the booking is
    CONFIRMED or COMPLETED."""
    if status not in LINK_VISIBLE_IN and is_video_link(location, location_type):
        return None
    return location
