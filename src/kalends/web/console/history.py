"""What one event changed, as people read it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from babel import Locale
from msgspec import json

from kalends.availability.wallclock import Zone
from kalends.domain.event import LoggedEvent
from kalends.formats.bookings import BookingBody
from kalends.web.pages import clock_words
from kalends.web.pages.words import WORDS, say


@dataclass(frozen=True)
class Change:
    """A field with what it was and what it became; None where there was nothing."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Entry:
    """An event with who did it, why, and what changed by it."""

    event: LoggedEvent
    actor: str
    reason: str | None
    changes: Sequence[Change]


_FIELDS: Final[tuple[tuple[str, Callable[[BookingBody], str | None]], ...]] = (
    ("title", lambda b: b.title),
    ("location", lambda b: b.location),
    ("location_type", lambda b: b.location_type and say(f"place.{b.location_type}")),
    ("name", lambda b: b.attendee.name),
    ("email", lambda b: b.attendee.email),
    ("phone", lambda b: b.attendee.phone),
    ("zone", lambda b: b.attendee.timezone),
    ("notes", lambda b: b.attendee.notes),
    ("metadata", lambda b: json.encode(b.metadata).decode()),
)


def entries_of(
    events: Sequence[LoggedEvent], actors: dict[str, str], zone: Zone, locale: Locale
) -> list[Entry]:
    """The events, the latest first, each compared with the one before it."""
    shown = [json.decode(event.data, type=BookingBody) for event in events]
    earlier: list[BookingBody | None] = [*shown[1:], None]
    return [
        Entry(
            event=event,
            actor=actor_words(event.actor, event.actor_name or actors.get(event.actor)),
            reason=now.cancellation_reason if event.type == "booking.cancelled" else None,
            changes=_changes(before, now, zone, locale) if before else (),
        )
        for event, now, before in zip(events, shown, earlier, strict=True)
    ]


def actor_words(actor: str, name: str | None) -> str:
    """Who did it: a user, an API key by its name, or a word of ours."""
    if actor.startswith("key_"):
        return say("console.actor.key", name=name or actor)
    key = f"console.actor.{actor}"
    return say(key) if key in WORDS else name or actor


def _changes(before: BookingBody, after: BookingBody, zone: Zone, locale: Locale) -> list[Change]:
    changes = []
    if (before.start_time, before.end_time) != (after.start_time, after.end_time):
        was, became = _when(before, zone, locale), _when(after, zone, locale)
        changes.append(Change(say("console.field.time"), was, became))
    for name, value_of in _FIELDS:
        if value_of(before) != value_of(after):
            changes.append(Change(say(f"console.field.{name}"), value_of(before), value_of(after)))
    return changes


def _when(booking: BookingBody, zone: Zone, locale: Locale) -> str:
    day = clock_words.short_day_of(booking.start_time, zone, locale)
    return f"{day}, {clock_words.span_of(booking.start_time, booking.end_time, zone, locale)}"
