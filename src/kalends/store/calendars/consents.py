"""Requested consents as rows, until they are given."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.consent import CalendarConsent
from kalends.store.database import TenantConnection
from kalends.store.rows import find_one, insert_into, is_so, select_from, struct_from

INSERT: Final = insert_into("calendar_consents", CalendarConsent)
BY_TOKEN: Final = select_from("calendar_consents", CalendarConsent, "token_hash = $2")
BY_STATE: Final = select_from("calendar_consents", CalendarConsent, "state_hash = $2")
# Only the first browser that opens the page may go on.
BIND: Final = """
UPDATE calendar_consents SET state_hash = $3, cookie_hash = $4
WHERE organization_id = $1 AND id = $2 AND used_at IS NULL AND expires_at > $5
    AND (cookie_hash IS NULL OR cookie_hash = $4)
RETURNING true
"""
USE: Final = """
UPDATE calendar_consents SET used_at = $3
WHERE organization_id = $1 AND id = $2 AND used_at IS NULL AND expires_at > $3
RETURNING true
"""


async def insert_consent(tenant: TenantConnection, consent: CalendarConsent) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(consent))


async def find_consent(tenant: TenantConnection, token_hash: bytes) -> CalendarConsent | None:
    return await find_one(tenant, BY_TOKEN, _consent_from, token_hash)


async def find_consent_of_state(
    tenant: TenantConnection, state_hash: bytes
) -> CalendarConsent | None:
    return await find_one(tenant, BY_STATE, _consent_from, state_hash)


async def bind_consent(
    tenant: TenantConnection,
    consent_id: UUID,
    state_hash: bytes,
    cookie_hash: bytes,
    now: datetime,
) -> bool:
    """Binds the consent to the browser with the cookie; False if it is bound to another one, was
    used, or has expired."""
    return await is_so(tenant, BIND, consent_id, state_hash, cookie_hash, now)


async def use_consent(tenant: TenantConnection, consent_id: UUID, now: datetime) -> bool:
    """Uses the consent, which works once; False if it was used before or has expired."""
    return await is_so(tenant, USE, consent_id, now)


def _consent_from(row: Any) -> CalendarConsent:
    return struct_from(CalendarConsent, row)
