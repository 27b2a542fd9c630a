"""A list that is counted in stretches has its whole total, which follows what happens in it."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from tests.psql import Psql
from tests.store.large import OWNER, fill
from tests.store.tenants import in_tenant

from kalends.compose import Installation
from kalends.domain.booking import BookingFilter, MinimumTotal, Status
from kalends.domain.errors import Unavailable
from kalends.store.bookings import lists, stretches
from kalends.store.bookings.kept_totals import KeptTotals
from kalends.store.bookings.stretches import KeptStretches
from kalends.store.database import TenantConnection

BOOKINGS = 200
BOOKINGS_IN_STRETCH = 30
REQUESTS = 10
# By a clock that goes on by one whenever somebody looks at it.
TICKS_EACH_REQUEST = 8.0
CONFIRMED = BookingFilter(statuses=(Status.CONFIRMED,))
NUMBERED = "attendee_email = '{}@example.com'"
# Two of each time, so that stretches end between bookings that start together.
FILL = f"""
DELETE FROM events; DELETE FROM bookings; DELETE FROM schedules;
{fill(BOOKINGS, "n / 2 * interval '30 min'")}
"""


@pytest.fixture
def large(own_home: Installation, psql: Psql) -> Installation:
    psql.ask(FILL)
    psql.ask(happened(1, 7))
    return own_home


@pytest.fixture(autouse=True)
def _counts_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    for module in (lists, stretches):
        monkeypatch.setattr(module, "monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr(KeptTotals, "is_slow", lambda *_: True)
    monkeypatch.setattr(lists, "COUNTED_AT_MOST", 20)
    monkeypatch.setattr(lists, "COUNTED_UNTIL_SECONDS", TICKS_EACH_REQUEST)
    monkeypatch.setattr(stretches, "BOOKINGS_IN_STRETCH", BOOKINGS_IN_STRETCH)
    monkeypatch.setattr(stretches, "_kept", KeptStretches())


def total_of(home: Installation, criteria: BookingFilter) -> int:
    found = in_tenant(home, OWNER, lambda tenant: lists.list_stamps(tenant, criteria, 5, 0))
    return found[1]


def page(home: Installation, criteria: BookingFilter, offset: int) -> list[UUID]:
    found, _ = in_tenant(
        home, OWNER, lambda tenant: lists.list_bookings(tenant, criteria, 5, offset)
    )
    return [one.id for one in found]


def exact_page(home: Installation, offset: int) -> list[UUID]:
    async def ask(tenant: TenantConnection) -> list[UUID]:
        sql = (
            "SELECT id FROM bookings WHERE organization_id = $1 ORDER BY start_time, id"
            " OFFSET $2 LIMIT 5"
        )
        return [row[0] for row in await tenant.tx.fetch(sql, OWNER, offset)]

    return in_tenant(home, OWNER, ask)


def start_of(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + number // 2 * timedelta(minutes=30)


def happened(number: int, booking: int, before: int | None = None) -> str:
    """An event about a booking that starts as the one of that number did at first."""
    data = f"""{{"start_time": "{start_of(booking):%Y-%m-%dT%H:%M:%SZ}"}}"""
    previous = f"""{{"start_time": "{start_of(before):%Y-%m-%dT%H:%M:%SZ}"}}""" if before else "{}"
    return f"""
    INSERT INTO events (organization_id, number, id, type, booking_id, data, previous, override,
        actor, created_at)
    VALUES ('{OWNER}', {number}, gen_random_uuid(), 'booking.updated', gen_random_uuid(), '{data}',
        '{previous}', false, 'kalends', now())
    """


def counted_in_the_end(home: Installation, criteria: BookingFilter) -> Iterator[int]:
    """What each request says, until one knows the total."""
    for _ in range(REQUESTS):
        total = total_of(home, criteria)
        yield total
        if not isinstance(total, MinimumTotal):
            return
    pytest.fail(f"not counted in {REQUESTS} requests")


def counted_stretches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Those that are counted from now on."""
    asked: list[int] = []
    count = stretches._count_stretch

    async def noted(*arguments: Any) -> None:
        asked.append(arguments[-2])
        await count(*arguments)

    monkeypatch.setattr(stretches, "_count_stretch", noted)
    return asked


def exact(home: Installation, condition: str, value: object) -> int:
    async def count(tenant: TenantConnection) -> int:
        sql = f"SELECT count(*) FROM bookings WHERE organization_id = $2 AND {condition}"
        return int(await tenant.tx.fetchval(sql, value, OWNER))

    return in_tenant(home, OWNER, count)


def test_each_request_counts_on_where_the_last_one_ended(large: Installation) -> None:
    counted = list(counted_in_the_end(large, BookingFilter()))
    assert len(counted) > 1
    assert counted == sorted(counted)
    assert (counted[-1], type(counted[-1])) == (BOOKINGS, int)


def test_after_a_change_only_what_it_met_is_counted_again(
    large: Installation, psql: Psql, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, total = counted_in_the_end(large, CONFIRMED)
    psql.ask(f"UPDATE bookings SET status = 'CANCELLED' WHERE {NUMBERED.format(40)}")
    psql.ask(happened(2, 40))
    asked = counted_stretches(monkeypatch)
    assert (total, total_of(large, CONFIRMED)) == (BOOKINGS, BOOKINGS - 1)
    assert len(asked) == 1


def test_a_booking_that_moved_is_counted_where_it_was_too(
    large: Installation, psql: Psql, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(counted_in_the_end(large, CONFIRMED))
    later = "start_time = start_time + '48 h', end_time = end_time + '48 h'"
    psql.ask(f"UPDATE bookings SET {later} WHERE {NUMBERED.format(10)}")
    psql.ask(happened(2, 202, before=10))
    asked = counted_stretches(monkeypatch)
    assert total_of(large, CONFIRMED) == BOOKINGS
    assert len(asked) == 2


def test_a_page_far_behind_is_found_in_its_stretch(large: Installation) -> None:
    list(counted_in_the_end(large, CONFIRMED))
    for offset in (20, 29, 30, 31, 150, 198, 200, 500):
        shown = page(large, CONFIRMED, offset)
        assert shown == exact_page(large, offset)


def test_a_page_far_behind_waits_until_all_are_counted(large: Installation) -> None:
    with pytest.raises(Unavailable, match="still being counted"):
        page(large, CONFIRMED, 150)


def test_what_is_to_come_is_counted_from_its_stretch_on(large: Installation) -> None:
    for number in (20, 31, 100):
        criteria = structs.replace(BookingFilter(), after=start_of(number))
        *_, total = counted_in_the_end(large, criteria)
        assert total == exact(large, "start_time > $1", start_of(number))


def test_events_that_were_replaced_have_all_counted_again(large: Installation, psql: Psql) -> None:
    list(counted_in_the_end(large, CONFIRMED))
    psql.ask("UPDATE events SET id = gen_random_uuid()")
    psql.ask(f"UPDATE bookings SET status = 'CANCELLED' WHERE {NUMBERED.format(150)}")
    *_, total = counted_in_the_end(large, CONFIRMED)
    assert total == exact(large, "status = $1", "CONFIRMED")
