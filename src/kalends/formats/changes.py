"""The `previous` attributes of an event: the fields that a change of a booking has changed, with
their values before."""

from typing import Any, Final

from msgspec import Raw, json

from kalends.domain.booking import Booking
from kalends.formats.bookings import show_booking
from kalends.formats.encoding import encode, encode_raw

# Of these fields, only the keys that changed are listed.
NESTED: Final = frozenset({"attendee", "metadata", "answers", "external"})
NOT_A_CHANGE: Final = frozenset({"updated_at"})
NOTHING_CHANGED: Final = Raw(b"{}")
_OBJECT: Final = json.Decoder(dict[str, Raw])


def previous_attributes(before: Booking, after: Booking) -> Raw:
    """The fields of the booking that differ, with their values before. A key that did not exist
    before is null. `updated_at` is left out, as it always differs."""
    if before is after or before == after:
        return NOTHING_CHANGED
    was, became = show_booking(before), show_booking(after)
    changed = {
        name: _changed_keys(was[name], became[name]) if name in NESTED else was[name]
        for name in was
        if name not in NOT_A_CHANGE and was[name] != became[name]
    }
    return encode_raw(changed)


def _changed_keys(was: Any, became: Any) -> dict[str, Raw | None]:
    """The keys whose JSON differs; Python itself would take 1, 1.0 and true as equal."""
    old, new = _OBJECT.decode(encode(was)), _OBJECT.decode(encode(became))
    return {key: old.get(key) for key in old | new if old.get(key) != new.get(key)}
