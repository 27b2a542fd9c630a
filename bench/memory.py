"""`python -m bench.memory`: what a process holds, before, during and after a load.

All calls at once, with a booking among twenty, whose mails and webhooks the same process delivers.
"""

import itertools
import random
import time
from pathlib import Path
from typing import Final

from bench import report, requests
from bench.arguments import read_number
from bench.load import Request, drive
from bench.stage import Home, Plan, home_of, stage_of
from bench.world import BenchWorld

TARGET_MB: Final = 100
BOOKINGS: Final = 200_000
SETTLED_AFTER_SECONDS: Final = 5
PLAN: Final = Plan(rounds=1, seconds=60, warm_up=0)


def main() -> None:
    minutes = read_number("memory", __doc__, "minutes", 10, "how long the load lasts")
    with home_of(BenchWorld(BOOKINGS)) as home, stage_of(home, PLAN) as stage:
        time.sleep(SETTLED_AFTER_SECONDS)
        _show("before", stage.server.pid)
        request = _any_call(home)
        for minute in range(1, minutes + 1):
            sent = drive(stage.server.port, request, PLAN.seconds).checked().count
            _show(f"after {minute} min, {sent:,} requests in the last", stage.server.pid)
        time.sleep(SETTLED_AFTER_SECONDS)
        _show("at rest", stage.server.pid)


def _show(when: str, pid: int) -> None:
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    )
    megabytes = int(line.split()[1]) / 1000
    print(
        f"{when}: {megabytes:.1f} MB (at most {TARGET_MB}); load {report.load_average():.1f}",
        flush=True,
    )


def _any_call(home: Home) -> Request:
    world, some = home.world, random.Random(1)
    calls = [
        requests.get(world),
        requests.list_confirmed(world),
        requests.slots(world, range(world.schedules)),
        home.bookings(has_webhook=True),
    ]
    chosen = itertools.cycle(some.choices(calls, weights=(12, 4, 3, 1), k=10_000))
    return Request(lambda: next(chosen).make(), status=None)


if __name__ == "__main__":
    main()
