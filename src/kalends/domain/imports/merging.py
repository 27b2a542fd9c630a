"""What a booking of a source is here, and who wins where both sides have changed it.

The rules, in plain words:

1. A row there is one booking here, known by its `uid`. Of a seated row every seat is a booking;
   a seat that was given up is cancelled.
2. A reschedule there makes a new row; here it moves the one booking, which keeps its id. Whichever
   of the two rows is seen first, the newest of the chain counts, and the older ones do not any
   more. A row whose neighbour in the chain was not seen yet waits for it.
3. Field by field: what did not change there since we last looked stays as it is here; what changed
   there and not here is taken; where both changed, the later change wins. A status goes with its
   reason, and a time with its schedule: each of these two counts as one field.
4. A booking that has ended here (cancelled, completed, no-show) is neither opened again nor moved.
   If it ended because it had ended there, a row that follows it in the chain is a new booking.
5. A row that is older than what we have of it changes nothing. Where rows have no time of change,
   the one that was fetched later is newer.
6. Its time is taken as any other time is. Where it is taken already, a new booking is left out
   (or, by choice, recorded without time, marked as in conflict), and one that moves stays where
   it was. What is left out is kept and tried again.

It is a merge of three: `base` is what the source last showed, `theirs` what it shows now, `ours`
the booking here.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Raw, Struct, field, json, structs

from kalends.domain.booking import Booking, Status, merge_metadata

ENDED: Final = frozenset({Status.CANCELLED, Status.COMPLETED, Status.NO_SHOW})


class ImportedFields(Struct, frozen=True, kw_only=True):
    """What a row, or our booking, says about one booking. Stored for each seat.

    `extras` have no fields of their own here: they are stored under the provider's name in the
    booking's metadata.
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
    extras: dict[str, Any] = field(name="noted")


# Fields that change together count as one.
FIELD_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "status": ("status", "cancellation_reason"),
    "place": ("start_time", "end_time", "schedule_id"),
    **{
        name: (name,)
        for name in ImportedFields.__struct_fields__
        if name.startswith(("title", "location", "attendee", "extras"))
    },
}
PLAIN_FIELDS: Final = tuple(n for n in ImportedFields.__struct_fields__ if n != "extras")


def claim_id_of_row(provider: str, uid: str) -> UUID:
    """The id of the claim that the seats of one row share, so that they do not exclude one
    another."""
    return uuid5(NAMESPACE_URL, f"{provider}:{uid}")


def fields_of(booking: Booking) -> ImportedFields:
    """The fields of our imported booking."""
    extras = json.decode(booking.metadata).get(booking.external_provider)
    plain = {name: getattr(booking, name) for name in PLAIN_FIELDS}
    return ImportedFields(**plain, extras=extras if isinstance(extras, dict) else {})


def with_fields(booking: Booking, fields: ImportedFields) -> Booking:
    """The booking with these fields. The caller handles what follows from a new time or
    schedule."""
    changes = {name: getattr(fields, name) for name in PLAIN_FIELDS}
    if fields.extras != fields_of(booking).extras:
        changes["metadata"] = with_extras(
            booking.metadata, booking.external_provider, fields.extras
        )
    return structs.replace(booking, **changes)


def with_extras(metadata: Raw, provider: str | None, extras: dict[str, Any]) -> Raw:
    """The metadata with the extras added. Raises Invalid if it becomes too large."""
    return merge_metadata(metadata, {str(provider): extras})


def contested_fields(
    base: ImportedFields, theirs: ImportedFields, ours: ImportedFields
) -> list[str]:
    """The fields that changed on both sides to different values, by the names in `FIELD_GROUPS`."""
    return [
        name
        for name, fields in FIELD_GROUPS.items()
        if _values(base, fields) != _values(theirs, fields)
        and _values(base, fields) != _values(ours, fields)
        and _values(theirs, fields) != _values(ours, fields)
    ]


def merge(
    base: ImportedFields, theirs: ImportedFields, ours: ImportedFields, won_here: Iterable[str]
) -> ImportedFields:
    """The merged fields. `won_here` are the fields that changed on both sides, and later here."""
    ours_stay = set(won_here)
    if ours.status in ENDED:
        ours_stay |= {"status", "place"}
    taken = [
        field_name
        for name, fields in FIELD_GROUPS.items()
        if name not in ours_stay and _values(base, fields) != _values(theirs, fields)
        for field_name in fields
    ]
    return structs.replace(ours, **{name: getattr(theirs, name) for name in taken})


def has_ended_there(base: ImportedFields, ours: ImportedFields) -> bool:
    """Whether our booking has ended because it ended at the source."""
    return ours.status in ENDED and ours.status == base.status


def _values(fields: ImportedFields, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(fields, name) for name in names)
