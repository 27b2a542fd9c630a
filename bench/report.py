"""The figures, and how they are shown."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct, json
from rich.console import Console
from rich.table import Table

from bench.cpu import Spent

F: Final = "F: a row in bare Python"
M_GET: Final = "M: get"
M_CREATE: Final = "M: create"
M_GET_PACED: Final = "M: get, at the server's pace"
M_CREATE_PACED: Final = "M: create, at the server's pace"
OLD_GET: Final = "6ccf771: get"
OLD_LIST: Final = "6ccf771: list"
OLD_LIST_LARGE: Final = "6ccf771: list of the largest"
OLD_SLOTS: Final = "6ccf771: slots"
OLD_CREATE: Final = "6ccf771: create, nothing sent"

HEADINGS: Final = (
    "", "req/s", "server CPU ms", "of F", "at its pace", "at most", "database CPU ms", "of", "",
    "at its pace", "at most",
)  # fmt: skip


class Turn(Struct, frozen=True):
    """One turn: processor milliseconds of each request, requests a second, F's turn just before it,
    and the one after it at its pace. What only asks the database has neither a server nor those."""

    server_ms: float
    database_ms: float
    per_second: float
    floor: "Turn | None" = None
    paced_floor: "Turn | None" = None

    @classmethod
    def of(
        cls,
        spent: Spent,
        count: int,
        per_second: float,
        floor: "Turn | None" = None,
        paced_floor: "Turn | None" = None,
    ) -> "Turn":
        """So many requests spent that together."""
        each = 1000 / count
        return cls(spent.server * each, spent.database * each, per_second, floor, paced_floor)


@dataclass(frozen=True)
class ReportRow:
    """A row of the table: what its processor time is compared with, and the most that it may be
    of that; None where nothing is asked. `paced` is the same yardstick, asked as often a second as
    the server was: waking a backend that sleeps costs more than asking one that is kept busy."""

    name: str
    most_of_floor: float | None = None
    database_yardstick: str | None = None
    most_of_yardstick: float | None = None
    paced: str | None = None


GET: Final = ReportRow("get", 1.5, M_GET, 1.3, M_GET_PACED)
LIST: Final = ReportRow("list of 50, with total", 3.5, OLD_LIST, 0.5)
LIST_LARGE: Final = ReportRow("the same, of the largest organization", None, OLD_LIST_LARGE, 0.5)
CREATE: Final = ReportRow("create, two mails delivered", 8.0, M_CREATE, 2.0, M_CREATE_PACED)
CREATE_WITH_WEBHOOK: Final = ReportRow("create, two mails and a webhook", None, M_CREATE)
SLOTS: Final = ReportRow("slots, 14 days, 200 bookings", 1.6, OLD_SLOTS, 0.35)
WEBHOOK: Final = ReportRow("one webhook delivered", 1.8)
MAIL: Final = ReportRow("one mail delivered", 4.0)
CALLS: Final = (
    GET, LIST, LIST_LARGE, CREATE, CREATE_WITH_WEBHOOK, SLOTS, WEBHOOK, MAIL,
)  # fmt: skip


class Circumstances(Struct, frozen=True):
    """When, of what and beside what was measured. Load averages are of the minute before; our own
    work is a part of the second."""

    at: str
    commit: str
    bookings: int
    rounds: int
    load_at_start: float
    load_at_end: float


class Report(Struct, frozen=True):
    """All turns by name, in the order of their rounds."""

    circumstances: Circumstances
    turns: Mapping[str, Sequence[Turn]]
    round_trips_of_create: float

    @property
    def floors(self) -> list[Turn]:
        """All turns of F."""
        return [turn.floor for turns in self.turns.values() for turn in turns if turn.floor]

    def server_ratio(self, call: ReportRow) -> float:
        """The median of the ratios to the turns of F just before."""
        turns = self.turns[call.name]
        return median(turn.server_ms / turn.floor.server_ms for turn in turns if turn.floor)

    def paced_ratio(self, call: ReportRow) -> float | None:
        """The same, to the turns of F just after, at the pace of the call."""
        turns = self.turns[call.name]
        ratios = [turn.server_ms / turn.paced_floor.server_ms for turn in turns if turn.paced_floor]
        return median(ratios) if ratios else None

    def database_ratio(self, call: ReportRow, yardstick: str | None) -> float | None:
        """The median of the rounds' ratios to a yardstick of the call, if it has that."""
        if yardstick is None:
            return None
        turns = zip(self.turns[call.name], self.turns[yardstick], strict=True)
        return median(turn.database_ms / beside.database_ms for turn, beside in turns)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def commit() -> str:
    """The commit that is measured, and whether anything differs from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=7"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def load_average() -> float:
    return os.getloadavg()[0]


def report_progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def as_json(report: Report) -> str:
    return json.format(json.encode(report), indent=2).decode()


def as_markdown(report: Report) -> str:
    """The README's table, and what has to stand below it."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *_rows(report)]
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([*lines, "", _words_of(report)])


def show(report: Report) -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=150)
    measured = Table(title="Kalends, one process: medians, ratios between neighbouring turns")
    for heading in HEADINGS:
        measured.add_column(heading, justify="right" if heading else "left")
    for cells in _rows(report):
        measured.add_row(*cells)
    console.print(measured)
    names = {call.name for call in CALLS}
    beside = Table(title="What it is compared with")
    for heading in ("", "a second", "server CPU ms", "database CPU ms"):
        beside.add_column(heading, justify="right" if heading else "left")
    beside.add_row(F, *_figures(report.floors))
    for name, turns in report.turns.items():
        if name not in names:
            beside.add_row(name, *_figures(turns))
    console.print(beside)
    console.print(_words_of(report))


def _words_of(report: Report) -> str:
    c, floor = report.circumstances, median(turn.server_ms for turn in report.floors)
    return (
        f"{c.at}, commit {c.commit}: {c.bookings:,} bookings, medians of {c.rounds} rounds. F was"
        f" {floor:.2f} ms. A create makes {report.round_trips_of_create:.1f} round trips to"
        f" PostgreSQL. The load of the machine's {os.cpu_count()} processors was"
        f" {c.load_at_start:.1f} at the start and {c.load_at_end:.1f} at the end: a rate says"
        " what was left to Kalends then."
    )


def _rows(report: Report) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for call in CALLS:
        rate, server_ms, database_ms = _figures(report.turns[call.name])
        of_floor = report.server_ratio(call)
        of_yardstick = report.database_ratio(call, call.database_yardstick)
        of_paced = report.database_ratio(call, call.paced)
        rows.append((
            call.name, rate, server_ms, _shown(of_floor), _shown(report.paced_ratio(call)),
            _shown(call.most_of_floor), database_ms, call.database_yardstick or "",
            _shown(of_yardstick), _shown(of_paced), _shown(call.most_of_yardstick),
        ))  # fmt: skip
    return rows


def _figures(turns: Sequence[Turn]) -> tuple[str, str, str]:
    server, database = (
        median(getattr(turn, which) for turn in turns) for which in ("server_ms", "database_ms")
    )
    rate = median(turn.per_second for turn in turns)
    return f"{rate:,.0f}", f"{server:.3f}" if server else "", f"{database:.3f}"


def _shown(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
