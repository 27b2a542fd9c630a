"""Booking links, as mailed to attendees: whoever has one may see and change that booking."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kalends.domain.access import hash_of
from kalends.domain.tenant_tokens import new_tenant_token
from kalends.store.bookings import links
from kalends.store.database import TenantConnection


class NewLink(NamedTuple):
    """A new link, not stored yet; only the hash of its token ever is."""

    token: str
    token_hash: bytes


def make_link(organization_id: UUID) -> NewLink:
    token = new_tenant_token(organization_id)
    return NewLink(token, hash_of(token))


async def create_link(tenant: TenantConnection, booking_id: UUID, now: datetime) -> str:
    """Stores a new link to the booking, beside existing ones, and returns its token."""
    link = make_link(tenant.organization_id)
    await links.insert_link(tenant, link.token_hash, booking_id, now)
    return link.token
