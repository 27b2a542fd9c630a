"""What is released: a wheel that serves with nothing of the repository beside it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.homes import environment_in
from tests.servers import Server

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs, and nothing else."""
    folder = tmp_path_factory.mktemp("release")
    script = ROOT / "scripts" / "build_release.py"
    subprocess.run([sys.executable, script, folder / "dist"], check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    words: list[str | Path] = [
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        folder / "installed",
        wheel,
    ]
    subprocess.run([*pip, *words], check=True, capture_output=True)
    return folder / "installed"


@pytest.fixture
def released(installed: Path, tmp_path: Path) -> Iterator[Server]:
    environment = environment_in(tmp_path) | {"PYTHONPATH": str(installed)}
    with Server(environment, tmp_path / "server.log") as server:
        yield server


def test_the_wheel_serves_api_pages_and_console(released: Server) -> None:
    paths = ("/openapi.json", "/docs", "/console/sign-in", "/embed.js", "/llms.txt", "/healthz")
    codes = {path: httpx.get(f"{released.url}{path}").status_code for path in paths}
    assert codes == dict.fromkeys(paths, 200)


def test_what_serves_is_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import kalends; print(kalends.__file__)"],
        env={"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_the_wheel_has_the_messages_compiled(installed: Path) -> None:
    code = (
        "from kalends.translation import get_catalogue;"
        "print(get_catalogue('en').translations.info()['plural-forms'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nplurals=2" in done.stdout
