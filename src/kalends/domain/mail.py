"""Mails: their kinds, audiences and states, and when they are tried again."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.durations import HOUR, MINUTE, SECOND

# Pauses after each try that the server deferred; when the last try fails too, the mail is given up.
MAIL_RETRY_AFTER: Final = (5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR)
# Mail that waits this long for a mail server that accepts nothing is given up (RFC 5321 4.5.4.1).
WAITS_FOR_SERVER: Final = timedelta(days=4)


class MailKind(StrEnum):
    """What a mail is about. `WITHDRAWN` tells a former address of the attendee, or a former host,
    that the booking is no longer theirs. From `PASSWORD_RESET` on no booking is involved."""

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
    """Whom a mail is for. A `HOST` who has left the organization gets no mail."""

    ATTENDEE = "attendee"
    ORGANIZATION = "organization"
    HOST = "host"
    USER = "user"


class MailState(StrEnum):
    """The state of a mail. `KEPT`: it stays in the organization's mailbox and is never sent, since
    there is no mail server or the organization is a sandbox."""

    QUEUED = "queued"
    KEPT = "kept"
    SENT = "sent"
    FAILED = "failed"


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses are the same, ignoring case."""
    return one.casefold() == other.casefold()


def destination_of(address: str) -> UUID:
    """The destination id of an address, independent of case."""
    return UUID(bytes=hashlib.sha256(address.casefold().encode()).digest()[:16])


class Mail(Struct, frozen=True):
    """A stored mail to one recipient. `message` is the whole message (RFC 5322), sealed; None until
    it is written, and after housekeeping has deleted it."""

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
