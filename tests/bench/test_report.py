"""The figures of the yardstick."""

import pytest
from bench.report import (
    CALLS,
    CREATE,
    GET,
    M_CREATE,
    M_GET,
    Circumstances,
    Report,
    Turn,
    as_markdown,
)

pytestmark = pytest.mark.pure

CIRCUMSTANCES = Circumstances(
    at="2026-03-01 12:00 UTC",
    commit="0123456",
    bookings=200_000,
    rounds=3,
    load_at_start=1.0,
    load_at_end=2.0,
)


def report(server_ms: list[float], floor_ms: list[float], yardstick_ms: list[float]) -> Report:
    """Each list has one figure a round; the database's is half of the server's. At the server's
    pace, floor and yardstick take twice as much."""
    turns = [
        Turn(server, server / 2, 100, Turn(floor, 0.1, 1000), Turn(2 * floor, 0.2, 100))
        for server, floor in zip(server_ms, floor_ms, strict=True)
    ]
    yardstick = [Turn(0, ms, 5000) for ms in yardstick_ms]
    named = {call.name: turns for call in CALLS}
    beside = {call.database_yardstick: yardstick for call in CALLS if call.database_yardstick}
    paced = {
        call.paced: [Turn(0, 2 * ms, 100) for ms in yardstick_ms] for call in CALLS if call.paced
    }
    return Report(CIRCUMSTANCES, named | beside | paced, 6.0)


def test_the_servers_ratio_is_to_the_floor_just_before() -> None:
    made = report([2.0, 4.0, 9.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert made.server_ratio(GET) == 2.0


def test_the_databases_ratio_is_to_the_yardstick_of_its_round() -> None:
    made = report([2.0, 4.0, 8.0], [1.0, 1.0, 1.0], [1.0, 2.0, 1.0])
    assert made.database_ratio(CREATE, M_CREATE) == 1.0


def test_ratios_at_the_servers_pace_are_to_the_turns_at_that_pace() -> None:
    made = report([2.0, 4.0, 9.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert made.paced_ratio(GET) == 1.0
    assert made.database_ratio(GET, GET.paced) == 1.0


def test_what_has_no_yardstick_has_no_ratio_of_the_database() -> None:
    made = report([2.0], [1.0], [1.0])
    for call in CALLS:
        has_ratio = made.database_ratio(call, call.database_yardstick) is not None
        assert has_ratio == (call.database_yardstick is not None)


def test_the_table_names_the_targets_beside_the_ratios() -> None:
    table = as_markdown(report([0.3], [0.2], [0.1]))
    assert (
        f"| get | 100 | 0.300 | 1.50 | 0.75 | 1.50 | 0.150 | {M_GET} | 1.50 | 0.75 | 1.30 |"
        in table
    )
    assert M_CREATE in table


def test_below_the_table_stand_date_commit_and_load() -> None:
    words = as_markdown(report([0.3], [0.2], [0.1])).splitlines()[-1]
    assert "2026-03-01 12:00 UTC, commit 0123456" in words
    assert "1.0 at the start and 2.0 at the end" in words
