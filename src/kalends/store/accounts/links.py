"""Links to accounts, as rows; only the SHA-256 of a token is kept.

A user belongs to no organization alone, so these are found by their token.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.account_link import AccountLink, Purpose
from kalends.store.database import Tx

INSERT: Final = """
INSERT INTO account_links (token_hash, user_id, purpose, organization_id, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
FIND: Final = """
SELECT u.id, u.email, l.organization_id, u.password_hash IS NOT NULL, l.expires_at
FROM account_links l JOIN users u ON u.id = l.user_id
WHERE l.token_hash = $1 AND l.purpose = $2 AND l.expires_at > $3
"""
TAKE: Final = """
DELETE FROM account_links WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3
RETURNING user_id
"""
COUNT: Final = """
SELECT count(*) FROM account_links WHERE user_id = $1 AND purpose = $2 AND expires_at > $3
"""
DELETE: Final = "DELETE FROM account_links WHERE user_id = $1 AND purpose = $2"


async def insert_link(
    tx: Tx,
    token_hash: bytes,
    user_id: UUID,
    purpose: Purpose,
    organization_id: UUID | None,
    lasts: tuple[datetime, datetime],
) -> None:
    """`lasts` is from when until when."""
    await tx.execute(INSERT, token_hash, user_id, purpose.value, organization_id, *lasts)


async def find_link(
    tx: Tx, token_hash: bytes, purpose: Purpose, now: datetime
) -> AccountLink | None:
    """The link, unless it was used or has expired."""
    row = await tx.fetchrow(FIND, token_hash, purpose.value, now)
    return None if row is None else AccountLink(*row)


async def take_link(tx: Tx, token_hash: bytes, purpose: Purpose, now: datetime) -> UUID | None:
    """Uses the link up and returns its user; None for a second use, or one too late."""
    user_id: UUID | None = await tx.fetchval(TAKE, token_hash, purpose.value, now)
    return user_id


async def count_links(tx: Tx, user_id: UUID, purpose: Purpose, now: datetime) -> int:
    """How many of the user's links could be used."""
    count: int = await tx.fetchval(COUNT, user_id, purpose.value, now)
    return count


async def delete_links(tx: Tx, user_id: UUID, purpose: Purpose) -> None:
    await tx.execute(DELETE, user_id, purpose.value)
