"""What a user typed into a form and sent after the session had ended: kept for that user alone,
unjudged, and not for long."""

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
# One for each tab that somebody may have left open.
MOST_OF_A_USER: Final = 10
Typed = Sequence[tuple[str, str]]


async def keep_form(work: UnitOfWork, user_id: UUID, path: str, typed: Typed) -> UUID | None:
    """Keeps names of fields with what stands in them, and forgets the user's oldest beyond
    MOST_OF_A_USER. None for what is not kept: it is larger than LARGEST_BYTES, or nobody's."""
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
    """What that user sent to the path; None for another's, and for what is not kept any more."""
    sealed = await store.find_form(work.tx, user_id, form_id, path, work.recorded_at)
    if sealed is None:
        return None
    try:
        plain = work.context.seal.open(sealed, _purpose(user_id))
    except SealBroken:  # KALENDS_SECRET is another one by now
        return None
    return json.decode(plain, type=list[tuple[str, str]])


async def forget_form(work: UnitOfWork, user_id: UUID, form_id: UUID, path: str) -> None:
    """Once it is sent, nobody needs it."""
    await store.delete_form(work.tx, user_id, form_id, path)


def _purpose(user_id: UUID) -> str:
    return f"unsent form of {user_id}"
