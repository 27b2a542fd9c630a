"""Users as rows; an e-mail address is one user of the installation."""

from typing import Final
from uuid import UUID

from kalends.domain.access import User
from kalends.store.database import Tx

BY_EMAIL: Final = """
SELECT id, email, created_at, password_hash FROM users WHERE lower(email) = lower($1)
"""
BY_ID: Final = "SELECT id, email, created_at FROM users WHERE id = $1"
INSERT: Final = "INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4)"


async def find_user(tx: Tx, email: str) -> tuple[User, str] | None:
    """The user and the hash of the password."""
    row = await tx.fetchrow(BY_EMAIL, email)
    return None if row is None else (User(id=row[0], email=row[1], created_at=row[2]), row[3])


async def find_user_by_id(tx: Tx, user_id: UUID) -> User | None:
    row = await tx.fetchrow(BY_ID, user_id)
    return None if row is None else User(id=row[0], email=row[1], created_at=row[2])


async def insert_user(tx: Tx, user: User, password_hash: str) -> None:
    await tx.execute(INSERT, user.id, user.email, password_hash, user.created_at)
