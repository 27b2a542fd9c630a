"""What PostgreSQL does by itself with the very SQL that the server runs.

The statements are the constants of `kalends.store`, their parameters replaced by expressions that
make the same values from pgbench's variables; nothing is asked that the server does not ask. Each
transaction begins with the look-up of the key, which the server remembers for a few seconds.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

from bench import fill
from bench.fill import World
from kalends.domain.access import hash_of
from kalends.domain.booking import BookingFilter, Status
from kalends.scheduling.availability import DAYS_AROUND
from kalends.store import idempotency
from kalends.store.accounts import api_keys
from kalends.store.availability import calendars, claims
from kalends.store.bookings import bookings
from kalends.store.bookings.bookings import list_statement
from kalends.store.database import SESSION
from kalends.store.embedded.process import binary
from kalends.store.outbox import events

# The server's pool, by default: pgbench gets as many connections as the server has.
CONNECTIONS: Final = 10
THREADS: Final = 2
PER_SECOND: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
FAILED: Final = re.compile(r"^number of failed transactions: [1-9].*", re.MULTILINE)
PARAMETER: Final = re.compile(r"\$(\d+)")

ANY_BOOKING: Final = f"""
\\set booking random(0, {fill.BOOKINGS - 1})
\\set organization :booking % {fill.ORGANIZATIONS} + 1
"""
ANY_ORGANIZATION: Final = f"""
\\set organization random(1, {fill.ORGANIZATIONS})
"""
# Ids of new bookings ascend, as UUIDv7 does, whichever connection makes them.
NEXT_FREE_TIME: Final = f"""
\\set turn :turn + 1
\\set number :first + :turn * {CONNECTIONS} + :client_id
\\set booking {10**12} + :number
\\set place :number * {fill.STRIDE} % {fill.FREE_TIMES}
\\set schedule :place % {fill.SCHEDULES}
\\set organization :schedule % {fill.ORGANIZATIONS} + 1
\\set half_hour :place / {fill.SCHEDULES} % {fill.HALF_HOURS}
\\set day :place / {fill.SCHEDULES} / {fill.HALF_HOURS}
\\set starts {int(fill.FREE_FROM.timestamp())} + :day * 86400 + :half_hour * 1800
"""

BOOKING: Final = "lpad(:booking, 32, '0')::uuid"
SCHEDULE: Final = "lpad(:schedule, 32, '0')::uuid"
STARTS: Final = "to_timestamp(:starts)"
ENDS: Final = "to_timestamp(:starts + 1800)"
AROUND: Final = (
    f"to_timestamp(:starts - {int(DAYS_AROUND.total_seconds())})",
    f"to_timestamp(:starts + 1800 + {int(DAYS_AROUND.total_seconds())})",
)
NEW_BOOKING: Final = {
    "id": BOOKING,
    "schedule_id": SCHEDULE,
    "schedule_ids": f"ARRAY[{SCHEDULE}]",
    "status": "'PENDING'",
    "start_time": STARTS,
    "end_time": ENDS,
    "timezone": "'Europe/Berlin'",
    "wall_clock": "'2026-12-01T11:00:00'",
    "title": "'Consultation'",
    "attendee_name": "'John Doe'",
    "attendee_email": "'john' || :number || '@example.com'",
    "attendee_phone": "'+49 30 123456'",
    "answers": "'{}'",
    "metadata": "'{\"order\": 1234}'",
    "source": "'api'",
    "conflict": "false",
    "buffer_before": "0",
    "buffer_after": "0",
    "created_at": "now()",
    "updated_at": "now()",
    "version": "1",
}
# As long as the server's. Its colons are followed by spaces, or pgbench would see variables.
EVENT: Final = json.dumps(
    dict.fromkeys(bookings.FIELDS, "x" * 12) | {"attendee": {"name": "x" * 80}, "conflict": 0}
)


@dataclass(frozen=True)
class Scripts:
    """pgbench's scripts for one filled world."""

    world: World

    @cached_property
    def get(self) -> str:
        return ANY_BOOKING + self._identify + _filled(bookings.GET, self._organization, BOOKING)

    @cached_property
    def list(self) -> str:
        criteria = BookingFilter(statuses=(Status.CONFIRMED,))
        sql, _ = list_statement(UUID(int=0), criteria, 50, 0)
        page = _filled(sql, self._organization, "'CONFIRMED'", "50", "0")
        return ANY_ORGANIZATION + self._identify + page

    @cached_property
    def create(self) -> str:
        return self._transaction(self._take_time, self._append)

    @cached_property
    def create_once(self) -> str:
        """Under an `Idempotency-Key`: its lock, its look-up, and the answer that is kept."""
        kept_as = (self._organization, BOOKING, "'POST /api/v1/bookings'", "'key ' || :number")
        answer = ("''::bytea", "201", "'{}'::jsonb", f"repeat('x', {len(EVENT)})::bytea")
        recall = _filled(idempotency.TRY_LOCK, "'idempotency ' || :number") + _filled(
            idempotency.FIND, *kept_as, "now() - interval '1 day'"
        )
        keep = _filled(idempotency.KEEP, *kept_as, *answer, "now()")
        return self._transaction(recall, self._take_time, keep, self._append)

    def _transaction(self, *statements: str) -> str:
        return NEXT_FREE_TIME + self._identify + "BEGIN;\n" + "".join(statements) + "COMMIT;\n"

    @cached_property
    def _organization(self) -> str:
        ids = ",".join(str(id_) for id_ in self.world.organization_ids)
        return f"('{{{ids}}}'::uuid[])[:organization]"

    @cached_property
    def _identify(self) -> str:
        hashes = ",".join(f'"\\\\x{hash_of(key).hex()}"' for key in self.world.keys)
        return _filled(api_keys.IDENTIFY, f"('{{{hashes}}}'::bytea[])[:organization]")

    @cached_property
    def _take_time(self) -> str:
        """What `claim_time` and the booking's INSERT ask for one free schedule."""
        one = f"ARRAY[{SCHEDULE}]"
        claim = (self._organization, one, BOOKING, BOOKING, "NULL::uuid", STARTS, STARTS, ENDS)
        row = [NEW_BOOKING.get(name, "NULL") for name in bookings.FIELDS]
        return (
            _filled(
                calendars.READ_TO_BOOK[calendars.CalendarDetail.NONE],
                self._organization,
                one,
                *AROUND,
                "now()",
                "NULL::uuid",
            )
            + _filled(claims.CLAIM, *claim, "NULL::timestamptz")
            + _filled(bookings.INSERT, self._organization, *row)
        )

    @cached_property
    def _append(self) -> str:
        happened = (f"ARRAY[{BOOKING}]", "ARRAY['booking.created']", f"ARRAY[{BOOKING}]")
        data = (f"ARRAY['{EVENT}']", "ARRAY[0]", "ARRAY[false]")
        actor = "'key_0000000000000000000000'"
        mails = (
            "ARRAY[gen_random_uuid(), gen_random_uuid()]",
            "ARRAY['requested', 'requested']",
            "ARRAY['attendee', 'organization']",
            "ARRAY['john@example.com', NULL]",
            "ARRAY[1, 1]",
        )
        # Under another name nobody runs its jobs, which would be work for the server's next turn.
        append = events.APPEND_WITH_MAILS.replace("'queued', 'mail',", "'queued', 'bench',")
        return _filled(append, self._organization, *happened, *data, actor, "now()", *mails)


def run(script: str, environment: Mapping[str, str], first: int, seconds: float) -> float:
    """Runs the script from all connections; transactions a second.

    `first` is the number of the first free time to take. The session is as the server's.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [binary("pgbench"), "-n", "-M", "prepared", "-f", file.name]
        command += ["-c", str(CONNECTIONS), "-j", str(THREADS), "-T", str(max(1, round(seconds)))]
        command += ["-D", f"first={first}", "-D", "turn=-1"]
        session = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
        done = subprocess.run(
            command,
            env={**os.environ, **environment, "PGOPTIONS": session},
            capture_output=True,
            text=True,
            check=False,
        )
    rate = PER_SECOND.search(done.stdout)
    if done.returncode or rate is None or FAILED.search(done.stdout):
        raise RuntimeError(f"pgbench failed: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return float(rate[1])


def _filled(sql: str, *values: str) -> str:
    """The statement with an expression in each parameter's place, as a line of a script."""
    parameters = {int(number) for number in PARAMETER.findall(sql)}
    if parameters != set(range(1, len(values) + 1)):
        raise ValueError(f"{len(values)} values do not fit the parameters of {sql}")
    return PARAMETER.sub(lambda found: f"({values[int(found[1]) - 1]})", sql).strip() + ";\n"
