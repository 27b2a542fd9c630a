"""Sign-in sessions as rows; only the SHA-256 of a token is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.access import User
from kalends.store.accounts.users import user_from
from kalends.store.database import Tx

# A session belongs to a user and not to an organization.
FIND_USER: Final = """
SELECT u.id, u.email, u.created_at, u.locale, u.timezone
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = $1 AND s.expires_at > $2
"""
LATEST: Final = """
SELECT user_id, max(created_at) FROM sessions WHERE user_id = ANY($1::uuid[]) GROUP BY user_id
"""
INSERT: Final = """
INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)
"""
DELETE: Final = "DELETE FROM sessions WHERE token_hash = $1"
DELETE_ALL: Final = "DELETE FROM sessions WHERE user_id = $1"
FORGET_EXPIRED: Final = "DELETE FROM sessions WHERE user_id = $1 AND expires_at <= $2"


async def find_signed_in_user(tx: Tx, token_hash: bytes, now: datetime) -> User | None:
    """The user of the session, unless that has expired."""
    row = await tx.fetchrow(FIND_USER, token_hash, now)
    return None if row is None else user_from(row)


async def find_last_sign_ins(tx: Tx, user_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the latest session of each user began; users without a session are left out."""
    return dict(await tx.fetch(LATEST, user_ids))


async def insert_sign_in_session(
    tx: Tx, token_hash: bytes, user_id: UUID, now: datetime, expires_at: datetime
) -> None:
    await tx.execute(INSERT, token_hash, user_id, now, expires_at)


async def delete_sign_in_session(tx: Tx, token_hash: bytes) -> None:
    """Ends the session, if there is one."""
    await tx.execute(DELETE, token_hash)


async def delete_sign_in_sessions_of(tx: Tx, user_id: UUID) -> None:
    """Ends all sessions of the user."""
    await tx.execute(DELETE_ALL, user_id)


async def delete_expired_sign_in_sessions(tx: Tx, user_id: UUID, now: datetime) -> None:
    await tx.execute(FORGET_EXPIRED, user_id, now)
