"""A booking: one attendee's appointment, its fields, and the statuses that it may go through."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct, structs

from kalends.domain.actor import Actor
from kalends.domain.errors import Invalid, InvalidTransition, NotReschedulable
from kalends.domain.schedule import Schedule


class Status(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    NO_SHOW = "NO_SHOW"


class LocationType(StrEnum):
    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"
    CUSTOM = "custom"


LARGEST_METADATA_BYTES: Final = 64_000
OCCUPYING: Final = frozenset({Status.PENDING, Status.CONFIRMED, Status.COMPLETED})
MOVABLE: Final = frozenset({Status.PENDING, Status.CONFIRMED})
TRANSITIONS: Final = {
    Status.PENDING: frozenset({Status.CONFIRMED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW}),
    Status.CANCELLED: frozenset[Status](),
    Status.COMPLETED: frozenset[Status](),
    Status.NO_SHOW: frozenset[Status](),
}


class Host(Struct, frozen=True, gc=False):
    """A schedule that belongs to a user, seen from a booking. Attendees see the `name`."""

    schedule_id: UUID
    user_id: UUID
    name: str


class Booking(Struct, frozen=True, gc=False):
    """A stored booking, its fields in the order of the columns.

    The last three are read with it from other rows: `hosts` are those of its schedules now,
    `calendar_events` its events in calendars elsewhere, and `video` the link to its call.
    `metadata`, `answers`, `answers_e164`, `cancelled_by` (an `Actor`), `calendar_events` and
    `video` are JSON text, since they are only passed on. It has no reference cycles, so the garbage
    collector need not track it (`gc=False`): thousands of bookings made each pass slow.
    """

    id: UUID
    schedule_id: UUID
    schedule_ids: list[UUID]
    event_type_id: UUID | None
    status: Status
    start_time: datetime
    end_time: datetime
    timezone: str
    wall_clock: str
    title: str | None
    location: str | None
    location_type: str | None
    attendee_name: str
    attendee_email: str
    attendee_phone: str | None
    attendee_timezone: str | None
    attendee_notes: str | None
    answers: Raw
    metadata: Raw
    source: str
    external_provider: str | None
    external_uid: str | None
    conflict: bool
    cancellation_reason: str | None
    buffer_before: int
    buffer_after: int
    created_at: datetime
    updated_at: datetime
    version: int
    cancelled_by: Raw | None = None
    attendee_phone_e164: str | None = None
    answers_e164: Raw = Raw(b"{}")
    attendee_locale: str | None = None
    needs_new_time: bool = False
    hosts: tuple[Host, ...] = ()
    calendar_events: Raw = Raw(b"[]")
    video: Raw | None = None

    @property
    def occupies(self) -> bool:
        """Whether the booking takes time on its schedules."""
        return self.status in OCCUPYING and not self.conflict


READ_ALONG: Final = ("hosts", "calendar_events", "video")
STORED_FIELDS: Final = tuple(n for n in Booking.__struct_fields__ if n not in READ_ALONG)


class BookingFilter(Struct, frozen=True, kw_only=True):
    """A filter for lists of bookings; a field that is None does not filter.

    Bounds are instants of the start: `after` and `before` are exclusive, `since` and `until`
    inclusive. `ends_after` together with `before` finds what overlaps the time in between. With
    `among_schedules` a booking has to be on at least one of them. `search` holds patterns for the
    folded text of a booking (`store/bookings/search.py`): one of each tuple has to match.
    """

    booking_id: UUID | None = None
    schedule_id: UUID | None = None
    among_schedules: tuple[UUID, ...] | None = None
    event_type_id: UUID | None = None
    attendee_email: str | None = None
    statuses: tuple[Status, ...] = ()
    after: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: datetime | None = None
    ends_after: datetime | None = None
    search: tuple[tuple[str, ...], ...] = ()


class MinimumTotal(int):
    """A lower bound for the total of a list, where counting all would take too long."""


def stored_values(booking: Booking) -> tuple[Any, ...]:
    """The values of `STORED_FIELDS`."""
    return structs.astuple(booking)[: len(STORED_FIELDS)]


def hosts_among(schedules: Iterable[Schedule]) -> tuple[Host, ...]:
    """A host for each of the schedules that belongs to a user, in the same order."""
    return tuple(
        Host(schedule.id, schedule.user_id, schedule.shown_name)
        for schedule in schedules
        if schedule.user_id is not None
    )


def changeable_until(starts_at: datetime, notice_minutes: int | None) -> datetime:
    """Until when the attendee may cancel or move a booking: `notice_minutes` before its start (the
    event type's `cancellation_notice_minutes`), or its start if that is None."""
    return starts_at - timedelta(minutes=notice_minutes or 0)


def check_transition(now_is: Status, target: Status) -> None:
    """Raises InvalidTransition, naming both statuses, unless `target` may follow."""
    if target != now_is and target not in TRANSITIONS[now_is]:
        allowed = " or ".join(sorted(TRANSITIONS[now_is]))
        possible = f"it can only become {allowed}" if allowed else "that status is final"
        raise InvalidTransition(f"A booking that is {now_is} cannot become {target}; {possible}.")


def check_movable(booking: Booking) -> None:
    """Raises NotReschedulable unless the booking is PENDING or CONFIRMED."""
    if booking.status not in MOVABLE:
        raise NotReschedulable(
            f"This booking is {booking.status}; only PENDING and CONFIRMED bookings can be moved."
        )


def with_canceller(before: Booking | None, after: Booking, actor: Actor) -> Booking:
    """`after` with its `cancelled_by`: the actor if this change cancels the booking, as before if
    it was cancelled already, None if it is not cancelled. `before` is None for a new booking."""
    if after.status != Status.CANCELLED:
        return structs.replace(after, cancelled_by=None)
    if before is not None and before.status == Status.CANCELLED:
        return after
    return structs.replace(after, cancelled_by=Raw(msgspec.json.encode(actor)))


def merge_metadata(stored: Raw, changes: Mapping[str, Any]) -> Raw:
    """Merges metadata key by key; None deletes a key. Raises Invalid if the result is too large."""
    merged = {**msgspec.json.decode(stored), **changes}
    encoded = Raw(msgspec.json.encode({k: v for k, v in merged.items() if v is not None}))
    if len(bytes(encoded)) > LARGEST_METADATA_BYTES:
        raise Invalid.field("metadata", f"must have at most {LARGEST_METADATA_BYTES} bytes")
    return encoded
