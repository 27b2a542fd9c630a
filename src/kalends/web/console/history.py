"""The history of a booking: what each of its events changed, in words for people. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from babel import Locale
from msgspec import json

from kalends.availability.wallclock import Zone
from kalends.domain.event import LoggedEvent
from kalends.formats.bookings import BookingBody
from kalends.translation import LazyMessage, gettext, gettext_lazy, pgettext, pgettext_lazy
from kalends.web.pages import clock_words
from kalends.web.pages.labels import LOCATION_TYPES


@dataclass(frozen=True)
class FieldChange:
    """A field with its value before and after an event; None where it had no value."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Entry:
    """An event: who caused it, why, and what it changed."""

    event: LoggedEvent
    actor: str
    reason: str | None
    changes: Sequence[FieldChange]


_FIELDS: Final[tuple[tuple[LazyMessage, Callable[[BookingBody], str | None]], ...]] = (
    (pgettext_lazy("hosts", "With"), lambda b: ", ".join(host.name for host in b.hosts) or None),
    (
        gettext_lazy("Another time"),
        lambda b: pgettext("history", "asked for") if b.needs_new_time else None,
    ),
    (gettext_lazy("Title"), lambda b: b.title),
    (gettext_lazy("Place"), lambda b: b.location),
    (
        gettext_lazy("Kind of place"),
        lambda b: b.location_type and str(LOCATION_TYPES[b.location_type]),
    ),
    (gettext_lazy("Name"), lambda b: b.attendee.name),
    (gettext_lazy("E-mail"), lambda b: b.attendee.email),
    (gettext_lazy("Phone"), lambda b: b.attendee.phone),
    (gettext_lazy("Time zone"), lambda b: b.attendee.timezone),
    (gettext_lazy("Notes"), lambda b: b.attendee.notes),
    (gettext_lazy("Metadata"), lambda b: json.encode(b.metadata).decode()),
)


_ACTORS: Final = {
    "attendee": gettext_lazy("the attendee"),
    "kalends": gettext_lazy("Kalends itself"),
    "calcom": gettext_lazy("Cal.com"),
    "calendar": gettext_lazy("a change in the calendar"),
    "operator": gettext_lazy("the operator"),
}


def entries_of(
    events: Sequence[LoggedEvent], actors: dict[str, str], zone: Zone, locale: Locale
) -> list[Entry]:
    """The events, the latest first, each compared with the one before it."""
    bookings = [json.decode(event.data, type=BookingBody) for event in events]
    earlier: list[BookingBody | None] = [*bookings[1:], None]
    return [
        Entry(
            event=event,
            actor=actor_words(event.actor, event.actor_name or actors.get(event.actor)),
            reason=now.cancellation_reason if event.type == "booking.cancelled" else None,
            changes=_changes(before, now, zone, locale) if before else (),
        )
        for event, now, before in zip(events, bookings, earlier, strict=True)
    ]


def actor_words(actor: str, name: str | None) -> str:
    """The words for an actor: a user or API key by name, or a general term such as the attendee."""
    if actor.startswith("key_"):
        return gettext("API key {name}", name=name or actor)
    return str(_ACTORS[actor]) if actor in _ACTORS else name or actor


def _changes(
    before: BookingBody, after: BookingBody, zone: Zone, locale: Locale
) -> list[FieldChange]:
    changes = []
    if (before.start_time, before.end_time) != (after.start_time, after.end_time):
        was, became = _when(before, zone, locale), _when(after, zone, locale)
        changes.append(FieldChange(gettext("Time"), was, became))
    for label, value_of in _FIELDS:
        if value_of(before) != value_of(after):
            changes.append(FieldChange(str(label), value_of(before), value_of(after)))
    return changes


def _when(booking: BookingBody, zone: Zone, locale: Locale) -> str:
    day = clock_words.short_day_of(booking.start_time, zone, locale)
    return f"{day}, {clock_words.span_of(booking.start_time, booking.end_time, zone, locale)}"
