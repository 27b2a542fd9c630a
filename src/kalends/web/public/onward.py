"""Redirecting attendees after a booking, only ever to the page that its event type names."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from kalends.domain.ids import BOOKING, encode_id
from kalends.services.self_service import LinkedBooking


def onward_url(opened: LinkedBooking) -> str | None:
    """The event type's `redirect_url`, with the booking's id and status in its query."""
    if opened.event_type is None or opened.event_type.redirect_url is None or opened.is_over:
        return None
    parts = urlsplit(opened.event_type.redirect_url)
    booking = opened.booking
    added = urlencode({"booking_id": encode_id(BOOKING, booking.id), "status": booking.status})
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))
