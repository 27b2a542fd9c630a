"""Limits on how often an address may try something on the pages, beside the limit of bookings.

They are generous, and all processes share them with a delay of up to a second. Only bookings are
counted exactly (`services/booking_pages`).
"""

import hashlib
from enum import Enum

from kalends.web.pages.request import PageRequest


class PageAction(Enum):
    """What is tried. The value is how many times as often as a booking it may be, per minute."""

    HOLD = 3
    BOOKING = 6
    LINK = 9


def count_attempt(request: PageRequest, attempt: PageAction) -> None:
    """Counts an attempt of the request's address, of which only a hash is stored. Raises
    RateLimited."""
    address = hashlib.sha256(request.address.encode()).hexdigest()
    limit = request.page_context.limits.address * attempt.value
    request.count_or_refuse(f"page {attempt.name.lower()} {address}", limit)
