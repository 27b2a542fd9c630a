"""Which tests run side by side, in which order, and what they need.

pytest-xdist gives each worker a PostgreSQL and a server of its own. What stands in one group runs
in one worker, one test after the other: a file, since its tests may share a server of their own;
what looks at pages, in two browsers; what breaks the ways of messages, on one server; what stops
databases, on copies of one; and the races with what crashes, which would slow one another down.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

# They load both cores by themselves.
UNDER_FIRE = ("races/", "test_failures.py")
# Their files share one browser, one server and what its messages go to, or what is copied.
SHARING = ("browser", "failover", "fire")
# A second browser takes half of what would be the slowest group by far: all pages, laid out anew
# in each width.
WIDE = ("browser/test_widths.py", "browser/test_languages.py", "browser/test_print.py")
# The slowest groups begin first, so that none is left over at the end.
FIRST = (
    "web/test_schemathesis.py",
    "fire/",
    "browser/",
    "failover/",
    "calendars/test_difficult_accounts.py",
    "store/embedded/test_embedded.py",
    "calcom/test_runs.py",
    "store/test_archive.py",
    "calendars/consented/test_calendars.py",
    "test_programs.py",
    "test_blocked_jobs.py",
    "web/answers/test_slow_clients.py",
    "test_cli.py",
    "store/test_migrations.py",
    "mail/test_mail.py",
    "calcom/test_holders.py",
    "web/people/test_authorization.py",
    "web/offers/test_slots.py",
    "mail/",
    "calcom/",
    "calendars/",
    "test_",
    "web/people/test_sessions.py",
    "web/pages/",
)
# What a test does, as Python's audit hooks call it, that starts a server or a process.
STARTS = frozenset({"socket.bind", "subprocess.Popen"})
NEEDS_A_SERVER = frozenset(
    {
        "apart",
        "calcom",
        "context",
        "empty",
        "fleet",
        "fragile",
        "home",
        "installed",
        "kalends",
        "lease",
        "mailing",
        "office",
        "own_environment",
        "own_home",
        "own_office",
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
        return group_of(path_of(nodeid))


def arrange(items: list[pytest.Item]) -> None:
    """Marks each test by what it needs, and puts the slow groups first."""
    for item in items:
        item.add_marker(kind_of(item, path_of(item.nodeid)))
    items.sort(key=lambda item: rank_of(path_of(item.nodeid)))


def refuse_to_start(event: str, _: object) -> None:
    """An audit hook for runs of pure tests alone. Raises AssertionError where one starts what it
    says that it does not need."""
    if event in STARTS:
        raise AssertionError(f"{event} in a test that is pure: mark it `server`")


def path_of(nodeid: str) -> str:
    """Of its file, from the folder of the tests."""
    return nodeid.partition("::")[0].removeprefix("tests/")


def group_of(path: str) -> str:
    if path.startswith(UNDER_FIRE):
        return "under fire"
    if path.startswith(WIDE):
        return "pages in all widths"
    folder = path.partition("/")[0]
    return folder if folder in SHARING else path


def kind_of(item: pytest.Item, path: str) -> str:
    """The marker: race, browser, failover, server, or pure for what needs none of them."""
    if path.startswith("races/"):
        return "race"
    if path.startswith("failover/"):
        return "failover"
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
