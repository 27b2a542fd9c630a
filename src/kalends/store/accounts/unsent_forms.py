"""Unsent forms, which were posted after their session had ended, as rows.

Users do not belong to a single organization, and what was typed is the user's.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.store.database import Tx

INSERT: Final = """
INSERT INTO unsent_forms (user_id, id, path, typed, expires_at)
SELECT id, $2, $3, $4, $5 FROM users WHERE id = $1
"""
KEEP_LATEST: Final = """
DELETE FROM unsent_forms WHERE user_id = $1 AND id NOT IN (
    SELECT id FROM unsent_forms WHERE user_id = $1
    ORDER BY (id = $2) DESC, expires_at DESC LIMIT $3)
"""
FIND: Final = """
SELECT typed FROM unsent_forms WHERE user_id = $1 AND id = $2 AND path = $3 AND expires_at > $4
"""
DELETE: Final = "DELETE FROM unsent_forms WHERE user_id = $1 AND id = $2 AND path = $3"


async def insert_form(
    tx: Tx, user_id: UUID, form_id: UUID, path: str, typed: bytes, expires_at: datetime
) -> bool:
    """Whether there is such a user: the stamp of a form may be older than the backup that was
    restored since."""
    done: str = await tx.execute(INSERT, user_id, form_id, path, typed, expires_at)
    return done == "INSERT 0 1"


async def keep_latest(tx: Tx, user_id: UUID, form_id: UUID, most: int) -> None:
    """Deletes the user's oldest, so that this one and at most `most` in all are left."""
    await tx.execute(KEEP_LATEST, user_id, form_id, most)


async def find_form(tx: Tx, user_id: UUID, form_id: UUID, path: str, now: datetime) -> bytes | None:
    """What the user has typed into the form with that path."""
    typed: bytes | None = await tx.fetchval(FIND, user_id, form_id, path, now)
    return typed


async def delete_form(tx: Tx, user_id: UUID, form_id: UUID, path: str) -> None:
    await tx.execute(DELETE, user_id, form_id, path)
