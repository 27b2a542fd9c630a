"""Reading one row of Cal.com: forgiving, since a row that cannot be read must not cost its page.

Whatever JSON comes, an answer follows: a `Row`, or an `Unreadable` that says why it is none.
Unknown fields are passed over.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.availability.wallclock import UnknownZone, zone_named
from kalends.domain.booking import LARGEST_METADATA_BYTES, LocationType, Status
from kalends.domain.imports.merging import ImportedFields
from kalends.domain.values import FIRST_YEAR, LAST_YEAR, Email, Instant
from kalends.domain.visible import is_blank

STATUS: Final = {
    "accepted": Status.CONFIRMED,
    "pending": Status.PENDING,
    "awaiting_host": Status.PENDING,
    "cancelled": Status.CANCELLED,
    "rejected": Status.CANCELLED,
}
LONGEST: Final = timedelta(days=366)
LONGEST_UID: Final = 200
DEEPEST: Final = 12
LARGEST_NOTED_BYTES: Final = LARGEST_METADATA_BYTES // 2
LARGEST_WHOLE: Final = 2**53
_BROKEN: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROLS_OF_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_PHONE: Final = re.compile(r"\+?[\d\s()./-]{5,}")
_ANSWERS_SHOWN_ELSEWHERE: Final = frozenset(
    {"name", "email", "displayEmail", "guests", "displayGuests", "notes", "location"}
)


class RowSeat(Struct, frozen=True, kw_only=True):
    """One attendee; `key` tells the seats of a seated row apart, and is empty in others."""

    key: str
    name: str
    email: str
    phone: str | None
    timezone: str | None
    is_absent: bool


class SourceRow(Struct, frozen=True, kw_only=True):
    """A booking there. `made_at` and `changed_at` have milliseconds, its own times none."""

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
    noted: dict[str, Any]

    def digest(self, schedule_id: UUID) -> bytes:
        """The same for rows that mean the same here, whenever they were touched."""
        said = [getattr(self, name) for name in _SAID]
        return hashlib.sha256(json.encode([said, schedule_id])).digest()


_SAID: Final = tuple(n for n in SourceRow.__struct_fields__ if n not in ("made_at", "changed_at"))


class UnreadableRow(Struct, frozen=True, kw_only=True):
    """What is no booking for us, and why. Without a usable uid it gets one of its own."""

    uid: str
    why: str
    made_at: datetime | None = None
    changed_at: datetime | None = None
    from_uid: str | None = None
    to_uid: str | None = None
    content: bytes = b""

    def digest(self, _: UUID) -> bytes:
        return self.content


class _NotABooking(Exception):
    """The text is the reason, as a sentence."""


def clean(value: Any, depth: int = 0) -> Any:
    """The JSON value without what cannot be stored or sent on: lone surrogates, NUL, numbers that
    are none, more depth than anybody needs."""
    if isinstance(value, str):
        return value if value.isprintable() else _BROKEN.sub("\ufffd", value)
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        return {clean(str(k)): clean(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [clean(v, depth + 1) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_WHOLE:
        return str(value)[:40] if abs(value) < 10**40 else None
    return value


def moment_in(value: Any) -> datetime | None:
    """The instant in a text (ISO 8601; without an offset it is UTC), None where there is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def uid_in(value: Any) -> str | None:
    """The uid of a row, however unreadable the rest is."""
    return _uid(value.get("uid")) if isinstance(value, dict) else None


def read_row(value: Any) -> SourceRow | UnreadableRow:
    """Reads a cleaned row."""
    uid = uid_in(value)
    content = hashlib.sha256(json.encode(value)).digest()
    if not isinstance(value, dict) or uid is None:
        return UnreadableRow(uid=f"?{content.hex()}", why="It has no uid.", content=content)
    try:
        return _row(uid, value)
    except _NotABooking as error:
        return UnreadableRow(
            uid=uid,
            why=str(error),
            made_at=moment_in(value.get("createdAt")),
            changed_at=moment_in(value.get("updatedAt")),
            from_uid=_uid(value.get("rescheduledFromUid")),
            to_uid=_uid(value.get("rescheduledToUid")),
            content=content,
        )


