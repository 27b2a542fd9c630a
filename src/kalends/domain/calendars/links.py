"""Calendar links: events that Kalends writes into calendars elsewhere, and what is known of
them."""

import hashlib
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.policies import CalendarPolicy
from kalends.domain.calendars.states import LinkState
from kalends.domain.ids import BOOKING, SESSION, encode_id

UID_HOST = "kalends"
HEX_DIGITS = 8


class CalendarLink(Struct, frozen=True, kw_only=True):
    """An event of ours in a calendar, for a booking or the seats of a session, on one schedule.

    `ref` is its href and `etag` its version, as far as they are known. While it `is_unclear`, a
    request was sent and its result is not known. `digest` is the hash of what was written, for the
    time from `shown_from` until `shown_until`. A new `generation` is a new event with another UID.
    """

    calendar_id: UUID
    subject_id: UUID
    schedule_id: UUID
    booking_id: UUID | None
    event_type_id: UUID | None
    starts_at: datetime | None
    generation: int
    uid: str | None
    ref: str | None
    etag: str | None
    state: LinkState
    is_unclear: bool
    digest: bytes | None
    shown_from: datetime | None
    shown_until: datetime | None
    error: str | None
    written_at: datetime | None
    missed_at: datetime | None

    @property
    def shown(self) -> tuple[datetime, datetime] | None:
        """The span of time that was written."""
        if self.shown_from is None or self.shown_until is None:
            return None
        return self.shown_from, self.shown_until

    @property
    def may_be_there(self) -> bool:
        """Whether an event of this generation may exist in the calendar."""
        return self.is_unclear or self.digest is not None


class LinkedSchedule(Struct, frozen=True):
    """The schedule of a link: which calendar it writes now, whether another calendar has the event
    already, and its calendar policy."""

    writes_id: UUID | None
    is_written_elsewhere: bool
    policy: CalendarPolicy


def uid_of(organization_id: UUID, link: CalendarLink) -> str:
    """The UID of the link's event in its generation: always the same, and not guessable from the
    booking's id."""
    parts = (organization_id, link.calendar_id, link.subject_id, link.schedule_id)
    secret = b"".join(part.bytes for part in parts) + str(link.generation).encode()
    digest = hashlib.blake2b(secret, digest_size=HEX_DIGITS // 2).hexdigest()
    prefix = SESSION if link.booking_id is None else BOOKING
    return f"{encode_id(prefix, link.subject_id)}-{link.generation}-{digest}@{UID_HOST}"
