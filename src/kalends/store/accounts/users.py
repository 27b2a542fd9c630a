"""Users as rows; each mail address is one user of the installation."""

from typing import Any, Final
from uuid import UUID

from kalends.domain.access import User
from kalends.store.database import Tx

BY_EMAIL: Final = """
SELECT id, email, created_at, locale, timezone, password_hash FROM users
WHERE lower(email) = lower($1)
"""
BY_ID: Final = "SELECT id, email, created_at, locale, timezone FROM users WHERE id = $1"
INSERT: Final = "INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4)"
SET_PASSWORD: Final = "UPDATE users SET password_hash = $2 WHERE id = $1"
SET_FIRST_PASSWORD: Final = """
UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash IS NULL
RETURNING id, email, created_at, locale, timezone
"""
SET_LOCALE: Final = "UPDATE users SET locale = $2 WHERE id = $1"
SET_ZONE: Final = "UPDATE users SET timezone = $2 WHERE id = $1"
# FOR SHARE, so that a change of the password waits, and then ends the session that has begun.
KEEP_PASSWORD: Final = "SELECT 1 FROM users WHERE id = $1 AND password_hash = $2 FOR SHARE"


async def find_user(tx: Tx, email: str) -> tuple[User, str | None] | None:
    """The user and the hash of the password, which is None until an invited user has set one."""
    row = await tx.fetchrow(BY_EMAIL, email)
    return None if row is None else (user_from(row), row["password_hash"])


async def find_user_by_id(tx: Tx, user_id: UUID) -> User | None:
    row = await tx.fetchrow(BY_ID, user_id)
    return None if row is None else user_from(row)


async def insert_user(tx: Tx, user: User, password_hash: str | None) -> None:
    await tx.execute(INSERT, user.id, user.email, password_hash, user.created_at)


async def set_password(tx: Tx, user_id: UUID, password_hash: str) -> None:
    await tx.execute(SET_PASSWORD, user_id, password_hash)


async def set_first_password(tx: Tx, user_id: UUID, password_hash: str) -> User | None:
    """Sets the password and returns the user; None, without a change, if there is one already."""
    row = await tx.fetchrow(SET_FIRST_PASSWORD, user_id, password_hash)
    return None if row is None else user_from(row)


async def set_locale(tx: Tx, user_id: UUID, locale: str | None) -> None:
    await tx.execute(SET_LOCALE, user_id, locale)


async def set_zone(tx: Tx, user_id: UUID, zone_name: str | None) -> None:
    await tx.execute(SET_ZONE, user_id, zone_name)


async def keep_password(tx: Tx, user_id: UUID, password_hash: str | None) -> bool:
    """Whether that is still the user's password; locks it until the transaction ends."""
    return await tx.fetchval(KEEP_PASSWORD, user_id, password_hash) is not None


def user_from(row: Any) -> User:
    """The user in a row with its columns."""
    return User(
        id=row["id"],
        email=row["email"],
        created_at=row["created_at"],
        locale=row["locale"],
        timezone=row["timezone"],
    )
