"""The command line, as a person or a script calls it: real processes, real exit codes."""

import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.commands import run_kalends
from tests.forking import start_python
from tests.homes import copy_template
from tests.servers import Server, free_port

PASSWORD = "correct horse battery"
IS_POSTGRES_OF = "postgres -D {}/postgres"


class Kalends:
    """Calls `kalends` with a data directory of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.environment = {"KALENDS_DATA_DIR": str(data_dir)}
        self.url = ""  # of the server that runs on it all the time, if one does

    def __call__(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return run_kalends({**self.environment, **settings}, *words)

    def anew(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same in a new interpreter, as an operator calls it."""
        return run_kalends(self.environment, *words, is_copied=False)

    def json(self, *words: str) -> dict[str, Any]:
        """What a command that must succeed prints: one JSON object and nothing else."""
        done = self(*words, "--json")
        assert (done.returncode, done.stderr) == (0, ""), done
        (line,) = done.stdout.splitlines()
        printed: dict[str, Any] = json.loads(line)
        return printed

    def init(self, name: str = "Acme", **options: str) -> dict[str, Any]:
        options = {"admin-email": "ann@acme.test", "admin-password": PASSWORD} | options
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return self.json("init", "--organization", name, *words)

    def server(self, workers: int = 1, *, is_copied: bool = True) -> Server:
        log_file = self.data_dir.parent / f"{time.monotonic_ns()}.log"
        return Server(self.environment, log_file, workers=workers, is_copied=is_copied)

    def postgres(self) -> list[psutil.Process]:
        """The processes of the embedded PostgreSQL that run now."""
        words = IS_POSTGRES_OF.format(self.data_dir).encode().replace(b" ", b"\0")
        processes = []
        # Of all processes of the machine, asked again and again: psutil takes twice as long.
        for pid in psutil.pids():
            with suppress(OSError, psutil.NoSuchProcess):
                if words in Path(f"/proc/{pid}/cmdline").read_bytes():
                    processes.append(psutil.Process(pid))
        return processes


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Kalends]:
    """A data directory that does not exist yet."""
    kalends = Kalends(tmp_path / "data")
    yield kalends
    for process in kalends.postgres():
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGQUIT)


@pytest.fixture
def prepared(empty: Kalends) -> Kalends:
    """A data directory of its own, for tests of what comes after the first start."""
    copy_template(empty.data_dir)
    return empty


@pytest.fixture(scope="module")
def kalends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kalends]:
    """An installation that a server runs on, for commands that get along with that."""
    kalends = Kalends(tmp_path_factory.mktemp("cli") / "data")
    copy_template(kalends.data_dir)
    with kalends.server() as server:
        kalends.url = server.url
        yield kalends


@pytest.fixture(scope="module")
def api(kalends: Kalends) -> Callable[[str | None], httpx.Client]:
    """Another process's server on the same data, and clients of it."""

    def client(key: str | None) -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=kalends.url, headers=headers, timeout=30)

    return client


def printed_by(server: Server) -> str:
    """What `serve` printed for the person who started it, without the log."""
    lines = server.log_file.read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("{"))


def eventually(is_so: Callable[[], bool], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.05)


