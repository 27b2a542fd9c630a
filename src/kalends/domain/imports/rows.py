"""Rows: the bookings of a source, with a seat for each attendee, in our terms."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.booking import Status
from kalends.domain.imports.merging import ImportedFields


class RowState(StrEnum):
    """The state of a row. The values are stored."""

    IMPORTED = "brought"
    SKIPPED = "skipped"
    WAITING = "parked"
    """It waits for its neighbour in the chain of reschedules."""
    RECORDED = "recorded"
    """It is a booking without a claim, in conflict with another."""
    GONE = "gone"
    """The source was asked for it, and has no such row."""


class RowOutcome(StrEnum):
    """What a run did with a row that it listed. The values are stored."""

    SYNCED = "synced"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


class RowSeat(Struct, frozen=True, kw_only=True):
    """One attendee of a row. `key` distinguishes the seats of a seated row, and is empty otherwise.
    `extras` have no fields of their own here."""

    key: str
    name: str
    email: str
    phone: str | None
    timezone: str | None
    is_absent: bool
    extras: dict[str, Any] = {}


class SourceRow(Struct, frozen=True, kw_only=True):
    """A booking at a source. `made_at` and `changed_at` have milliseconds, its own times do not.

    `from_uid` and `to_uid` are its neighbours in the chain of reschedules. Event type and hosts are
    given by their ids at the source.
    """

    uid: str
    made_at: datetime | None
    changed_at: datetime | None
    from_uid: str | None
    to_uid: str | None
    starts_at: datetime
    ends_at: datetime
    status: Status
    reason: str | None
    title: str | None
    location: str | None
    location_type: str | None
    notes: str | None
    event_type_id: int | None
    host_ids: list[int]
    is_seated: bool
    seats: list[RowSeat]
    unusable_seats: int
    extras: dict[str, Any]

    def digest(self, schedule_id: UUID) -> bytes:
        """A hash that is equal for rows with the same meaning here, whenever they were last
        touched."""
        seats = [{name: getattr(seat, name) for name in _MEANING_OF_SEAT} for seat in self.seats]
        row = [seats if name == "seats" else getattr(self, name) for name in _MEANING_OF_ROW]
        return hashlib.sha256(json.encode([row, schedule_id])).digest()


# Digests are stored, so their fields and the order of these must not change: otherwise an upgrade
# would take every row for a changed one.
_MEANING_OF_ROW: Final = (
    "uid", "from_uid", "to_uid", "starts_at", "ends_at", "status", "reason", "title", "location",
    "location_type", "notes", "event_type_id", "host_ids", "is_seated", "seats", "unusable_seats",
    "extras",
)  # fmt: skip
_MEANING_OF_SEAT: Final = ("key", "name", "email", "phone", "timezone", "is_absent")


class UnreadableRow(Struct, frozen=True, kw_only=True):
    """A row that is no valid booking, and why. Without a usable uid it gets one of its own;
    `content` is the digest of all of it."""

    uid: str
    reason: str
    content: bytes = b""
    made_at: datetime | None = None
    changed_at: datetime | None = None
    from_uid: str | None = None
    to_uid: str | None = None

    def digest(self, _: UUID) -> bytes:
        return self.content


CONTACT: Final = ("name", "email", "phone", "timezone")


def fields_of_seat(row: SourceRow, seat: RowSeat, schedule_id: UUID) -> ImportedFields:
    """The fields of one seat of the row."""
    is_absent = row.status == Status.CONFIRMED and seat.is_absent
    return ImportedFields(
        status=Status.NO_SHOW if is_absent else row.status,
        start_time=row.starts_at,
        end_time=row.ends_at,
        schedule_id=schedule_id,
        title=row.title,
        location=row.location,
        location_type=row.location_type,
        **{f"attendee_{name}": getattr(seat, name) for name in CONTACT},
        attendee_notes=row.notes,
        cancellation_reason=row.reason,
        extras=row.extras | seat.extras,
    )
