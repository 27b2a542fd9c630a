"""`python -m bench.slots_scale`: slots of any schedule, by how many bookings there are.

Two installations, asked in turns: one of 120,000 bookings, and one of ten million, of which the
same few schedules are asked and any of all, which no cache can hold. What counts is the ratio of
the p99 within a round. The ten million are filled once, which takes long, and each run copies them:
some 20 GB of disk, twice.
"""

from statistics import median, quantiles
from typing import Final

from bench import report, requests
from bench.arguments import read_number
from bench.load import drive
from bench.report import report_progress
from bench.stage import BenchStage, Plan, home_of, stage_of
from bench.world import BenchWorld

SMALL: Final = BenchWorld(120_000)
LARGE: Final = 10_000_000
TARGET_RATIO: Final = 1.3
# Enough to keep two cores busy, few enough that p99 is not all waiting in line.
CONNECTIONS: Final = 4
PLAN: Final = Plan(rounds=5, seconds=5, warm_up=1.5)


def main() -> None:
    large_world = BenchWorld(
        read_number("slots_scale", __doc__, "bookings", LARGE, "of the large one")
    )
    load_at_start = report.load_average()
    with (
        home_of(SMALL) as small_home,
        home_of(large_world) as large_home,
        stage_of(small_home, PLAN) as small,
        stage_of(large_home, PLAN) as large,
    ):
        few, many = range(SMALL.schedules), range(large_world.schedules)
        asked = {
            f"{SMALL.bookings:,} bookings, any of {len(few):,}": (small, few),
            f"{large_world.bookings:,} bookings, any of {len(few):,}": (large, few),
            f"{large_world.bookings:,} bookings, any of {len(many):,}": (large, many),
        }
        p99s: dict[str, list[float]] = {name: [] for name in asked}
        for number in range(1, PLAN.rounds + 1):
            for name, (stage, schedules) in asked.items():
                report_progress(f"round {number} of {PLAN.rounds}: {name}")
                p99s[name].append(_p99_ms(stage, schedules))
    _show(p99s)
    print(f"load {load_at_start:.1f} at the start, {report.load_average():.1f} at the end")


def _p99_ms(stage: BenchStage, schedules: range) -> float:
    request = requests.slots(stage.home.world, schedules)
    drive(stage.server.port, request, PLAN.warm_up, connections=CONNECTIONS).checked()
    load = drive(stage.server.port, request, PLAN.seconds, connections=CONNECTIONS).checked()
    return quantiles(load.latencies, n=100)[98] * 1000


def _show(p99s: dict[str, list[float]]) -> None:
    (_, first), *others = p99s.items()
    print(f"p99 of the first {median(first):.2f} ms")
    for name, other in others:
        ratios = [b / a for a, b in zip(first, other, strict=True)]
        shown = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{name}: p99 {median(ratios):.2f} times (at most {TARGET_RATIO}; {shown})")


if __name__ == "__main__":
    main()
