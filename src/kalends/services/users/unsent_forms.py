"""Forms that a user sent after the sign-in session had ended: kept for that user, unchecked, for an
hour."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from msgspec import json

from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.accounts import unsent_forms as store

KEEP_FOR: Final = timedelta(hours=1)
LARGEST_BYTES: Final = 64_000
# Enough for the tabs that somebody may have left open.
MOST_OF_A_USER: Final = 10
Typed = Sequence[tuple[str, str]]


async def keep_form(work: UnitOfWork, user_id: UUID, path: str, typed: Typed) -> UUID | None:
    """Stores names and values of a form, sealed, and deletes the user's oldest beyond
    MOST_OF_A_USER. None if it is larger than LARGEST_BYTES: then it is not stored."""
    plain = json.encode(typed)
    if len(plain) > LARGEST_BYTES:
        return None
    form_id, expires_at = uuid4(), work.recorded_at + KEEP_FOR
    sealed = work.context.seal.close(plain, _purpose(user_id))
    if not await store.insert_form(work.tx, user_id, form_id, path, sealed, expires_at):
        return None
    await store.keep_latest(work.tx, user_id, form_id, MOST_OF_A_USER)
    return form_id


async def find_form(work: UnitOfWork, user_id: UUID, form_id: UUID, path: str) -> Typed | None:
    """The form that the user sent to that path; None if it is another user's, or no longer
    stored."""
    sealed = await store.find_form(work.tx, user_id, form_id, path, work.recorded_at)
    if sealed is None:
        return None
    try:
        plain = work.context.seal.open(sealed, _purpose(user_id))
    except SealBroken:  # KALENDS_SECRET is another one by now
        return None
    return json.decode(plain, type=list[tuple[str, str]])


async def forget_form(work: UnitOfWork, user_id: UUID, form_id: UUID, path: str) -> None:
    """Deletes the form after it was sent again."""
    await store.delete_form(work.tx, user_id, form_id, path)


def _purpose(user_id: UUID) -> str:
    return f"unsent form of {user_id}"
