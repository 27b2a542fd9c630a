"""Reads a row of Cal.com. It is lenient, as one unreadable row must not cost the whole page.

Any JSON gives either a `SourceRow`, or an `UnreadableRow` that says why it is none. Unknown fields
are ignored.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import json

from kalends.domain.booking import LARGEST_METADATA_BYTES, LocationType, Status
from kalends.domain.imports.rows import RowSeat, SourceRow, UnreadableRow
from kalends.domain.values import Email, Instant
from kalends.formats.lenient_json import (
    dict_in,
    line_in,
    list_in,
    moment_in,
    text_in,
    whole_in,
    zone_in,
)

STATUS: Final = {
    "accepted": Status.CONFIRMED,
    "pending": Status.PENDING,
    "awaiting_host": Status.PENDING,
    "cancelled": Status.CANCELLED,
    "rejected": Status.CANCELLED,
}
LONGEST: Final = timedelta(days=366)
LONGEST_UID: Final = 200
LARGEST_EXTRAS_BYTES: Final = LARGEST_METADATA_BYTES // 2
_PHONE: Final = re.compile(r"\+?[\d\s()./-]{5,}")
_ANSWERS_KEPT_AS_FIELDS: Final = frozenset(
    {"name", "email", "displayEmail", "guests", "displayGuests", "notes", "location"}
)


class _NotABooking(Exception):
    """The row is not a booking; the text is the reason, as a sentence."""


def uid_in(value: Any) -> str | None:
    """The uid of a row, even if the rest cannot be read."""
    return _uid(value.get("uid")) if isinstance(value, dict) else None


def read_row(value: Any) -> SourceRow | UnreadableRow:
    """Reads a cleaned row."""
    uid = uid_in(value)
    content = hashlib.sha256(json.encode(value)).digest()
    if not isinstance(value, dict) or uid is None:
        return UnreadableRow(uid=f"?{content.hex()}", reason="It has no uid.", content=content)
    try:
        return _row(uid, value)
    except _NotABooking as error:
        return UnreadableRow(
            uid=uid,
            reason=str(error),
            made_at=moment_in(value.get("createdAt")),
            changed_at=moment_in(value.get("updatedAt")),
            from_uid=_uid(value.get("rescheduledFromUid")),
            to_uid=_uid(value.get("rescheduledToUid")),
            content=content,
        )


def _row(uid: str, value: Mapping[str, Any]) -> SourceRow:
    status = STATUS.get(str(value.get("status")).lower())
    if status is None:
        raise _NotABooking(f"Its status {str(value.get('status'))[:40]!r} is not known here.")
    starts_at, ends_at = _span(value)
    attendees = [a for a in list_in(value.get("attendees")) if isinstance(a, dict)]
    is_seated = any(a.get("seatUid") for a in attendees) or (
        not attendees and "bookingFieldsResponses" not in value
    )
    read = [(a, _seat(a, is_seated)) for a in attendees]
    seats = {seat.key: seat for _, seat in read if seat}  # one seat shown twice is one
    if not seats and not is_seated:
        raise _NotABooking("It has no attendee with a usable e-mail address.")
    answers = dict_in(value.get("bookingFieldsResponses"))
    ordinary = next((a for a, seat in read if seat), None)
    others = [] if is_seated else [a for a in attendees if a is not ordinary]
    location, location_type = _location(value)
    return SourceRow(
        uid=uid,
        made_at=moment_in(value.get("createdAt")),
        changed_at=moment_in(value.get("updatedAt")),
        from_uid=_uid(value.get("rescheduledFromUid")),
        to_uid=_uid(value.get("rescheduledToUid")),
        starts_at=starts_at,
        ends_at=ends_at,
        status=status,
        reason=line_in(value.get("cancellationReason")) if status == Status.CANCELLED else None,
        title=line_in(value.get("title")),
        location=location,
        location_type=location_type,
        notes=text_in(answers.get("notes")) or text_in(value.get("description")),
        event_type_id=whole_in(dict_in(value.get("eventType")).get("id"))
        or whole_in(value.get("eventTypeId")),
        host_ids=[id_ for host in _hosts(value) if (id_ := whole_in(host.get("id"))) is not None],
        is_seated=is_seated,
        seats=list(seats.values()) if is_seated else [s for _, s in read if s][:1],
        unusable_seats=sum(1 for _, seat in read if seat is None) if is_seated else 0,
        extras=_extras(value, others, answers),
    )


def _span(value: Mapping[str, Any]) -> tuple[datetime, datetime]:
    starts, ends = moment_in(value.get("start")), moment_in(value.get("end"))
    if starts is None or ends is None:
        raise _NotABooking("Its start or end is missing or cannot be read.")
    if ends <= starts or int(ends.timestamp()) == int(starts.timestamp()):
        raise _NotABooking("It does not end after its start.")
    if ends - starts > LONGEST:
        raise _NotABooking(f"It is longer than {LONGEST.days} days.")
    return _seconds(starts), _seconds(ends)


def _seconds(moment: datetime) -> datetime:
    return datetime.fromtimestamp(Instant.of(moment).timestamp(), UTC)


def _seat(value: Mapping[str, Any], is_seated: bool) -> RowSeat | None:
    """The seat; None if it has no usable mail address."""
    try:
        email = str(Email.parse(str(value.get("email")).strip()))
    except ValueError:
        return None
    key = _uid(value.get("seatUid")) or email.lower()
    return RowSeat(
        key=key if is_seated else "",
        name=_name(value.get("name")) or email[:200],
        email=email,
        phone=line_in(value.get("phoneNumber"), 50),
        timezone=zone_in(value.get("timeZone")),
        is_absent=value.get("absent") is True,
        extras={"seatUid": key} if is_seated else {},
    )


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        value = " ".join(str(value[k]) for k in ("firstName", "lastName") if value.get(k))
    return line_in(value, 200)


def _location(value: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The location and its type; for an integration (a video call) the link, if there is one."""
    place, link = line_in(value.get("location")), line_in(value.get("meetingUrl"))
    if place and place.startswith("integrations:") and link and link.startswith("http"):
        place = link
    if place is None:
        return None, None
    if place.startswith(("http://", "https://", "integrations:")):
        return place, LocationType.VIDEO.value
    if _PHONE.fullmatch(place):
        return place, LocationType.PHONE.value
    return place, LocationType.IN_PERSON.value


