"""A calendar of the tests' Graph: events, series with their occurrences, and what has changed."""

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
Window = tuple[str, str]
SHOWN_ALWAYS = {
    "isAllDay": False,
    "isCancelled": False,
    "isOrganizer": True,
    "sensitivity": "normal",
    "showAs": "busy",
    "seriesMasterId": None,
    "transactionId": None,
    "originalStartTimeZone": "W. Europe Standard Time",
    "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
}


@dataclass
class FakeGraphCalendar:
    """Each change has a number; a token names one. Of a series the master is an event, and its
    occurrences lie beside it."""

    id: str
    name: str
    owner: str
    can_edit: bool = True
    events: dict[str, JSON] = field(default_factory=dict)
    series: dict[str, dict[str, JSON]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    # What a round has besides, as it was earlier.
    stale: list[JSON] = field(default_factory=list)
    changes: int = 1
    oldest_token: int = 0

    def put(self, event: JSON) -> JSON:
        """Behind the client's back, or by its request."""
        self.changes += 1
        id_ = event["id"]
        kept = {
            "@odata.type": "#microsoft.graph.event",
            "type": "singleInstance",
            **SHOWN_ALWAYS,
            **event,
            "@odata.etag": f'W/"{self.changes}"',
        }
        kept |= {name: _time(kept[name]) for name in ("start", "end")}
        self.events[id_], self.changed[id_] = kept, self.changes
        self.removed.pop(id_, None)
        return kept

    def put_series(self, master: JSON, occurrences: list[tuple[JSON, JSON]]) -> None:
        """The master repeats its first occurrence."""
        first = occurrences[0]
        self.put({**master, "start": first[0], "end": first[1], "type": "seriesMaster"})
        parts = {
            f"{master['id']}.{number}": {"start": _time(start), "end": _time(end)}
            for number, (start, end) in enumerate(occurrences)
        }
        self.series[master["id"]] = {
            id_: {"id": id_, "type": "occurrence", "seriesMasterId": master["id"], **part}
            for id_, part in parts.items()
        }

    def change_occurrence(self, series: str, number: int, change: JSON | None) -> None:
        """Moved, or with None deleted. Then the series is reported, without it."""
        parts, id_ = self.series[series], f"{series}.{number}"
        if change is None:
            del parts[id_]
        else:
            changed = {**SHOWN_ALWAYS, **parts[id_], **change, "type": "exception"}
            parts[id_] = changed | {name: _time(changed[name]) for name in ("start", "end")}
        self.put(self.events[series])

    def remove(self, id_: str) -> None:
        self.changes += 1
        del self.events[id_]
        self.series.pop(id_, None)
        self.removed[id_] = self.changes

    def live(self) -> list[JSON]:
        return list(self.events.values())

    def instances(self, series: str, since: str, until: str) -> list[JSON]:
        parts = self.series.get(series, {}).values()
        return [part for part in parts if _overlaps(part, (since, until))]

    def changed_rows(self, since: int, window: Window, *, is_first: bool) -> list[JSON]:
        """What is in the window, and what was changed outside of it or is gone: both look removed,
        but to who has seen nothing yet."""
        rows: list[JSON] = [] if is_first else list(self.stale)
        for id_, number in sorted(self.changed.items(), key=lambda one: one[1]):
            event = self.events.get(id_)
            if event is None or number <= since:
                continue
            parts = self.instances(id_, *window)
            if parts or (id_ not in self.series and _overlaps(event, window)):
                rows += [event, *parts]
            elif not is_first:
                rows.append(_gone(id_))
        if not is_first:
            rows += [_gone(id_) for id_, number in self.removed.items() if number > since]
        return rows


def _gone(id_: str) -> JSON:
    return {"id": id_, "@removed": {"reason": "deleted"}}


def _time(value: JSON) -> JSON:
    """As Graph shows it: in UTC, with seven digits of a fraction."""
    assert value["timeZone"] == "UTC", "the tests write UTC"
    return {"dateTime": f"{value['dateTime'][:19]}.0000000", "timeZone": "UTC"}


def _overlaps(event: JSON, window: Window) -> bool:
    since, until = (text[:19] for text in window)
    return bool(event["start"]["dateTime"][:19] < until and since < event["end"]["dateTime"][:19])
