"""The plain reference: aware datetimes and zoneinfo, every candidate against every busy time.

Written as the rules read, so that the engine has something to be compared with. Durations and
notice as timedelta; busy times as pairs of aware datetimes, one list for each host.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Busy = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True)
class SlotQuestion:
    """Hosts that all work `opens` to `closes`, Monday to Friday, in `zone`."""

    zone: ZoneInfo
    opens: time
    closes: time
    duration: timedelta
    step: timedelta
    notice: timedelta
    now: datetime
    begins: datetime
    ends: datetime


def slots_of_any(question: SlotQuestion, hosts: Sequence[Busy]) -> list[datetime]:
    """Starts at which at least one host is free."""
    earliest = question.now + question.notice
    return [
        start
        for start in _candidates(question)
        if question.begins <= start < question.ends
        and start >= earliest
        and any(_is_free(start, start + question.duration, busy) for busy in hosts)
    ]


def _candidates(question: SlotQuestion) -> Iterator[datetime]:
    day = question.begins.astimezone(question.zone).date()
    while day <= question.ends.astimezone(question.zone).date():
        if day.weekday() < 5:
            yield from _candidates_of(question, day)
        day += timedelta(days=1)


def _candidates_of(question: SlotQuestion, day: date) -> Iterator[datetime]:
    start = datetime.combine(day, question.opens, question.zone).astimezone(UTC)
    closes = datetime.combine(day, question.closes, question.zone).astimezone(UTC)
    while start + question.duration <= closes:
        yield start
        start += question.step


def _is_free(start: datetime, end: datetime, busy: Busy) -> bool:
    return all(end <= begins or ends <= start for begins, ends in busy)
