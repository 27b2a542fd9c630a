"""Mail: what kinds there are, whom it is for, and where it stands."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class MailKind(StrEnum):
    """What a mail is about; `WITHDRAWN` informs an address that the attendee has another one now.
    The last three are no booking's."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    PASSWORD_RESET = "password_reset"
    USER_INVITATION = "user_invitation"
    ENDPOINT_DISABLED = "endpoint_disabled"


class Audience(StrEnum):
    ATTENDEE = "attendee"
    ORGANIZATION = "organization"
    USER = "user"


class MailState(StrEnum):
    """`KEPT` is in the mailbox for good: there is no mail server, or it is the sandbox's."""

    QUEUED = "queued"
    KEPT = "kept"
    SENT = "sent"
    FAILED = "failed"


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses are one but for the case of their letters."""
    return one.casefold() == other.casefold()


class Mail(Struct, frozen=True):
    """One mail to one recipient, as it is stored. `message` is the whole message (RFC 5322),
    sealed; None until it was written, or when it was forgotten."""

    id: UUID
    kind: str
    audience: str
    recipient: str
    booking_id: UUID | None
    event_number: int | None
    state: str
    subject: str | None
    message: bytes | None
    error: str | None
    created_at: datetime
    done_at: datetime | None