def is_worker(process: psutil.Process) -> bool:
    """Whether it is one of `serve --workers`, and lives."""
    try:
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        return is_alive and "spawn_main" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def one_sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The error of a command that was to fail: short, and no traceback."""
    assert done.returncode == code, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_serve_on_an_empty_directory_prints_curl_lines_that_work(empty: Kalends) -> None:
    with empty.server(is_copied=False) as server:
        output = printed_by(server)
        assert f"{server.url}/api/v1" in output
        assert f"{server.url}/docs" in output
        assert f"{server.url}/console" in output
        assert f"{server.url}/healthz" in output
        curls = [line for line in output.splitlines() if line.startswith("curl ")]
        answers = [
            json.loads(subprocess.run([*shlex.split(line), "-s"], capture_output=True).stdout)
            for line in curls
        ]
        assert answers[0] == {
            "data": [],
            "meta": {"total": 0, "limit": 50, "offset": 0, "hasMore": False},
        }
        assert answers[1]["data"]["status"] == "PENDING"
        email, password = (
            re.search(rf"{word} +(\S+)", output)[1]  # type: ignore[index]
            for word in ("Admin", "Password")
        )
        typed = {"email": email, "password": password}

        def is_signed_in() -> bool:
            answer = httpx.post(f"{server.url}/api/auth/login", json=typed, timeout=30)
            assert answer.status_code in (200, 503), answer.text  # a busy machine has no time yet
            return answer.status_code == 200

        eventually(is_signed_in)
        sandbox = re.search(r"Sandbox +(wk_test_\S+)", output)[1]  # type: ignore[index]
        listed = httpx.get(f"{server.url}/api/v1/bookings", headers={"x-api-key": sandbox})
        assert listed.json()["data"] == []


def test_serve_shows_credentials_once(prepared: Kalends) -> None:
    with prepared.server() as server:
        assert "wk_live_" in printed_by(server)
    with prepared.server() as server:
        output = printed_by(server)
        assert f"{server.url}/api/v1" in output
        assert "wk_" not in output


def test_of_several_servers_started_at_once_one_sets_up(empty: Kalends) -> None:
    servers = []
    for _ in range(3):
        servers.append(empty.server().start())
    try:
        for server in servers:
            server.wait_until_ready()
        output = [printed_by(server) for server in servers]
        assert sum("wk_live_" in text for text in output) == 1
        key = re.search(r"wk_live_\w+", "".join(output))[0]  # type: ignore[index]
        for server in servers:
            answer = httpx.get(f"{server.url}/api/v1/organization", headers={"x-api-key": key})
            assert answer.status_code == 200
    finally:
        for server in servers:
            server.stop()
    eventually(lambda: not empty.postgres())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_stops_everything_gracefully(
    prepared: Kalends, workers: int, number: signal.Signals
) -> None:
    with prepared.server(workers, is_copied=workers > 1) as server:
        assert prepared.postgres()
        assert server.process
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(number)
        assert server.process.wait(30) == 0
        assert not prepared.postgres()
        eventually(lambda: not any(child.is_running() for child in children), within=60)


def test_a_server_stopped_while_it_starts_leaves_nothing_behind(empty: Kalends) -> None:
    server = empty.server().start()
    assert server.process
    eventually(lambda: bool(empty.postgres()) or server.process.poll() is not None)  # type: ignore[union-attr]
    server.process.terminate()
    server.process.wait(30)
    eventually(lambda: not empty.postgres(), within=60)


def test_the_workers_share_the_work_the_metrics_and_the_end(prepared: Kalends) -> None:
    with prepared.server(workers=2) as server:
        assert server.process
        parent = psutil.Process(server.process.pid)

        def workers() -> list[psutil.Process]:
            return [c for c in parent.children() if is_worker(c)]

        def ask(times: int) -> None:
            for _ in range(times):
                httpx.get(f"{server.url}/healthz", timeout=30)

        def counted() -> float:
            text = httpx.get(f"{server.url}/metrics", timeout=30).text
            line = r'kalends_http_requests_total\{.*route="/healthz".* ([\d.]+)'
            return float(re.search(line, text)[1])  # type: ignore[index]

        # A worker is there before it works, and counts a request after it has answered.
        eventually(lambda: len(workers()) == 2, within=60)
        before = workers()
        ask(20)
        eventually(lambda: counted() == 20)
        before[0].kill()
        eventually(lambda: before[0] not in workers() and len(workers()) == 2, within=60)
        lost = f'"pid":{before[0].pid},"ended_by":"SIGKILL"'
        eventually(lambda: lost in server.log_file.read_text())
        ask(20)
        eventually(lambda: counted() == 40)


def test_workers_do_not_outlive_their_killed_parent(prepared: Kalends) -> None:
    with prepared.server(workers=2) as server:
        assert server.process
        children = psutil.Process(server.process.pid).children(recursive=True)
        folders = {child.environ().get("PROMETHEUS_MULTIPROC_DIR", "") for child in children}
        server.kill()
        eventually(lambda: not any(child.is_running() for child in children))
        folders.discard("")
        assert folders
        assert [folder for folder in folders if Path(folder).exists()] == []
        assert not prepared.postgres()


def test_a_port_in_use_is_reported_before_anything_is_made(empty: Kalends) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port}" in one_sentence(empty("serve", "--port", port), 1)
    assert not empty.data_dir.exists()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1", "x" * 300])
def test_a_host_that_is_not_ours_is_reported(empty: Kalends, host: str) -> None:
    assert "cannot listen" in one_sentence(empty("serve", "--host", host), 1)


def test_worker_runs_until_it_is_stopped(kalends: Kalends) -> None:
    process = start_python(
        *("-m", "kalends", "worker"),
        env={**os.environ, **kalends.environment},
        stderr=subprocess.PIPE,
        text=True,
        is_copied=False,
    )
    assert process.stderr
    while "worker started" not in process.stderr.readline():
        assert process.poll() is None
    process.terminate()
    assert process.wait(30) == 0
    process.stderr.close()
    assert httpx.get(f"{kalends.url}/readyz").status_code == 200


def test_init_prints_one_object_and_its_keys_work(
    kalends: Kalends, api: Callable[[str | None], httpx.Client]
) -> None:
    made = kalends.init("Init and go")
    assert set(made) == {
        *("organization_id", "api_key", "sandbox_organization_id", "sandbox_api_key"),
        "admin_email",
    }
    live = api(made["api_key"]).get("/api/v1/organization").json()["data"]
    test = api(made["sandbox_api_key"]).get("/api/v1/organization").json()["data"]
    assert (live["id"], live["name"], live["mode"]) == (
        made["organization_id"],
        "Init and go",
        "live",
    )
    assert (test["id"], test["mode"]) == (made["sandbox_organization_id"], "test")
    body = {"email": made["admin_email"], "password": PASSWORD}
    assert api(None).post("/api/auth/login", json=body).status_code == 200


def test_init_again_changes_nothing_and_gives_no_keys(kalends: Kalends) -> None:
    first, again = kalends.init("Twice"), kalends.init("Twice", **{"admin-password": "another one"})
    assert again == first | {"api_key": None, "sandbox_api_key": None}
    other = kalends.init("Another")
    assert other["organization_id"] != first["organization_id"]
    assert other["api_key"]


def test_init_works_while_no_server_runs_and_stops_what_it_started(empty: Kalends) -> None:
    assert empty.init()["api_key"].startswith("wk_live_")
    assert not empty.postgres()
    assert stat.S_IMODE((empty.data_dir / "secret").stat().st_mode) == 0o600


def test_init_speaks_to_people_too(kalends: Kalends) -> None:
    words = ("init", "--organization", "People", "--admin-email", "p@people.test")
    done = kalends(*words, "--admin-password", PASSWORD)
    assert done.returncode == 0
    assert "wk_live_" in done.stdout
    again = kalends.anew(*words, "--admin-password", PASSWORD)
    assert "nothing was changed" in again.stdout


def test_a_key_has_the_scopes_and_the_limits_it_was_made_with(
    kalends: Kalends, api: Callable[[str | None], httpx.Client]
) -> None:
    organization = kalends.init("Keys")["organization_id"]
    words = ("keys", "create", "--organization", organization, "--scopes")
    made = kalends.json(*words, "bookings:read, webhooks:read")
    assert set(made) == {"id", "key"}
    answer = api(made["key"]).get("/api/v1/bookings")
    assert answer.status_code == 200
    assert "x-ratelimit-limit" in answer.headers
    assert api(made["key"]).get("/api/v1/api-keys").status_code == 403
    unlimited = kalends.json(*words, "*", "--rate-limit", "none")
    answer = api(unlimited["key"]).get("/api/v1/api-keys")
    assert made["id"] in answer.text
    assert "x-ratelimit-limit" not in answer.headers


def test_a_key_of_the_sandbox_is_a_test_key(kalends: Kalends) -> None:
    sandbox = kalends.init("Sandboxed")["sandbox_organization_id"]
    made = kalends.json("keys", "create", "--organization", sandbox, "--scopes", "*")
    assert made["key"].startswith("wk_test_")


def test_a_user_gets_a_role_in_an_organization_and_its_sandbox(
    kalends: Kalends, api: Callable[[str | None], httpx.Client]
) -> None:
    organization = kalends.init("Users")["organization_id"]
    words = ("users", "add", "--organization", organization, "--email", "bo@users.test")
    done = kalends(*words, "--password", PASSWORD, "--role", "member")
    assert (done.returncode, done.stderr) == (0, "")
    again = kalends(*words, "--password", "quite another one", "--role", "admin")
    assert "keeps the password" in again.stdout
    body = {"email": "bo@users.test", "password": PASSWORD}
    user = api(None).post("/api/auth/login", json=body).json()["data"]
    assert {(m["mode"], m["role"]) for m in user["memberships"]} == {
        ("live", "admin"),
        ("test", "admin"),
    }


def test_a_backup_brings_everything_back_elsewhere(kalends: Kalends, empty: Kalends) -> None:
    made = kalends.init("Backed up")
    file = empty.data_dir.parent / "backup"
    assert kalends("backup", str(file)).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = empty("restore", str(file))
    assert done.returncode == 0, done
    again = empty.init("Backed up")
    assert again["organization_id"] == made["organization_id"]
    assert again["api_key"] is None
    assert "organizations" in one_sentence(empty("restore", str(file)), 1)
    assert empty("restore", "--replace", str(file)).returncode == 0


def test_migrate_twice_changes_nothing(kalends: Kalends) -> None:
    first, second = kalends("migrate"), kalends.anew("migrate")
    assert first.returncode == second.returncode == 0
    assert first.stdout == second.stdout


def test_the_doctor_finds_an_installation_well(kalends: Kalends) -> None:
    done = kalends.anew("doctor")
    assert done.returncode == 0, done.stdout
    for word in ("Python", "PostgreSQL", "Schema", "tzdata", "Data directory", "Secret", "Disk"):
        assert word in done.stdout


def test_the_doctor_makes_nothing(empty: Kalends) -> None:
    assert empty("doctor").returncode == 0
    assert not empty.data_dir.exists()


def test_the_doctor_finds_a_secret_that_others_can_read(prepared: Kalends) -> None:
    prepared.init()
    (prepared.data_dir / "secret").chmod(0o644)
    done = prepared("doctor")
    assert done.returncode == 1
    assert any("Secret" in line for line in done.stdout.splitlines() if line.startswith("WRONG"))


def test_the_doctor_finds_a_database_that_is_away(empty: Kalends) -> None:
    url = f"postgresql://kalends:s3cr3t@127.0.0.1:{free_port()}/kalends"
    done = empty("doctor", KALENDS_DATABASE_URL=url, KALENDS_SECRET="x" * 32)
    assert done.returncode == 1
    assert "cannot be reached" in done.stdout
    assert "s3cr3t" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["keys", "create", "--organization", "x", "--scopes", "bookings:delete"],
        ["keys", "create", "--organization", "x", "--scopes", "*", "--rate-limit", "5"],
        ["init", "--organization", "", "--admin-email", "a@b.test", "--admin-password", PASSWORD],
        ["init", "--organization", "x", "--admin-email", "nobody", "--admin-password", PASSWORD],
        [
            "init",
            "--organization",
            "x",
            "--admin-email",
            "a\u202eb@c.d",
            "--admin-password",
            PASSWORD,
        ],
        [
            "init",
            "--organization",
            "\u200b",
            "--admin-email",
            "a@b.c",
            "--admin-password",
            PASSWORD,
        ],
        ["users", "add", "--organization", "x", "--email", "a\u200b@b.c", "--password", PASSWORD],
        ["users", "invite", "--organization", "x", "--email", "a@b\u00ad.c"],
        ["init", "--organization", "x", "--admin-email", "a@b.test", "--admin-password", "short"],
        ["serve", "--workers", "1000"],
    ],
)
def test_a_wrong_value_is_one_sentence_and_exit_code_2(kalends: Kalends, words: list[str]) -> None:
    one_sentence(kalends(*words), 2)


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
        ["serve", "--workers", "0"],
        ["init", "--organization", "x"],
        ["backup"],
    ],
)
def test_a_command_that_is_none_is_exit_code_2(kalends: Kalends, words: list[str]) -> None:
    done = kalends(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "settings",
    [
        {"KALENDS_LOG_LEVEL": "loud"},
        {"KALENDS_DATABASE_POOL": "x"},
        {"KALENDS_DATABASE_URL": "mysql://x", "KALENDS_SECRET": "x" * 32},
        {"KALENDS_DATABASE_URL": "postgresql://x/y"},
        {"KALENDS_SECRET": "short"},
        {"KALENDS_PUBLIC_URL": "book.example.com"},
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    empty: Kalends, settings: dict[str, str]
) -> None:
    assert "KALENDS_" in one_sentence(empty("migrate", **settings), 2)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kalends:s3cr3t@127.0.0.1:1/kalends",
        "postgresql://kalends:s3cr3t@no.such.host.invalid/kalends",
        "postgresql://kalends:s3cr3t@127.0.0.1:port/kalends",
        "postgresql://kalends:s3cr3t@[::1/kalends",
    ],
)
def test_a_database_out_of_reach_is_one_sentence_without_its_password(
    empty: Kalends, url: str
) -> None:
    settings = {"KALENDS_DATABASE_URL": url, "KALENDS_SECRET": "x" * 32}
    done = empty("serve", "--port", str(free_port()), **settings)
    assert "s3cr3t" not in one_sentence(done, 1)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_file_that_cannot_be_is_one_sentence(kalends: Kalends, command: str) -> None:
    one_sentence(kalends(command, "/no/such/folder/file"), 1)


@pytest.mark.server
def test_a_data_directory_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = Kalends(tmp_path / "file" / "data")("migrate")
    assert "KALENDS_DATA_DIR" in one_sentence(done, 1)


def test_an_organization_that_is_not_there_is_one_sentence(kalends: Kalends) -> None:
    words = ("keys", "create", "--organization", "org_none", "--scopes", "*")
    assert "org_none" in one_sentence(kalends(*words), 1)
