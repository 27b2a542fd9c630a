"""How often an address may try something on the pages, beside what it may book.

These are generous and hold for all processes to within a second; what counts exactly are
bookings (`services/booking_pages`).
"""

import hashlib
from enum import Enum

from kalends.web.pages.request import PageRequest


class PageAction(Enum):
    """What is tried, and how many times as often as an address may book in a minute."""

    HOLD = 3
    BOOKING = 6
    LINK = 9


def count_attempt(request: PageRequest, attempt: PageAction) -> None:
    """Raises RateLimited. The address is counted under its hash, and not stored."""
    address = hashlib.sha256(request.address.encode()).hexdigest()
    limit = request.page_context.limits.address * attempt.value
    request.count_or_refuse(f"page {attempt.name.lower()} {address}", limit)
