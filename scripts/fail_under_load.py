"""Kills and freezes parts of an installation under load, one and two at once, and then looks for
what was lost.

    .venv/bin/python -m scripts.fail_under_load
    .venv/bin/python -m scripts.fail_under_load --only primary:frozen,worker:killed --down 30

Two PostgreSQL 15 with synchronous replication, two servers that name both, a worker, a receiver of
webhooks, a mail server and a CalDAV server with a calendar for each trial, all on this machine.
Lanes of clients book under keys and change what they booked, and ask again for what is not
answered. Each trial kills (SIGKILL) or freezes (SIGSTOP) a primary, a standby, a server, a worker,
or two of them; a primary that fails without its standby has that promoted. In the last ones an
operator changes a setting and restarts a PostgreSQL, and a primary wakes up after its standby was
promoted. What failed comes back while the load goes on.

Then every booking has to be as it was answered last, with one event for each change, numbers
without a gap, a claim where it occupies time, its key kept, and each webhook and mail has to have
arrived, in the order of the booking's events; the calendar has an entry for each booking of half of
the lanes that is CONFIRMED, at its time, and no other. Exits 1 where something is not so. A trial
takes a minute, or five where messages do not arrive.
"""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.caldav_servers import CalDavServer
from tests.failover import stage
from tests.failover.trials import (
    ARRIVES_WITHIN_SECONDS,
    FROZEN,
    KILLED,
    PARTS,
    RESTARTED,
    WAYS,
    WOKEN,
    Failure,
    Trial,
    prepared,
)
from tests.servers import WorkerProcess

from scripts.kill_while_writing import (
    Calendar,
    compare,
    connected_to,
    find_calendar,
    running_caldav,
    write_into,
)

CALDAV = "radicale"
Failures = tuple[Failure, ...]


def all_trials() -> list[Failures]:
    """Each part in each way, each two of them in each two ways, and what an operator does."""
    each = [Failure(part, way) for part in PARTS for way in (KILLED, FROZEN)]
    pairs = [two for two in itertools.combinations(each, 2) if two[0].part != two[1].part]
    by_hand = [("primary", RESTARTED), ("standby", RESTARTED), ("primary", WOKEN)]
    return [*((one,) for one in each), *pairs, *((Failure(*one),) for one in by_hand)]


def main() -> None:
    given = _arguments()
    wrong = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kalends-trials-")))
        folders = stack.enter_context(stage.short_folder())
        pair = stack.enter_context(stage.running_pair(folders, stage.made_template(folders)))
        serving = stack.enter_context(stage.running_servers(pair, folder))
        environment = next(iter(serving.by_node.values())).environment
        worker = stack.enter_context(WorkerProcess(environment, folder / "worker.log"))
        caldav = stack.enter_context(running_caldav(CALDAV, folder))
        for failures in given.only or all_trials():
            with stage.running_fleet(pair, serving) as fleet:
                trial = prepared(fleet, serving, worker, given.lanes, given.pause)
                calendar = _calendar_of(trial, caldav)
                fault = _try(trial, serving, calendar, failures, given)
                wrong += fault is not None
    print(f"{wrong} trials found something")
    sys.exit(wrong > 0)


def _calendar_of(trial: Trial, caldav: CalDavServer) -> Calendar:
    """A new one, into which all that is booked by half of the lanes is written."""
    calendar = Calendar(caldav, CALDAV)
    world = trial.fleet.world
    calendar_id = find_calendar(world, connected_to(world, caldav), calendar)
    lanes = trial.load.schedules
    trial.written = frozenset(schedule["id"] for schedule in lanes[: len(lanes) // 2])
    for schedule_id in trial.written:
        write_into(world, schedule_id, calendar_id)
    return calendar


def _assert_written(trial: Trial, calendar: Calendar) -> None:
    expected, found, seconds = compare(
        trial.fleet.world, calendar, ARRIVES_WITHIN_SECONDS, trial.written
    )
    trial.messages["calendar"] = f"{sum(found.values())} events after {seconds:.0f} s"
    missing, more = expected - found, found - expected
    assert found == expected, f"events missing {len(missing)}, too many {len(more)}"


def _try(
    trial: Trial,
    serving: stage.Serving,
    calendar: Calendar,
    failures: Failures,
    given: argparse.Namespace,
) -> str | None:
    """What was wrong, which is printed with the figures."""
    servers = trial.fleet.servers
    logs = {server.log_file: server.log_file.stat().st_size for server in servers}
    fault = None
    try:
        asyncio.run(trial.run(failures, given.answers, given.down))
        trial.assert_nothing_was_lost()
        for destination in serving.destinations.values():
            trial.assert_arrived(destination)
        trial.assert_all_is_recorded()
        _assert_written(trial, calendar)
    except (AssertionError, TimeoutError) as error:
        fault = f"{type(error).__name__}: {error}"
    again = "-" if trial.answered_after is None else f"{trial.answered_after:.0f} s"
    codes = [refusal["code"] for refusal in trial.load.refusals]
    refused = ", ".join(f"{codes.count(code)} {code}" for code in sorted(set(codes)))
    waits = Counter(wait for log, size in logs.items() for wait in _failed_waits(log, size))
    waited = ", ".join(f"{count} for {wait}" for wait, count in waits.items())
    messages = "; ".join(f"{name}: {said}" for name, said in trial.messages.items())
    names = " + ".join(map(str, failures))
    print(
        f"{names}: both answer after {again}, and mended after"
        f" {trial.mended_after:.0f} s; {len(trial.load.answered)} bookings;"
        f" refused: {refused or 'none'} ({waited}); {messages}"
        f"{f'; WRONG: {fault}' if fault else ''}",
        flush=True,
    )
    return fault


def _failed_waits(log: Path, since: int) -> Iterator[str]:
    """What requests waited for in vain, as the server's log says, once in ten seconds for each."""
    for text in log.read_text()[since:].splitlines():
        line = json.loads(text) if text.startswith("{") else {}
        if line.get("event") == "answered with 503":
            yield from [line["waited_for"]] * (1 + line["more_since_the_last"])


def _failures(text: str) -> Failures:
    """`primary:frozen,worker:killed`"""
    found = tuple(Failure(*one.split(":")) for one in text.split(","))
    assert all(one.part in PARTS and one.way in WAYS for one in found)
    return found


def _arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=_failures, action="append", metavar="PART:WAY[,PART:WAY]")
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds after each answer")
    parser.add_argument("--answers", type=int, default=24, help="of each server, thrice in a trial")
    parser.add_argument("--down", type=float, default=8.0, help="seconds until mended")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
