"""The server runs the jobs beside its requests, also while its database restarts."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from kalends.compose import Installation
from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from tests.homes import BESIDE, migrated
from tests.jobs.test_housekeeping import execute, fetch, keep_answer, keys_of, make_tenant
from tests.jobs.workers import eventually
from tests.servers import Server

TIMETABLE = "SELECT entrypoint FROM pgqueuer_schedules"


@pytest.fixture
def own_environment(tmp_path: Path) -> dict[str, str]:
    return {"KALENDS_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def own_home(own_environment: dict[str, str]) -> Iterator[Installation]:
    with migrated(own_environment) as home:
        yield home


async def test_the_servers_jobs_come_back_after_postgresql_was_restarted(
    own_home: Installation, own_environment: dict[str, str], log_file: Path
) -> None:
    context = own_home.context(BESIDE)
    with Server(own_environment, log_file) as server:
        await eventually(lambda: fetch(context, TIMETABLE))
        tenant = await make_due(context)
        stop_postgresql(own_home)
        # A timetable that had just been picked up is taken over as from a killed worker.
        await eventually(lambda: has_forgotten(context, tenant), within_seconds=120)
        server.stop()
        assert server.process
        assert server.process.returncode != -signal.SIGKILL
    await context.database.close()

    log = log_file.read_text()
    assert (log.count("jobs wait for the database"), log.count("jobs run again")) == (1, 1)


async def make_due(context: Context) -> UUID:
    """Something to forget, and the whole timetable due: it is looked at after connecting."""
    tenant = await make_tenant(context)
    await keep_answer(context, tenant, "old", datetime.now(UTC) - timedelta(days=2))
    await execute(context, "UPDATE pgqueuer_schedules SET next_run = now()")
    return tenant


def stop_postgresql(home: Installation) -> None:
    """A fast shutdown that nobody asked for: the server brings it back."""
    pid_file = home.settings.data_dir / "postgres" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)


async def has_forgotten(context: Context, tenant: UUID) -> bool:
    try:
        return await keys_of(context, tenant) == []
    except (Unavailable, asyncpg.InternalClientError):
        # The latter where the server has said goodbye, and its connection is not closed yet.
        return False
