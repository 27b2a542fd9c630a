"""Signing in and out."""

from kalends.domain.access import User
from kalends.services.work import Context


async def find_session_user(context: Context, token: str) -> User | None:
    """The user of a live session, by the token in its cookie."""
    return None
