"""What every test stands on: one real PostgreSQL, one real server, a tenant for each test."""

import asyncio
import gc
import itertools
import shlex
import sys
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from httpx import create_ssl_context
from httpx._transports import default as transports
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer

from kalends.compose import Installation
from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from kalends.services.setup import MadeOrganization, set_up_organization
from tests.forking import hash_quickly
from tests.groups import GroupScheduling, arrange, refuse_to_start
from tests.homes import BESIDE, environment_in, migrated, templates_in
from tests.psql import Psql
from tests.servers import Server, two_behind_a_proxy
from tests.smtp import PostOffice, post_office
from tests.statements import run as statements
from tests.world import World

T = TypeVar("T")
BehindAProxy = Callable[..., AbstractContextManager[list[Server]]]
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)
_runner = asyncio.Runner()
# A thread of its own: while a browser is driven, the main thread has a loop that runs already.
_thread = ThreadPoolExecutor(max_workers=1)
# With the installation, so that no later one has its number.
_contexts: dict[int, tuple[Installation, Context]] = {}
hash_quickly()
# Each client of httpx would read all certificates of the machine anew, which takes 60 ms.
transports.create_ssl_context = cache(create_ssl_context)  # type: ignore[attr-defined]
# No example is judged by its time, nor by that of making it: other tests run beside it.
hypothesis_settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("busy machine")


# Modules and collected tests stay: half of the time that they take, the garbage collector walked
# over them again and again.
gc.disable()


_statements = statements.begin()
_faults: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    arrange(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on the garbage collector passes over what was collected."""
    gc.freeze()
    gc.enable()
    if session.config.option.markexpr == "pure":
        sys.addaudithook(refuse_to_start)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    config.option.loadscopereorder = False  # they are in their order already
    return GroupScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how to run each test that failed alone, and what was sent that must not be."""
    for fault in _faults:
        terminalreporter.write_line(f"does not stay with one organization: {fault}", red=True)
    for report in terminalreporter.getreports("failed") + terminalreporter.getreports("error"):
        terminalreporter.write_line(
            f"alone: .venv/bin/python -m pytest {shlex.quote(report.nodeid)}"
        )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run where a statement of Kalends was sent that does not stay with a tenant."""
    if _statements is None:
        return
    _faults.extend(statements.end(_statements))
    if _faults and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    templates_in((folder if worker_id == "master" else folder.parent) / "template")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of the shared server: a data directory of its own, no rate limits, webhooks to
    receivers on loopback, which are tried again soon."""
    folder = tmp_path_factory.mktemp("kalends")
    return environment_in(folder, OUTBOUND_ALLOW="127.0.0.1", WEBHOOK_RETRY_SCALE="0.02")


@pytest.fixture(scope="session")
def home(environment: dict[str, str]) -> Iterator[Installation]:
    """The installation behind the shared server, migrated."""
    with migrated(environment) as home:
        yield home


@pytest.fixture(scope="session")
def server(
    home: Installation, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One `kalends serve` that all tests share."""
    with Server(environment, tmp_path_factory.mktemp("log") / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    """Settings of a module's own installation, by their names without `KALENDS_`: a module that
    wants any says which."""
    return {}


@pytest.fixture(scope="module")
def own_office() -> Iterator[PostOffice]:
    """A mail server of the module's own, for whose settings name it."""
    with post_office() as office:
        yield office


@pytest.fixture(scope="module")
def own_environment(
    tmp_path_factory: pytest.TempPathFactory, own_settings: dict[str, str]
) -> dict[str, str]:
    return environment_in(tmp_path_factory.mktemp("own"), **own_settings)


@pytest.fixture(scope="module")
def behind_a_proxy(
    home: Installation, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> BehindAProxy:
    """Two servers of the installation behind a proxy, with settings of their own, for a while."""

    def begin(**settings: str) -> AbstractContextManager[list[Server]]:
        return two_behind_a_proxy(environment | settings, tmp_path_factory.mktemp("log"))

    return begin


@pytest.fixture(scope="module")
def own_home(own_environment: dict[str, str]) -> Iterator[Installation]:
    """An installation for one module, which may break it. Its PostgreSQL is not stopped while
    servers come and go."""
    with migrated(own_environment) as home:
        yield home


@pytest.fixture(scope="module")
def _own_server(
    own_home: Installation,
    own_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    with Server(own_environment, tmp_path_factory.mktemp("log") / "own.log") as server:
        yield server


@pytest.fixture
def own_server(_own_server: Server) -> Server:
    """The server of the module's own installation. A test may kill it: the next has it again."""
    return _own_server.ensure_running()


@pytest.fixture
def own_world(own_home: Installation, own_server: Server) -> Iterator[World]:
    world = World(own_server.url, make_organization(own_home), PASSWORD)
    yield world
    world.close()


@pytest.fixture(scope="module")
def psql(own_home: Installation) -> Psql:
    """An operator's psql in the module's own installation."""
    return Psql(own_home.settings.data_dir)


@pytest.fixture
def new_world(home: Installation, server: Server) -> Iterator[Callable[[], World]]:
    """Makes organizations, for tests that need more than one."""
    worlds: list[World] = []

    def make() -> World:
        worlds.append(World(server.url, make_organization(home), PASSWORD))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture(scope="module")
def module_world(home: Installation, server: Server) -> Iterator[World]:
    """One organization for a module whose tests change nothing."""
    world = World(server.url, make_organization(home), PASSWORD)
    yield world
    world.close()


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    return new_world()


def run(home: Installation, sql: str) -> None:
    """Runs a statement behind the server's back."""

    async def execute(context: Context) -> None:
        async with context.database.connection() as tx:
            await tx.execute(sql)

    beside(home, execute)


def fetch(home: Installation, sql: str, *arguments: Any) -> list[Any]:
    """What a query finds, asked behind the server's back."""

    async def ask(context: Context) -> list[Any]:
        async with context.database.connection() as tx:
            return list(await tx.fetch(sql, *arguments))

    return beside(home, ask)


def beside(home: Installation, work: Callable[[Context], Awaitable[T]]) -> T:
    """What the work gives, over a connection that is kept for the next: a new one for each look at
    what others do would cost more than that."""
    return in_thread(_again(context_beside(home), work))


def context_beside(home: Installation) -> Context:
    """For the loop of `in_thread`; it is kept."""
    if id(home) not in _contexts:
        _contexts[id(home)] = home, home.context(BESIDE)
    return _contexts[id(home)][1]


async def _again(context: Context, work: Callable[[Context], Awaitable[T]]) -> T:
    """On a new connection where a test has broken the one that was kept."""
    for _ in range(2):
        with suppress(Unavailable):
            return await work(context)
    return await work(context)


def make_organization(home: Installation) -> MadeOrganization:
    """A new organization with an admin of its own, over a pool that is kept for the next."""
    name = f"Organization {next(_numbers)} {uuid.uuid4().hex[:8]}"
    email = f"admin-{uuid.uuid4().hex[:8]}@example.test"
    return in_thread(_make(context_beside(home), name, email))


def in_thread(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it in the one loop that the tests' own connections belong to."""
    return _thread.submit(_runner.run, coroutine).result()


async def _make(context: Context, name: str, email: str) -> MadeOrganization:
    """Tries again on connections that a test has broken while this loop did not run."""
    for _ in range(20):
        with suppress(Unavailable):
            return await set_up_organization(context, name, email, PASSWORD)
    raise AssertionError("the database is away")


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "server.log"
