"""`python -m bench`, which `make bench` runs: the yardstick.

Compares, within one run and turn by turn, what the server and its database spend on a request with
the floor in Python (F), the fewest statements that would do the same (M), and the statements of
commit 6ccf771. Figures are medians of the rounds; ratios are taken between neighbouring turns.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench import report, requests
from bench.load import Request
from bench.pgbench import (
    FEWEST_CREATE,
    FEWEST_GET,
    OLD_CREATE,
    OLD_GET,
    OLD_LIST,
    OLD_LIST_LARGE,
    OLD_SLOTS,
    Script,
)
from bench.report import Circumstances, Report, ReportRow, Turn, report_progress
from bench.round_trips import round_trips_of_create
from bench.stage import (
    BenchStage,
    Home,
    Plan,
    deliver_mails,
    deliver_webhooks,
    home_of,
    stage_of,
)
from bench.world import BenchWorld

BOOKINGS: Final = 200_000
FULL: Final = Plan(rounds=5, seconds=4, warm_up=0.7, least=400)
QUICK: Final = Plan(rounds=1, seconds=1.5, warm_up=0.7, least=100)


def main() -> None:
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    world = BenchWorld(arguments.bookings)
    load_at_start = report.load_average()
    with home_of(world) as home:
        turns = _play(home, plan)
        report_progress("the round trips of a create")
        round_trips = round_trips_of_create(home, plan)
    made = Report(
        Circumstances(
            at=report.now(),
            commit=report.commit(),
            bookings=world.bookings,
            rounds=plan.rounds,
            load_at_start=load_at_start,
            load_at_end=report.load_average(),
        ),
        turns,
        round_trips,
    )
    if arguments.json:
        arguments.json.write_text(report.as_json(made))
    if arguments.markdown:
        print(report.as_markdown(made))
    else:
        report.show(made)


def _turns_of(
    stage: BenchStage, turns: Mapping[str, Sequence[Turn]]
) -> Mapping[str, Callable[[], Turn]]:
    """The turns of a round, in their order; `turns` are those that were played."""
    world, pgbench = stage.home.world, stage.pgbench

    def asks(request: Request) -> Callable[[], Turn]:
        return lambda: stage.ask(request)

    def plays(script: Script) -> Callable[[], Turn]:
        return lambda: pgbench.play(script, stage.plan.seconds)

    def plays_paced(script: Script, call: ReportRow) -> Callable[[], Turn]:
        return lambda: pgbench.play(script, stage.plan.seconds, turns[call.name][-1].per_second)

    return {
        report.GET.name: asks(requests.get(world)),
        report.M_GET: plays(FEWEST_GET),
        report.M_GET_PACED: plays_paced(FEWEST_GET, report.GET),
        report.OLD_GET: plays(OLD_GET),
        report.LIST.name: asks(requests.list_confirmed(world)),
        report.OLD_LIST: plays(OLD_LIST),
        report.LIST_LARGE.name: asks(requests.list_confirmed_of_large()),
        report.OLD_LIST_LARGE: plays(OLD_LIST_LARGE),
        report.SLOTS.name: asks(requests.slots(world, range(1, 2))),
        report.OLD_SLOTS: plays(OLD_SLOTS),
        report.CREATE.name: lambda: stage.create(has_webhook=False),
        report.CREATE_WITH_WEBHOOK.name: lambda: stage.create(has_webhook=True),
        report.M_CREATE: plays(FEWEST_CREATE),
        report.M_CREATE_PACED: plays_paced(FEWEST_CREATE, report.CREATE),
        report.OLD_CREATE: plays(OLD_CREATE),
    }


def _play(home: Home, plan: Plan) -> Mapping[str, Sequence[Turn]]:
    """Every turn in every round, each round with a server of its own."""
    turns: defaultdict[str, list[Turn]] = defaultdict(list)

    def play(name: str, turn: Callable[[], Turn]) -> None:
        report_progress(f"round {len(turns[name]) + 1} of {plan.rounds}: {name}")
        turns[name].append(turn())

    for _ in range(plan.rounds):
        with stage_of(home, plan) as stage:
            for name, turn in _turns_of(stage, turns).items():
                play(name, turn)
        play(report.WEBHOOK.name, lambda: deliver_webhooks(home, plan))
        play(report.MAIL.name, lambda: deliver_mails(home, plan))
    return turns


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, rough")
    parser.add_argument("--bookings", type=int, default=BOOKINGS, help="how many there are")
    parser.add_argument("--json", type=Path, help="a file for every turn, as JSON")
    parser.add_argument("--markdown", action="store_true", help="the README's table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
