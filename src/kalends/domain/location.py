"""Where a booking is, as far as its attendee may know."""

import re
import unicodedata
from typing import Final

from kalends.domain.booking import LocationType, Status

# Before, anybody with the link could come uninvited; after a cancellation it is of no use.
LINK_VISIBLE_IN: Final = frozenset({Status.CONFIRMED, Status.COMPLETED})
_WEB_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
# "Main street 1".
WORDS_OF_AN_ADDRESS: Final = 3
_NO_CALL: Final = frozenset({LocationType.IN_PERSON, LocationType.PHONE})


def is_video_link(location: str | None, location_type: str | None) -> bool:
    """Whether the location lets people into a call: that of a video call, whatever it says (a
    number and a password do, too), and any with a web address, unless the booking is in person
    (where it is a map) or by phone."""
    if not location:
        return False
    if location_type == LocationType.VIDEO:
        return True
    return location_type not in _NO_CALL and bool(_WEB_ADDRESS.search(location))


def is_address(location: str | None, location_type: str | None) -> bool:
    """Whether the attendee comes to a place that a map finds: a street with its number, or parts
    with commas; not "Room 3", and no link."""
    if not location or not is_in_person(location_type) or _WEB_ADDRESS.search(location):
        return False
    has_number = any(character.isdigit() for character in location)
    is_spelled_apart = len(location.split()) >= WORDS_OF_AN_ADDRESS
    is_ideographic = any(unicodedata.category(character) == "Lo" for character in location)
    return "," in location or (has_number and (is_spelled_apart or is_ideographic))


def is_in_person(location_type: str | None) -> bool:
    """Whether the attendee comes to a place: then its clock counts, wherever the attendee is."""
    return location_type == LocationType.IN_PERSON


def visible_location(status: str, location: str | None, location_type: str | None) -> str | None:
    """The location as the attendee sees it: a video link only once the booking is CONFIRMED,
    and of a CANCELLED one no more."""
    if status not in LINK_VISIBLE_IN and is_video_link(location, location_type):
        return None
    return location
