"""Mail: what kinds there are, whom it is for, and where it stands."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.durations import HOUR, MINUTE, SECOND

# After each try that the server refused for now; when the last has failed too, it is given up.
MAIL_RETRY_AFTER: Final = (5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR)
# What waits for a mail server that takes nothing is given up then (RFC 5321 4.5.4.1).
WAITS_FOR_SERVER: Final = timedelta(days=4)


class MailKind(StrEnum):
    """What a mail is about; `WITHDRAWN` informs an address that the attendee has another one now,
    or a host that somebody else is. From `PASSWORD_RESET` on they are no booking's."""

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
    AGENDA = "agenda"
    CALENDAR_FAILING = "calendar_failing"
    CALENDAR_FINDING = "calendar_finding"
    LINKS_FAILING = "links_failing"
    TEST = "test"


class Audience(StrEnum):
    """Whom a mail is for. What is for a `HOST` is not sent to who has left the organization."""

    ATTENDEE = "attendee"
    ORGANIZATION = "organization"
    HOST = "host"
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


def destination_of(address: str) -> UUID:
    """What an address is known by as a destination; the same for whatever case of its letters."""
    return UUID(bytes=hashlib.sha256(address.casefold().encode()).digest()[:16])


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
