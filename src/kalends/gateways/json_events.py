"""What providers whose events come as JSON share: reading values, and collecting changes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from kalends.availability.wallclock import zone_named
from kalends.domain.calendars.accounts import KnownEtags
from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood, ObjectGone
from kalends.domain.calendars.readings import CalendarObject, Changes
from kalends.domain.calendars.writings import ObjectDeleted
from kalends.formats.icalendar.reading.zones import known_zone_name
from kalends.gateways.json_api import Answer


def text_at(event: Mapping[str, Any], name: str) -> str:
    """The text in a field of the event; empty if there is none."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def id_in(event: Mapping[str, Any]) -> str:
    return text_at(event, "id")


def instant_in(value: Any, zone: Any) -> datetime | None:
    """The instant in a value. Without an offset it is on the wall clock of the zone."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        name = known_zone_name(zone) if isinstance(zone, str) else None
        wall = int(moment.replace(tzinfo=UTC).timestamp())
        instant = wall if name is None else zone_named(name).instant_of(wall)
        return datetime.fromtimestamp(instant, UTC)
    except (ValueError, OverflowError):
        return None


class FoundChanges(Struct):
    """Collects what has changed, event by event."""

    changed: list[CalendarObject]
    unreadable: list[str]
    gone: set[str]

    def add(
        self, href: str, found: CalendarObject | ObjectGone | CalendarFailure
    ) -> CalendarFailure | None:
        """Adds the current state of an event. Returns the failure if it is not about this event
        alone."""
        if isinstance(found, ObjectGone):
            self.gone.add(href)
        elif isinstance(found, CalendarObject):
            self.changed.append(found)
        elif isinstance(found, NotUnderstood):
            self.unreadable.append(href)
        else:
            return found
        return None

    def until(self, token: str) -> Changes:
        """All changes so far; `token` is where the next reading goes on."""
        return Changes(
            changed=self.changed,
            removed=sorted(self.gone),
            token=token,
            unreadable=self.unreadable,
        )


def difference(
    objects: list[CalendarObject], unreadable: list[str], known: KnownEtags, token: str
) -> Changes:
    """The changes from the known versions to a complete list of what the calendar has now."""
    there = {each.href for each in objects} | set(unreadable)
    return Changes(
        changed=[
            each for each in objects if each.etag is None or known.get(each.href) != each.etag
        ],
        removed=[href for href in known if href not in there],
        token=token,
        unreadable=unreadable,
        is_emptied=bool(known) and not there,
    )


def deletion_in(answer: Answer | CalendarFailure) -> ObjectDeleted | CalendarFailure | None:
    """The result of a deletion; None if the event has another version by now. An event that does
    not exist counts as deleted."""
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success or answer.status in (404, 410):
        return ObjectDeleted()
    return None if answer.status == 412 else answer.failure
