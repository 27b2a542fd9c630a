"""The figures, and how they are shown."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from msgspec import Struct, json
from rich.console import Console
from rich.table import Table

from bench.cpu import Spent
from bench.load import Load

TARGET_SHARES: Final = {"get": 0.20, "list 50 + total": 0.35, "create": 0.40}


@dataclass(frozen=True)
class Turn:
    """One turn: what came over HTTP, what pgbench did a second, and the processor time of both."""

    load: Load
    spent: Spent
    pgbench_per_second: float
    spent_by_pgbench: Spent
    pgbench_seconds: float
    load_average: float

    @property
    def share(self) -> float:
        return self.load.per_second / self.pgbench_per_second


class Figures(Struct, frozen=True):
    """Medians over the rounds; `share` is that of the rounds' `shares`. Times in milliseconds.

    `load_average` is the highest, of the minute before a turn; our own load is a part of it.
    """

    call: str
    per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    database_cpu_ms: float
    pgbench_per_second: float
    pgbench_database_cpu_ms: float
    share: float
    shares: list[float]
    load_average: float
    target_share: float | None


def figures_of(call: str, turns: Sequence[Turn]) -> Figures:
    cuts = [quantiles(turn.load.latencies, n=100) for turn in turns]
    return Figures(
        call=call,
        per_second=median(turn.load.per_second for turn in turns),
        p50_ms=median(cut[49] for cut in cuts) * 1000,
        p99_ms=median(cut[98] for cut in cuts) * 1000,
        server_cpu_ms=median(t.spent.server / t.load.sent for t in turns) * 1000,
        database_cpu_ms=median(t.spent.database / t.load.sent for t in turns) * 1000,
        pgbench_per_second=median(turn.pgbench_per_second for turn in turns),
        pgbench_database_cpu_ms=median(
            t.spent_by_pgbench.database / (t.pgbench_per_second * t.pgbench_seconds) for t in turns
        )
        * 1000,
        share=median(turn.share for turn in turns),
        shares=[turn.share for turn in turns],
        load_average=max(turn.load_average for turn in turns),
        target_share=TARGET_SHARES.get(call),
    )


def as_json(figures: Sequence[Figures]) -> str:
    return json.format(json.encode(figures), indent=2).decode()


def show(figures: Sequence[Figures]) -> None:
    table = Table(title="Kalends, one process, beside its own database (medians)")
    for heading in (
        "", "req/s", "p50 ms", "p99 ms", "server CPU ms", "database CPU ms",
        "pgbench/s", "its database CPU ms", "share", "each round", "load", "target",
    ):  # fmt: skip
        table.add_column(heading, justify="right" if heading else "left")
    for one in figures:
        target = "" if one.target_share is None else f"{one.target_share:.0%}"
        table.add_row(
            one.call,
            f"{one.per_second:,.0f}",
            f"{one.p50_ms:.2f}",
            f"{one.p99_ms:.2f}",
            f"{one.server_cpu_ms:.3f}",
            f"{one.database_cpu_ms:.3f}",
            f"{one.pgbench_per_second:,.0f}",
            f"{one.pgbench_database_cpu_ms:.3f}",
            f"[bold]{one.share:.0%}[/bold]",
            " ".join(f"{share:.0%}" for share in one.shares),
            f"{one.load_average:.1f}",
            target,
        )
    console = Console()
    (console if console.is_terminal else Console(width=150)).print(table)


def report_progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
