"""What PostgreSQL does by itself: scripts that pgbench plays on the same database.

A script names organization, schedule and booking by numbers, which are drawn here in the way in
which the requests draw them.
"""

import os
import random
import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cpu import Meter, Spent
from bench.report import Turn
from bench.world import FIRST_DAY, FREE_FROM, HALF_HOURS, STRIDE, BenchWorld
from kalends.store.database import SESSION
from kalends.store.embedded.process import binary

# The server's pool, by default: pgbench gets as many connections as the server has.
CONNECTIONS: Final = 10
THREADS: Final = 2
# Each connection's first transactions fill its caches and settle its plans; they are not counted.
FIRST_EACH: Final = 10
SQL: Final = Path(__file__).parent / "sql"
# That of commit 6ccf771, which planned every statement anew each time.
OLD_SESSION: Final = {
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
# As long as a mail with its calendar object, and as hard to compress as one that is sealed.
MESSAGE: Final = b64encode(random.Random(1).randbytes(8_200)).decode()
PROCESSED: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
PER_SECOND: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
FAILED: Final = re.compile(r"^number of failed transactions: [1-9].*", re.MULTILINE)

OWNER: Final = """
\\set organization CASE WHEN :schedule % 2 = 0 THEN 0 ELSE 1 + :schedule / 2 / :each END
"""
ANY_BOOKING: Final = f"""
\\set booking random(0, :bookings - 1)
\\set schedule :booking % :schedules
{OWNER}"""
ANY_ORGANIZATION: Final = "\\set organization random(1, :ordinary)\n"
LARGE_ORGANIZATION: Final = "\\set organization 0\n"
ONE_SCHEDULE: Final = f"\\set schedule 1\n{OWNER}"
# As `World.free_time` without a webhook. Ids of new bookings ascend, as UUIDv7 does.
NEXT_FREE_TIME: Final = f"""
\\set turn :turn + 1
\\set number :first + :turn * {CONNECTIONS} + :client_id
\\set booking {10**12} + :number
\\set place :number * {STRIDE} % :free_times
\\set position :place % (:schedules / 4)
\\set half_hour :place / (:schedules / 4) % {HALF_HOURS}
\\set day :place / (:schedules / 4) / {HALF_HOURS}
\\set ordinary :position / :each * 2 * :each + :position % :each
\\set schedule 2 * :ordinary + 1
\\set starts {int(FREE_FROM.timestamp())} + :day * 86400 + :half_hour * 1800
{OWNER}"""


@dataclass(frozen=True)
class Script:
    """What is drawn for each transaction, the file of its statements, and the session."""

    draw: str
    file: str
    session: Mapping[str, str]


FEWEST_GET: Final = Script(ANY_BOOKING, "fewest/get.sql", SESSION)
FEWEST_CREATE: Final = Script(NEXT_FREE_TIME, "fewest/create.sql", SESSION)
OLD_GET: Final = Script(ANY_BOOKING, "6ccf771/get.sql", OLD_SESSION)
OLD_LIST: Final = Script(ANY_ORGANIZATION, "6ccf771/list.sql", OLD_SESSION)
OLD_LIST_LARGE: Final = Script(LARGE_ORGANIZATION, "6ccf771/list.sql", OLD_SESSION)
OLD_SLOTS: Final = Script(ONE_SCHEDULE, "6ccf771/slots.sql", OLD_SESSION)
OLD_CREATE: Final = Script(NEXT_FREE_TIME, "6ccf771/create.sql", OLD_SESSION)


@dataclass(frozen=True)
class Pgbench:
    """pgbench on one filled database."""

    world: BenchWorld
    environment: Mapping[str, str]
    meter: Meter
    free_times: Iterator[int]

    def play(self, script: Script, seconds: float, pace: float | None = None) -> Turn:
        """One turn, as fast as it goes or at so many transactions a second. Of two runs, what the
        longer one took more: connecting costs as much as many a transaction."""
        with self.meter.measure() as at_first:
            first, _ = self._run(script, "-t", str(FIRST_EACH))
        with self.meter.measure() as in_all:
            paced = () if pace is None else ("-R", f"{pace:.0f}")
            count, per_second = self._run(script, "-T", str(max(1, round(seconds))), *paced)
        alone = Spent(database=in_all.database - at_first.database)
        return Turn.of(alone, count - first, per_second)

    def _run(self, script: Script, *how_many: str) -> tuple[int, float]:
        """How many transactions there were, and how many a second."""
        variables = {
            "bookings": self.world.bookings,
            "schedules": self.world.schedules,
            "each": self.world.schedules_each,
            "ordinary": self.world.ordinary_organizations,
            "free_times": self.world.free_times,
            "first_day": int(FIRST_DAY.timestamp()),
            # Free times do not last for ever, and the world begins anew where they end.
            "first": next(self.free_times) if script.draw is NEXT_FREE_TIME else 0,
            "turn": -1,
            "message": MESSAGE,
        }
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script.draw + (SQL / script.file).read_text())
            file.flush()
            command = [binary("pgbench"), "-n", "-M", "prepared", "-f", file.name, *how_many]
            command += ["-c", str(CONNECTIONS), "-j", str(THREADS)]
            command += [f"-D{name}={value}" for name, value in variables.items()]
            done = subprocess.run(
                command,
                env={**os.environ, **self.environment, "PGOPTIONS": _options(script.session)},
                capture_output=True,
                text=True,
                check=False,
            )
        count, rate = PROCESSED.search(done.stdout), PER_SECOND.search(done.stdout)
        if done.returncode or not count or not rate or FAILED.search(done.stdout):
            raise RuntimeError(f"pgbench failed: {done.stdout[-500:]}{done.stderr[-2000:]}")
        return int(count[1]), float(rate[1])


def _options(session: Mapping[str, str]) -> str:
    escaped = {name: value.replace(" ", "\\ ") for name, value in session.items()}
    return " ".join(f"-c {name}={value}" for name, value in escaped.items())
