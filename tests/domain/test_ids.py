"""Ids: of what was made one after the other, the later one is greater."""

from datetime import UTC, datetime

from kalends.domain.ids import first_id_at, new_id, time_of_id

MOMENT = datetime(2026, 12, 1, 9, 30, 0, 5000, UTC)
MOMENT_MS = 1_796_117_400_005


def test_ids_of_one_millisecond_ascend() -> None:
    made = [new_id(MOMENT_MS) for _ in range(2_000)]
    assert made == sorted(set(made))
    assert {time_of_id(one) for one in made} == {MOMENT}
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert first_id_at(MOMENT) <= made[0]
    assert made[-1] < new_id(MOMENT_MS + 1)


def test_ids_made_at_once_ascend() -> None:
    made = [new_id() for _ in range(2_000)]
    assert made == sorted(set(made))