def fields_for(row: SourceRow, seat: RowSeat, schedule_id: UUID) -> ImportedFields:
    """What the row says of one of its seats."""
    is_absent = row.status == Status.CONFIRMED and seat.is_absent
    return ImportedFields(
        status=Status.NO_SHOW if is_absent else row.status,
        start_time=row.starts_at,
        end_time=row.ends_at,
        schedule_id=schedule_id,
        title=row.title,
        location=row.location,
        location_type=row.location_type,
        attendee_name=seat.name,
        attendee_email=seat.email,
        attendee_phone=seat.phone,
        attendee_timezone=seat.timezone,
        attendee_notes=row.notes,
        cancellation_reason=row.reason,
        noted=row.noted | ({"seatUid": seat.key} if seat.key else {}),
    )


def _row(uid: str, value: Mapping[str, Any]) -> SourceRow:
    status = STATUS.get(str(value.get("status")).lower())
    if status is None:
        raise _NotABooking(f"Its status {str(value.get('status'))[:40]!r} is not known here.")
    starts_at, ends_at = _span(value)
    given = [a for a in list_in(value.get("attendees")) if isinstance(a, dict)]
    is_seated = any(a.get("seatUid") for a in given) or (
        not given and "bookingFieldsResponses" not in value
    )
    read = [(a, _seat(a, is_seated)) for a in given]
    seats = {seat.key: seat for _, seat in read if seat}  # one seat shown twice is one
    if not seats and not is_seated:
        raise _NotABooking("It has no attendee with a usable e-mail address.")
    answers = dict_in(value.get("bookingFieldsResponses"))
    ordinary = next((a for a, seat in read if seat), None)
    others = [] if is_seated else [a for a in given if a is not ordinary]
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
        noted=_noted(value, others, answers),
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
    """None without a usable address."""
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
    )


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        value = " ".join(str(value[k]) for k in ("firstName", "lastName") if value.get(k))
    return line_in(value, 200)


def zone_in(value: Any) -> str | None:
    try:
        zone_named(value if isinstance(value, str) else "")
    except (UnknownZone, ValueError):
        return None
    return str(value)


def _location(value: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The place and its kind; of an integration the link, where there is one."""
    said, link = line_in(value.get("location")), line_in(value.get("meetingUrl"))
    if said and said.startswith("integrations:") and link and link.startswith("http"):
        said = link
    if said is None:
        return None, None
    if said.startswith(("http://", "https://", "integrations:")):
        return said, LocationType.VIDEO.value
    if _PHONE.fullmatch(said):
        return said, LocationType.PHONE.value
    return said, LocationType.IN_PERSON.value


def _hosts(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [host for host in list_in(value.get("hosts")) if isinstance(host, dict)]


def _noted(
    value: Mapping[str, Any], others: list[dict[str, Any]], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """What has no field of its own here. What the other side lets people fill is left out where
    it is more than can be kept."""
    noted = {
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
        "answers": {k: v for k, v in answers.items() if k not in _ANSWERS_SHOWN_ELSEWHERE},
        "metadata": value.get("metadata"),
    }
    kept = {k: v for k, v in noted.items() if v not in (None, False, [], {}, "")}
    for name in ("metadata", "answers", "guests", "attendees", "hosts", "eventType"):
        if len(json.encode(kept)) <= LARGEST_NOTED_BYTES:
            break
        kept.pop(name, None)
    return kept


def _uid(value: Any) -> str | None:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_UID:
        return None
    return value if value.isprintable() else None


def whole_in(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def line_in(value: Any, most: int = 500) -> str | None:
    if not isinstance(value, str):
        return None
    line = _CONTROLS.sub(" ", value).strip()[:most].strip()
    return None if is_blank(line) else line


def text_in(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    text = _CONTROLS_OF_TEXT.sub(" ", value).strip()[:5000]
    return None if is_blank(text) else text


def dict_in(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def list_in(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
