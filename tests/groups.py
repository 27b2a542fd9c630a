"""Which tests run side by side, in which order, and what they need.

pytest-xdist gives each worker a PostgreSQL and a server of its own. What stands in one group runs
in one worker, one test after the other: a file, since its tests may share a server of their own;
what looks at pages, in one browser; and the races with everything under fire, which would slow one
another down.
"""

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent
# They load both cores by themselves.
UNDER_FIRE = ("races/", "test_deliveries_under_fire.py", "test_failures.py")
# The slowest groups begin first, so that none is left over at the end.
FIRST = (
    "browser/",
    "test_cli.py",
    "web/test_schemathesis.py",
    "store/test_embedded.py",
    "test_claims.py",
    "test_programs.py",
    "store/test_archive.py",
    "store/test_migrations.py",
    "mail/",
    "calcom/",
    "test_",
    "web/test_sessions.py",
    "web/pages/",
)
NEEDS_A_SERVER = frozenset(
    {
        "apart",
        "context",
        "empty",
        "fleet",
        "fragile",
        "home",
        "installed",
        "kalends",
        "lease",
        "mail_environment",
        "own_environment",
        "own_home",
        "own_server",
        "pg15",
        "server",
        "world",
    }
)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Gives each group to one worker.

    The `loadgroup` of pytest-xdist 3.8 has no effect with pytest 9: it writes the group into an id
    that is no longer read.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0].removeprefix("tests/"))


def arrange(items: list[pytest.Item]) -> None:
    """Marks each test by what it needs, and puts the slow groups first."""
    for item in items:
        path = path_of(item)
        item.add_marker(kind_of(item, path))
    items.sort(key=lambda item: rank_of(path_of(item)))


def path_of(item: pytest.Item) -> str:
    """Of its file, from the folder of the tests."""
    return item.path.relative_to(TESTS).as_posix()


def group_of(path: str) -> str:
    if path.startswith(UNDER_FIRE):
        return "under fire"
    return "browser" if path.startswith("browser/") else path


def kind_of(item: pytest.Item, path: str) -> str:
    """The marker: race, browser, server, or pure for what needs none of them."""
    if path.startswith("races/"):
        return "race"
    if path.startswith("browser/"):
        return "browser"
    names = set(getattr(item, "fixturenames", ()))
    if item.get_closest_marker("server"):  # it starts one itself
        return "server"
    return "server" if names & NEEDS_A_SERVER else "pure"


def rank_of(path: str) -> int:
    """Where its group stands in the order: lower is earlier."""
    order = (*UNDER_FIRE, *FIRST)
    return next((n for n, start in enumerate(order) if path.startswith(start)), len(order))
