"""Tries an upgrade with a server of another checkout beside: --before PATH.

The server of before begins alone, on a PostgreSQL of its own; one of this checkout comes and
migrates, and both serve, while bookings are changed by either of them; then the old one ends.
Lists what arrived in the wrong order, twice or not at all at receivers and mail server, and exits 1
where something was out of order or is missing. PATH has a `.venv` of its own, where `kalends` is
installed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fire.destinations import Destination  # noqa: E402
from tests.servers import Server  # noqa: E402
from tests.world import plus  # noqa: E402

from kalends.store.embedded.server import EmbeddedPostgres  # noqa: E402

FIRST: Final = "2031-01-01T00:00:00Z"
# What both releases mail about, and what each is in order: the event's place among all kinds, the
# invitation's number.
CHANGES: Final = ("confirmed", "moved", "cancelled")
IN_ORDER: Final = {"webhook": [0, 1, 2, 4], "mail": [0, 1, 2, 3]}
PAUSE_SECONDS: Final = 0.4
AT_ONCE: Final = 10
SHOWN: Final = 12


class ApiClient:
    """Asks one of the servers, whichever."""

    def __init__(self, key: str) -> None:
        self._headers = {"authorization": f"Bearer {key}"}
        self._clients: list[httpx.Client] = []

    def may_ask(self, server: Server) -> None:
        self._clients.append(httpx.Client(base_url=server.url, headers=self._headers, timeout=60))

    def set_up(self, hook: str) -> None:
        random = Random(0)
        self._insist(random, "POST", "/api/v1/webhooks", {"url": hook})
        room = {"name": "Room", "timezone": "UTC"}
        self._schedule_id = self._insist(random, "POST", "/api/v1/schedules", room)["id"]

    def change_often(self, number: int) -> str:
        """A booking and its changes. Gives its id."""
        random, start = Random(number), plus(FIRST, hours=3 * number)
        body = {
            "schedule_id": self._schedule_id,
            "start_time": start,
            "end_time": plus(start, hours=1),
            "attendee": {"name": "Ada", "email": f"ada{number}@example.com"},
        }
        booking = self._insist(random, "POST", "/api/v1/bookings", body)
        for change in CHANGES:
            time.sleep(random.uniform(0, PAUSE_SECONDS))
            moved = {"start_time": plus(start, hours=1)}
            fields = moved if change == "moved" else {"status": change.upper()}
            self._insist(random, "PATCH", f"/api/v1/bookings/{booking['id']}", fields)
        return str(booking["id"])

    def _insist(self, random: Random, method: str, path: str, body: Any) -> dict[str, Any]:
        client = random.choice(self._clients)
        headers = {"idempotency-key": f"{random.getrandbits(64):x}"}
        while True:
            answer = client.request(method, path, json=body, headers=headers)
            if answer.status_code < 500:
                assert answer.is_success, answer.text
                data: dict[str, Any] = answer.json()["data"]
                return data
            time.sleep(0.2)


def main() -> None:
    arguments = _arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kalends-upgrade-")))
        destinations = {
            name: stack.enter_context(Destination(name, folder / name)) for name in IN_ORDER
        }
        postgres = stack.enter_context(EmbeddedPostgres(folder / "pg", settings={"fsync": "off"}))
        environment = _environment(folder, postgres.url, destinations["mail"].port)
        before = arguments.before.resolve() / ".venv" / "bin" / "python"
        caller = ApiClient(_make_organization(before, environment))
        old = stack.enter_context(Server(environment, folder / "old.log", python=before))
        caller.may_ask(old)
        caller.set_up(f"http://127.0.0.1:{destinations['webhook'].port}/hook")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            changing = [pool.submit(caller.change_often, n) for n in range(arguments.bookings)]
            time.sleep(arguments.alone)
            caller.may_ask(stack.enter_context(Server(environment, folder / "new.log")))
            bookings = [one.result() for one in changing]
        time.sleep(arguments.both)
        old.stop()
        faults = [
            _show_faults(name, destination, bookings, arguments.patience)
            for name, destination in destinations.items()
        ]
    sys.exit(any(faults))


def _show_faults(
    name: str, destination: Destination, bookings: Collection[str], patience: float
) -> bool:
    expected = IN_ORDER[name]
    try:
        destination.wait_for(bookings, len(expected), patience)
    except AssertionError as error:
        print(f"{name}: {error}")
    lanes = destination.steps(bookings)
    late = {lane: steps for lane, steps in lanes.items() if steps != sorted(steps)}
    twice = {lane: steps for lane, steps in lanes.items() if len(steps) != len(set(steps))}
    missing = {lane: steps for lane, steps in lanes.items() if set(steps) != set(expected)}
    kinds = {"out of order": late, "with something twice": twice, "that lack something": missing}
    counted = ", ".join(f"{len(found)} {kind}" for kind, found in kinds.items())
    print(f"{name}: {len(lanes)} lanes, {counted}")
    for kind, found in kinds.items():
        for lane, steps in list(found.items())[:SHOWN]:
            print(f"  {kind}: {lane} {steps}")
    return bool(late or missing)


def _environment(folder: Path, url: str, mail_port: int) -> dict[str, str]:
    return {
        "KALENDS_DATA_DIR": f"{folder}/data",
        "KALENDS_DATABASE_URL": url,
        "KALENDS_SECRET": "a secret for a trial, and for nothing else",
        "KALENDS_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
        "KALENDS_MAIL_FROM": "bookings@example.com",
        "KALENDS_PUBLIC_URL": "https://book.example.com",
        "KALENDS_OUTBOUND_ALLOW": "127.0.0.1",
        "KALENDS_RATE_LIMIT_READ": "100000",
        "KALENDS_RATE_LIMIT_WRITE": "100000",
    }


def _make_organization(python: Path, environment: Mapping[str, str]) -> str:
    """Its API key."""
    admin = ["--admin-email", "admin@example.com", "--admin-password", "a password for a trial"]
    done = subprocess.run(
        [python, "-m", "kalends", "init", "--organization", "Acme", *admin, "--json"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return str(json.loads(done.stdout)["api_key"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout")
    parser.add_argument("--bookings", type=int, default=120)
    parser.add_argument("--alone", type=float, default=4.0, help="seconds of the old one alone")
    parser.add_argument("--both", type=float, default=3.0, help="seconds of both, in the end")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds for all to arrive")
    return parser.parse_args()


if __name__ == "__main__":
    main()
