"""Account links (password resets and invitations) as rows; only the SHA-256 of a token is stored.

Users do not belong to a single organization, so links are found by their token.
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
    """Writes a link; `lasts` is from when until when it works."""
    await tx.execute(INSERT, token_hash, user_id, purpose.value, organization_id, *lasts)


async def find_link(
    tx: Tx, token_hash: bytes, purpose: Purpose, now: datetime
) -> AccountLink | None:
    """The link, unless it was used or has expired."""
    row = await tx.fetchrow(FIND, token_hash, purpose.value, now)
    return None if row is None else AccountLink(*row)


async def take_link(tx: Tx, token_hash: bytes, purpose: Purpose, now: datetime) -> UUID | None:
    """Uses up the link and returns its user; None if it was used before or has expired."""
    user_id: UUID | None = await tx.fetchval(TAKE, token_hash, purpose.value, now)
    return user_id


async def count_links(tx: Tx, user_id: UUID, purpose: Purpose, now: datetime) -> int:
    """How many links of the user can still be used."""
    count: int = await tx.fetchval(COUNT, user_id, purpose.value, now)
    return count


async def delete_links(tx: Tx, user_id: UUID, purpose: Purpose) -> None:
    await tx.execute(DELETE, user_id, purpose.value)
