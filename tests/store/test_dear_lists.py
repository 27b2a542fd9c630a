"""Lists of so many bookings that they cannot be counted in time: their pages are shown all the
same to people, who see how many there are at least."""

import pytest
from tests.psql import Psql
from tests.store.large import OWNER, fill
from tests.store.tenants import in_tenant

from kalends.compose import Installation
from kalends.domain.booking import Booking, BookingFilter, MinimumTotal
from kalends.domain.errors import Unavailable
from kalends.runtime.shown_bookings import list_shown_bookings
from kalends.store.bookings import lists

BOOKINGS = 400
COUNTED_AT_MOST = 20
# Each row takes 10 ms to look at, so that all of them take 4 s.
FILL = f"""
{fill(BOOKINGS)}
ANALYZE bookings;
ALTER TABLE bookings RENAME TO quick_bookings;
CREATE VIEW bookings AS
    SELECT xmin, * FROM quick_bookings WHERE pg_sleep(0.01) IS NOT NULL;
"""


@pytest.fixture(scope="module")
def large(own_home: Installation, psql: Psql) -> Installation:
    psql.ask(FILL)
    return own_home


@pytest.fixture(autouse=True)
def _counts_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED_AT_MOST", COUNTED_AT_MOST)
    monkeypatch.setattr(lists, "COUNTED_UNTIL_SECONDS", 0.0)


def listed(
    home: Installation, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[Booking], int]:
    return in_tenant(
        home, OWNER, lambda tenant: lists.list_bookings(tenant, criteria, limit, offset)
    )


@pytest.mark.parametrize(
    "criteria", [BookingFilter(), BookingFilter(attendee_email="example.com")], ids=["all", "text"]
)
def test_a_list_that_is_dear_to_count_has_its_page(
    large: Installation, criteria: BookingFilter
) -> None:
    first, total = listed(large, criteria, 5, 0)
    assert [one.attendee_email for one in first] == [f"{n}@example.com" for n in range(1, 6)]
    assert isinstance(total, MinimumTotal)
    assert total == COUNTED_AT_MOST


def test_a_page_beyond_what_is_counted_says_that_more_follow(large: Installation) -> None:
    shown, total = listed(large, BookingFilter(), 5, 18)
    assert (len(shown), total) == (5, 24)


def test_the_api_shows_no_total_but_the_whole_one(large: Installation) -> None:
    with pytest.raises(Unavailable, match="still being counted"):
        in_tenant(large, OWNER, lambda tenant: list_shown_bookings(tenant, BookingFilter(), 5, 0))


def test_stamps_of_a_dear_list_are_those_of_its_page(large: Installation) -> None:
    stamps, total = in_tenant(
        large, OWNER, lambda tenant: lists.list_stamps(tenant, BookingFilter(), 5, 0)
    )
    assert (len(stamps), total) == (5, COUNTED_AT_MOST)


def test_a_list_is_counted_whole_where_that_is_soon_done(large: Installation) -> None:
    first = listed(large, BookingFilter(), 1, 0)[0][0].start_time
    found, total = listed(large, BookingFilter(until=first), 5, 0)
    assert (len(found), total, type(total)) == (1, 1, int)


def test_a_search_that_takes_too_long_says_what_to_do(large: Installation) -> None:
    with pytest.raises(Unavailable, match="those of a schedule, or of some days"):
        listed(large, BookingFilter(attendee_email="nobody.of.this.name"), 5, 0)
