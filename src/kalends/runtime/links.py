"""The links in mails: anybody with one may see and change one booking."""

import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.access import hash_of
from kalends.store.bookings import links
from kalends.store.database import TenantConnection

LINK_TOKEN_BYTES: Final = 24


async def create_link(tenant: TenantConnection, booking_id: UUID, now: datetime) -> str:
    """A new link to the booking, beside those there are; returns its token, which is not stored."""
    token = secrets.token_urlsafe(LINK_TOKEN_BYTES)
    await links.insert_link(tenant, hash_of(token), booking_id, now)
    return token
