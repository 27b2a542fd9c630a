"""When the agenda of a user's day is due."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from kalends.availability.wallclock import zone_named
from kalends.scheduling.agenda_times import DueAgenda, decide_agenda, moment_of

BERLIN = zone_named("Europe/Berlin")
SEVEN, HALF_PAST_TWO = time(7), time(2, 30)
DAY = date(2026, 12, 1)
ONE_DAY = timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Berlin", DAY, SEVEN, utc(2026, 12, 1, 6)),
        ("Europe/Berlin", date(2026, 7, 1), SEVEN, utc(2026, 7, 1, 5)),
        ("Europe/Berlin", date(2026, 3, 29), HALF_PAST_TWO, utc(2026, 3, 29, 1, 30)),
        ("Europe/Berlin", date(2026, 10, 25), HALF_PAST_TWO, utc(2026, 10, 25, 0, 30)),
        ("America/New_York", date(2026, 3, 8), SEVEN, utc(2026, 3, 8, 11)),
        ("Pacific/Kiritimati", DAY, SEVEN, utc(2026, 11, 30, 17)),
        ("Asia/Kathmandu", DAY, SEVEN, utc(2026, 12, 1, 1, 15)),
    ],
)
def test_it_is_due_by_the_clock_of_the_zone(
    zone: str, day: date, at: time, expected: datetime
) -> None:
    assert moment_of(day, at, zone_named(zone)) == expected


def test_it_is_not_due_before_its_time() -> None:
    due = utc(2026, 12, 1, 6)
    assert decide_agenda(SEVEN, None, BERLIN, due - timedelta(seconds=1)) == (None, due)
    assert decide_agenda(SEVEN, None, BERLIN, due) == (DAY, due + ONE_DAY)


def test_a_day_that_is_settled_gets_no_second_one() -> None:
    for hour in (0, 6, 22):
        due = decide_agenda(SEVEN, DAY, BERLIN, utc(2026, 12, 1, hour))
        assert due == DueAgenda(None, utc(2026, 12, 2, 6))


def test_a_day_that_was_missed_is_left_out() -> None:
    due = decide_agenda(SEVEN, date(2026, 11, 20), BERLIN, utc(2026, 12, 1, 12))
    assert due == (DAY, utc(2026, 12, 2, 6))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns"])
def test_each_day_comes_once_wherever_somebody_goes(zone: str) -> None:
    sent: list[date] = []
    now, sent_on = utc(2026, 10, 20), None
    for hours in range(24 * 20):
        zone_now = zone_named(zone) if hours % 55 > 30 else BERLIN
        due = decide_agenda(SEVEN, sent_on, zone_now, now + timedelta(hours=hours))
        if due.day is not None:
            sent.append(due.day)
            sent_on = due.day
    assert sent == sorted(set(sent))
    assert len(sent) >= 18


@pytest.mark.parametrize(
    "at", [time(hour, minute) for hour in range(24) for minute in (0, 30)], ids=str
)
def test_clock_changes_neither_repeat_nor_omit_a_day(at: time) -> None:
    sent, sent_on = [], date(2026, 3, 25)
    now = moment_of(sent_on, at, BERLIN)
    while now < utc(2026, 11, 1):
        due = decide_agenda(at, sent_on, BERLIN, now)
        if due.day is not None:
            sent.append(due.day)
            sent_on = due.day
        assert due.look_at > now
        now = due.look_at
    days = [date(2026, 3, 26) + ONE_DAY * n for n in range(len(sent))]
    assert sent == days
    assert sent[-1] >= date(2026, 10, 30)
