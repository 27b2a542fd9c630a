"""What begins as a copy is like a new interpreter."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests import forking
from tests.forking import ROOT, run_python, start_python
from tests.mirror import ENDS
from tests.servers import stopped

pytestmark = pytest.mark.server
MIRROR = ("-m", "tests.mirror")
# The copy has imported what makes copies.
DIFFERS = "imported"


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Runs it as a copy, and in a new interpreter, with a setting of its own."""
    monkeypatch.chdir(ROOT)  # where both find the module
    environment = {**os.environ, "KALENDS_MIRROR": "a setting"}

    def run(*words: str) -> list[Any]:
        return [
            run_python(*MIRROR, *words, env=environment, within_seconds=60, is_copied=is_copied)
            for is_copied in (True, False)
        ]

    return run


def test_a_copy_sees_what_a_new_interpreter_sees(both: Callable[..., list[Any]]) -> None:
    copy, new = [json.loads(done.stdout) for done in both()]
    assert copy | {DIFFERS: []} == new | {DIFFERS: []}
    assert copy["environment"]["KALENDS_MIRROR"] == "a setting"
    assert copy["parent"] == os.getpid()
    assert copy["threads"] == 1


@pytest.mark.parametrize("how", ENDS)
def test_a_copy_ends_as_a_new_interpreter_does(both: Callable[..., list[Any]], how: str) -> None:
    copy, new = both(how)
    assert copy.returncode == new.returncode
    assert copy.stderr.splitlines()[0] == "an error"
    assert copy.stderr.splitlines()[-2:] == new.stderr.splitlines()[-2:]
    assert copy.stdout.count("\n") == new.stdout.count("\n") == 1


def test_a_copy_can_be_signalled_and_waited_for() -> None:
    with start_python(*MIRROR, "wait", env=os.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout
        json.loads(process.stdout.readline())
        assert process.poll() is None
        with stopped(process):
            while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
                time.sleep(0.01)
        process.terminate()
        assert process.wait(60) == -signal.SIGTERM


def test_another_environment_begins_a_new_interpreter() -> None:
    environment = {**os.environ, "TZ": "Asia/Tokyo"}
    done = run_python(*MIRROR, env=environment, within_seconds=60)
    assert "tests.forking" not in json.loads(done.stdout)[DIFFERS]


def test_an_original_that_does_not_answer_is_asked_no_more() -> None:
    original = forking._Original()
    original._connection, silent = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    original._connection.settimeout(0.01)
    request = forking.Request("tests.mirror", [], {}, str(ROOT), None)
    with silent:
        with pytest.raises(TimeoutError):
            original.copy(request, [0, 1, 2])
        assert silent.recv(4096)
        assert silent.recv(4096) == b""  # the end
    assert original._connection is None
