"""Compares the API of another checkout with this one's: `scripts/compare_api.py --before PATH`.

Starts a `kalends serve` of each, each with an organization of its own, takes both through the same
tour of calls, and compares `/openapi.json`, every answer, every webhook and every mail. Lists what
differs: sentences, names of components in OpenAPI, and everything else, which makes it exit 1.
PATH is a checkout with a `.venv` of its own, where `kalends` is installed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes.calcom import FakeCalcom  # noqa: E402
from tests.receivers import receiving  # noqa: E402
from tests.servers import Server  # noqa: E402
from tests.smtp import post_office  # noqa: E402

from scripts.api_comparison import calls, pages  # noqa: E402
from scripts.api_comparison.differences import Difference, Kind, compare_answers, compare_openapi  # noqa: E402
from scripts.api_comparison.tour import EMAIL, PASSWORD, Exchange, Tour, TourStops, WrongWay  # noqa: E402

WEEKS_AHEAD: Final = 8
LISTED_OF_EACH: Final = 60
CONTEXT: Final = 60


@dataclass(frozen=True)
class Recording:
    """What one side says of itself, and how it answered."""

    openapi: dict[str, Any]
    exchanges: list[Exchange]


def main() -> None:
    arguments = _arguments()
    monday = _monday()
    before, after = (_record(path, monday) for path in (arguments.before, ROOT))
    differences = compare(before, after)
    print(f"{len(after.exchanges)} answers, webhooks and mails were compared.")
    for kind in Kind:
        _show([one for one in differences if one.kind is kind], kind, arguments.all)
    sys.exit(any(one.kind is Kind.OTHER for one in differences))


def compare(before: Recording, after: Recording) -> list[Difference]:
    """Of the descriptions, and of the answers one by one in their order."""
    differences = compare_openapi(before.openapi, after.openapi)
    for number, (old, new) in enumerate(zip_longest(before.exchanges, after.exchanges)):
        name = (old or new).call
        if old is None or new is None or old.call != new.call:
            sides = old.call if old else "(nothing)", new.call if new else "(nothing)"
            return [*differences, Difference(Kind.OTHER, f"call {number}", *sides)]
        differences += compare_answers(f"{number} {name}", old.answer, new.answer)
    return differences


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout")
    parser.add_argument("--all", action="store_true", help="all differences, each of them whole")
    return parser.parse_args()


def _monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday()) + timedelta(weeks=WEEKS_AHEAD)


def _record(checkout: Path, monday: date) -> Recording:
    """Takes the checkout's server through the tour."""
    print(f"{checkout} …", file=sys.stderr, flush=True)
    with _world(checkout.resolve(), monday) as world:
        openapi = httpx.get(f"{world.url}/openapi.json", timeout=60).json()
        tour = Tour(world)
        try:
            _take(tour)
        except WrongWay as error:
            print(f"The tour ended early: {error}", file=sys.stderr)
        return Recording(openapi, tour.exchanges)


def _take(tour: Tour) -> None:
    """The whole tour. Raises WrongWay where it cannot go on."""
    calls.operations(tour)
    calls.keys(tour)
    calls.organization(tour)
    endpoint = calls.webhooks(tour)
    schedule = calls.schedules(tour)
    event_type = calls.event_types(tour, schedule)
    calls.slots(tour, schedule, event_type)
    calls.holds(tour, schedule, event_type)
    calls.bookings(tour, schedule, event_type)
    calls.listings(tour, schedule)
    calls.changes(tour, schedule, event_type)
    calls.group_sessions(tour)
    calls.errors(tour, schedule)
    calls.sandbox(tour)
    pages.public_pages(tour, event_type)
    pages.self_service(tour, schedule)
    organization_id = pages.sessions(tour)
    pages.calcom(tour, organization_id, schedule)
    pages.console(tour)
    calls.event_log(tour)
    pages.arrivals(tour, endpoint)


@contextmanager
def _world(checkout: Path, monday: date) -> Iterator[TourStops]:
    """A server of the checkout in a folder of its own, with an organization and its neighbours."""
    python = checkout / ".venv" / "bin" / "python"
    with (
        tempfile.TemporaryDirectory(prefix="kalends-compare-") as folder,
        receiving() as receiver,
        post_office() as office,
        FakeCalcom() as fake,
    ):
        environment = {
            "KALENDS_DATA_DIR": f"{folder}/data",
            "KALENDS_SMTP_URL": office.url,
            "KALENDS_MAIL_FROM": "bookings@example.com",
            "KALENDS_OUTBOUND_ALLOW": "127.0.0.1",
            "KALENDS_RATE_LIMIT_READ": "100000",
            "KALENDS_RATE_LIMIT_WRITE": "100000",
        }
        keys = _initialized(python, environment)
        with Server(environment, Path(folder) / "server.log", python=python) as server:
            yield TourStops(server.url, keys, monday, receiver, office, fake)


def _initialized(python: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Makes the organization; what `kalends init` prints."""
    words = ["init", "--organization", "Acme", "--admin-email", EMAIL, "--admin-password", PASSWORD]
    done = subprocess.run(
        [python, "-m", "kalends", *words, "--json"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def _show(differences: list[Difference], kind: Kind, is_all: bool) -> None:
    print(f"\n{kind.value}: {len(differences)}")
    for one in differences if is_all else differences[:LISTED_OF_EACH]:
        before, after = (one.before, one.after) if is_all else _around(one.before, one.after)
        print(f"  {one.where}\n    - {before}\n    + {after}")


def _around(before: str, after: str) -> tuple[str, str]:
    """Both texts near the first place where they differ."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    start = max(0, sum(1 for _ in alike) - CONTEXT)
    return before[start : start + 4 * CONTEXT], after[start : start + 4 * CONTEXT]


if __name__ == "__main__":
    main()
