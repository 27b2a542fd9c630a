"""Links that let a user set a password: a reset that was asked for, or an invitation."""

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
    """A link of one user. An invitation names the organization; `has_password` is whether the
    user can sign in already."""

    user_id: UUID
    email: str
    organization_id: UUID | None
    has_password: bool
    expires_at: datetime
