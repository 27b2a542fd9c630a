"""Values of all kinds on their way in and out: nothing that comes can break them."""

from typing import Any

import pytest

from kalends.domain.values import Day
from kalends.formats.encoding import encode
from kalends.formats.lenient_json import DEEPEST, clean, life_in, link_in
from kalends.formats.times import known_zone
from kalends.web.console.settings.forms.typed import clock_text


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def depth_of(value: Any) -> int:
    return 1 + depth_of(value[0]) if isinstance(value, list) else 0


def test_what_is_nested_deeper_than_anybody_needs_is_cut() -> None:
    assert clean(nested(DEEPEST)) == nested(DEEPEST)
    assert depth_of(clean(nested(500))) == DEEPEST + 1


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (2**53 + 1, str(2**53 + 1)),
        (10**40, None),
        (True, True),
        ("a\x00\ud800", "a\ufffd\ufffd"),
    ],
)
def test_what_cannot_be_stored_is_replaced(value: Any, kept: Any) -> None:
    assert clean({"key": value}) == {"key": kept}


def test_a_day_is_encoded_as_it_is_written() -> None:
    assert encode({"day": Day.parse("2030-01-02")}) == b'{"day":"2030-01-02"}'


def test_a_value_that_has_no_json_is_a_mistake_of_ours() -> None:
    with pytest.raises(NotImplementedError):
        encode(object())


def test_without_a_zone_that_is_known_times_are_in_utc() -> None:
    assert known_zone("Mars", None, "").name == "UTC"
    assert known_zone("Mars", "Asia/Tokyo").name == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("typed", "clock"),
    [
        ("9", "09:00"),
        ("9:30", "09:30"),
        ("930", "09:30"),
        ("5 pm", "17:00"),
        ("12 am", "00:00"),
        ("12 p.m.", "12:00"),
        ("13 pm", "13 pm"),
        ("0 am", "0 am"),
        ("noon", "noon"),
    ],
)
def test_a_time_of_day_is_read_as_people_type_it(typed: str, clock: str) -> None:
    assert clock_text(typed) == clock


@pytest.mark.parametrize(
    "value",
    ["https://a.example/\x00", "https://a.example/\nX:1", "https://a.example/ b", "javascript:1",
     "http://a.example/", "https://a@b.example/", "https://a.example/" + "a" * 2000, None, 5],
)  # fmt: skip
def test_what_is_no_link_is_none(value: Any) -> None:
    assert link_in(value) is None


def test_a_link_is_read_as_it_stands() -> None:
    teams = "https://teams.example/l/meetup-join/19%3a@thread.v2/0?context=%7b%22Tid%22%7d#a"
    assert link_in(teams) == teams


def test_a_life_is_a_year_at_most() -> None:
    assert [life_in(one) for one in (60, -5, True, "60", None)] == [60, 0, None, None, None]
    assert life_in(10**30) == 366 * 86_400
