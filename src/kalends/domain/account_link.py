"""Account links, by which a user sets a password: after an invitation, or to reset it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct


class Purpose(StrEnum):
    PASSWORD_RESET = "password-reset"
    INVITATION = "invitation"


LINK_LASTS: Final = {
    Purpose.PASSWORD_RESET: timedelta(hours=1),
    Purpose.INVITATION: timedelta(days=7),
}


class AccountLink(Struct, frozen=True):
    """A link of one user. An invitation has the organization's id; a user with `has_password` can
    sign in already."""

    user_id: UUID
    email: str
    organization_id: UUID | None
    has_password: bool
    expires_at: datetime