def _hosts(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [host for host in list_in(value.get("hosts")) if isinstance(host, dict)]


def _extras(
    value: Mapping[str, Any], others: list[dict[str, Any]], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """The values that have no field of their own here. Those that people fill in freely are left
    out if they are too large to store."""
    extras = {
        "id": value.get("id"),
        "eventType": value.get("eventType"),
        "hosts": [{k: h.get(k) for k in ("id", "name", "email")} for h in _hosts(value)],
        "attendees": [
            {k: a.get(k) for k in ("name", "email", "timeZone", "phoneNumber") if a.get(k)}
            for a in others
        ],
        "guests": value.get("guests"),
        "recurringBookingUid": value.get("recurringBookingUid"),
        "absentHost": value.get("absentHost") is True,
        "awaitingHost": value.get("status") == "awaiting_host",
        "rejected": value.get("status") == "rejected",
        "answers": {k: v for k, v in answers.items() if k not in _ANSWERS_KEPT_AS_FIELDS},
        "metadata": value.get("metadata"),
    }
    filled = {k: v for k, v in extras.items() if v not in (None, False, [], {}, "")}
    for name in ("metadata", "answers", "guests", "attendees", "hosts", "eventType"):
        if len(json.encode(filled)) <= LARGEST_EXTRAS_BYTES:
            break
        filled.pop(name, None)
    return filled


def _uid(value: Any) -> str | None:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_UID:
        return None
    return value if value.isprintable() else None
