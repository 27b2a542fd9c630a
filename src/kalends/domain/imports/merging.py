"""Merging: what a row of a source becomes here, and which side wins if both have changed it.

The rules:

1. A row at the source is one booking here, identified by its `uid`. Each seat of a seated row is a
   booking; a seat that is given up is cancelled.
2. A reschedule makes a new row at the source, and moves the booking here, which keeps its id. In
   whatever order the rows of such a chain are seen, only the newest counts. A row whose neighbour
   in the chain has not been seen yet waits for it.
3. Fields are merged one by one. A field that has not changed at the source since the last sync
   stays as it is here; one that has changed only there is taken over; if both sides have changed
   it, the later change wins. A status and its reason count as one field, and so do a time and its
   schedule.
4. A booking that has ended here (cancelled, completed, no-show) is neither reopened nor moved. If
   it ended because it had ended at the source, the next row in its chain is a new booking.
5. A row that is older than what is known of it changes nothing. For rows without a time of change,
   the one that was fetched later is newer.
6. An imported booking claims its time like any other. If the time is taken, a new booking is left
   out (or, by choice, recorded without a claim and marked as in conflict), and one that moves stays
   where it was. Rows that are left out are kept and tried again.

This is a three-way merge: `base` is what the source last showed, `theirs` what it shows now, `ours`
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
