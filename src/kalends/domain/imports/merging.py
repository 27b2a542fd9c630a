"""What a booking of Cal.com is here, and who wins where both sides have changed it.

The rules, in plain words:

1. A row there is one booking here, known by its `uid`. Of a seated row every seat is a booking;
   a seat that was given up is cancelled.
2. A reschedule there makes a new row; here it moves the one booking, which keeps its id. Whichever
   of the two rows is seen first, the newest of the chain says what is true, and the older ones
   nothing any more. A row whose neighbour in the chain was not seen yet waits for it.
3. Field by field: what did not change there since we last looked stays as it is here; what changed
   there and not here is taken; where both changed, the later change wins. A status goes with its
   reason, and a time with its schedule: each of these two counts as one field.
4. A booking that has ended here (cancelled, completed, no-show) is neither opened again nor moved.
   If it ended because Cal.com said so, a row that follows it in the chain is a new booking.
5. A row that is older than what we have of it says nothing. Where rows have no `updatedAt`, the
   one that was fetched later is newer.
6. Its time is taken as any other time is. Where it is taken already, a new booking is left out
   (or, by choice, recorded without time, marked as in conflict), and one that moves stays where
   it was. What is left out is kept and tried again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Raw, Struct, json, structs

from kalends.domain.booking import Booking, Status, merge_metadata

PROVIDER: Final = "calcom"
ENDED: Final = frozenset({Status.CANCELLED, Status.COMPLETED, Status.NO_SHOW})


class ImportedFields(Struct, frozen=True, kw_only=True):
    """What a row says of one booking, in our words; or what our booking says of the same.

    `noted` is what stands under `calcom` in the booking's metadata.
    """

    status: Status
    start_time: datetime
    end_time: datetime
    schedule_id: UUID
    title: str | None
    location: str | None
    location_type: str | None
    attendee_name: str
    attendee_email: str
    attendee_phone: str | None
    attendee_timezone: str | None
    attendee_notes: str | None
    cancellation_reason: str | None
    noted: dict[str, Any]


# What changes together is one field.
FIELD_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "status": ("status", "cancellation_reason"),
    "place": ("start_time", "end_time", "schedule_id"),
    **{
        name: (name,)
        for name in ImportedFields.__struct_fields__
        if name.startswith(("title", "location", "attendee", "noted"))
    },
}
_PLAIN: Final = tuple(name for name in ImportedFields.__struct_fields__ if name != "noted")


class ScheduleMapping(Struct, frozen=True, kw_only=True):
    """Which schedule an event type's bookings, or a host's, go to."""

    calcom_event_type_id: int | None = None
    calcom_host_id: int | None = None
    schedule_id: UUID


def schedule_for(
    event_type_id: int | None,
    host_ids: Iterable[int],
    mappings: Sequence[ScheduleMapping],
    default: UUID,
) -> UUID:
    """An event type's mapping wins over a host's, a host's over the default."""
    for mapping in mappings:
        if event_type_id is not None and mapping.calcom_event_type_id == event_type_id:
            return mapping.schedule_id
    of_hosts = {m.calcom_host_id: m.schedule_id for m in mappings if m.calcom_host_id is not None}
    return next((of_hosts[id_] for id_ in host_ids if id_ in of_hosts), default)


def claim_id_of_row(uid: str) -> UUID:
    """The claim that the seats of one row share, so that they may lie side by side."""
    return uuid5(NAMESPACE_URL, f"calcom:{uid}")


def fields_of(booking: Booking) -> ImportedFields:
    """What our booking says."""
    noted = json.decode(booking.metadata).get(PROVIDER)
    plain = {name: getattr(booking, name) for name in _PLAIN}
    return ImportedFields(**plain, noted=noted if isinstance(noted, dict) else {})


def with_fields(booking: Booking, fields: ImportedFields) -> Booking:
    """The booking with these fields; what follows from a new place is the caller's."""
    changes = {name: getattr(fields, name) for name in _PLAIN}
    if fields.noted != fields_of(booking).noted:
        changes["metadata"] = note(booking.metadata, fields.noted)
    return structs.replace(booking, **changes)


def note(metadata: Raw, noted: dict[str, Any]) -> Raw:
    """Beside whatever else stands in the metadata. Raises Invalid for more than can be kept."""
    return merge_metadata(metadata, {PROVIDER: noted})


def contested_fields(
    brought: ImportedFields, theirs: ImportedFields, ours: ImportedFields
) -> list[str]:
    """What changed on both sides since `brought` (and not to the same), by the names in
    `TOGETHER`."""
    return [
        name
        for name, fields in FIELD_GROUPS.items()
        if _part(brought, fields) != _part(theirs, fields)
        and _part(brought, fields) != _part(ours, fields)
        and _part(theirs, fields) != _part(ours, fields)
    ]


def merge(
    brought: ImportedFields, theirs: ImportedFields, ours: ImportedFields, won_here: Iterable[str]
) -> ImportedFields:
    """What holds now. `won_here` is what changed on both sides, and later here."""
    kept = set(won_here)
    if ours.status in ENDED:
        kept |= {"status", "place"}
    taken = [
        field
        for name, fields in FIELD_GROUPS.items()
        if name not in kept and _part(brought, fields) != _part(theirs, fields)
        for field in fields
    ]
    return structs.replace(ours, **{field: getattr(theirs, field) for field in taken})


def has_ended_there(brought: ImportedFields, ours: ImportedFields) -> bool:
    """Whether our booking has ended because Cal.com said so."""
    return ours.status in ENDED and ours.status == brought.status


def _part(fields: ImportedFields, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(fields, name) for name in names)
