"""The slots engine alone, beside the plain reference: `python -m bench.slots_engine`.

CPU time, median of 200 runs after warm-up, from unsorted pairs in memory (integers for the engine,
datetimes for the reference), and the best of them, which other work on the machine disturbs less.
The same range is asked each time, so the engine's kept grid is warm. Answers are compared with
those of an established scheduler. Exits with 1 if one differs or a target is missed.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, reset_tzpath

from bench import slots_reference
from kalends.availability.hours import Hours, Window
from kalends.availability.interval import Interval
from kalends.availability.matching import SlotRequirement
from kalends.availability.slot_inputs import Calendar, SlotInputs, SlotTerms
from kalends.availability.slots import slots
from kalends.availability.wallclock import zone_named

DATA: Final = Path(__file__).parent / "data"
TARGETS_MS: Final = {"w1_spread": 0.15, "w2_roundrobin20": 5.0}
RUNS: Final = 200
WARM_UP: Final = 20
RUNS_OF_REFERENCE: Final = 5

ZONE: Final = "America/Los_Angeles"
HALF_AN_HOUR: Final = 1800
NOTICE: Final = 7200
WORKDAY: Final = (Window(9 * 60, 17 * 60),)
BEFORE_THE_RANGE: Final = timedelta(days=30)


@dataclass(frozen=True)
class Workload:
    name: str
    begins: datetime
    ends: datetime
    busy: list[list[tuple[datetime, datetime]]]
    expected: list[int]

    @classmethod
    def read(cls, name: str) -> "Workload":
        given, answer = _json(f"{name}.json"), _json(f"{name}.expected.json")
        busy = [[(_instant(a), _instant(b)) for a, b in host] for host in given["busy"]]
        expected = [_seconds(_instant(slot["time"])) for day in answer.values() for slot in day]
        return cls(name, _instant(given["from"]), _instant(given["to"]), busy, sorted(expected))


def main() -> int:
    reset_tzpath(to=())
    print(
        f"{'':16}{'engine':>12}{'best':>12}{'reference':>14}{'ratio':>9}{'target':>12}{'slots':>7}"
    )
    return max(_report(Workload.read(name), target) for name, target in TARGETS_MS.items())


def _report(workload: Workload, target_ms: float) -> int:
    answer, engine_ms, best_ms = _measure(_engine(workload), RUNS)
    plain, reference_ms, _ = _measure(_reference(workload), RUNS_OF_REFERENCE)
    ratio = reference_ms / engine_ms
    times = f"{engine_ms:>9.3f} ms{best_ms:>9.3f} ms{reference_ms:>11.1f} ms"
    print(f"{workload.name:16}{times}{ratio:>8.0f}x{target_ms:>9.2f} ms{len(answer):>7}")
    is_right = answer == workload.expected
    is_right_there = [_seconds(start) for start in plain] == workload.expected
    for what, holds in (
        ("the engine's answer differs", is_right),
        ("the reference's answer differs", is_right_there),
        ("the target is missed", engine_ms <= target_ms),
    ):
        if not holds:
            print(f"{workload.name}: {what}")
    return 0 if is_right and is_right_there and engine_ms <= target_ms else 1


def _measure(call: Callable[[], list[Any]], runs: int) -> tuple[list[Any], float, float]:
    """Its answer, and the median and the least of its CPU time in milliseconds."""
    for _ in range(min(runs, WARM_UP)):
        answer = call()
    took = []
    for _ in range(runs):
        began = process_time_ns()
        answer = call()
        took.append(process_time_ns() - began)
    return answer, median(took) / 1e6, min(took) / 1e6


def _engine(workload: Workload) -> Callable[[], list[int]]:
    """From pairs of integers to slots; calendars are made anew each time, as a request does."""
    hosts = [[(_seconds(a), _seconds(b)) for a, b in host] for host in workload.busy]
    ids = [UUID(int=number) for number in range(len(hosts))]
    hours = Hours(((WORKDAY,) * 5) + ((),) * 2)
    span = Interval(_seconds(workload.begins), _seconds(workload.ends))
    now = _seconds(workload.begins - BEFORE_THE_RANGE)

    def answer() -> list[int]:
        zone = zone_named(ZONE)
        inputs = SlotInputs(
            terms=SlotTerms(HALF_AN_HOUR, HALF_AN_HOUR, notice=NOTICE),
            calendars=[Calendar(id_, zone, hours, busy) for id_, busy in named],
            requirements=(SlotRequirement(1, ids),),
            zone=zone,
            now=now,
        )
        return slots(inputs, span).starts

    named = list(zip(ids, hosts, strict=True))
    return answer


def _reference(workload: Workload) -> Callable[[], list[datetime]]:
    half_an_hour = timedelta(seconds=HALF_AN_HOUR)
    question = slots_reference.SlotQuestion(
        zone=ZoneInfo(ZONE),
        opens=time(9),
        closes=time(17),
        duration=half_an_hour,
        step=half_an_hour,
        notice=timedelta(seconds=NOTICE),
        now=workload.begins - BEFORE_THE_RANGE,
        begins=workload.begins,
        ends=workload.ends,
    )
    return lambda: slots_reference.slots_of_any(question, workload.busy)


def _json(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((DATA / name).read_text())
    return read


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


if __name__ == "__main__":
    sys.exit(main())
