"""Installations to measure, each in a folder of its own: empty ones, and such as hold a world.

A world is filled once and kept, as a copy of its data directory that was made while nothing ran. It
lies outside the repository, by its size, what filled it, and the schema's revision, and is copied
anew for each run.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from bench import fill
from bench.report import report_progress
from bench.world import BenchWorld
from kalends.cli.running import run
from kalends.compose import installation, migrate_now
from kalends.runtime.unit_of_work import Context
from kalends.settings import Settings
from kalends.store.embedded.server import EmbeddedPostgres
from kalends.store.revisions import newest_revision

T = TypeVar("T")

# Not "none": the limits are counted, shared and shown in headers, as they are for everybody.
LIMIT: Final = "999999999"


@dataclass(frozen=True)
class Filling:
    """What makes a world: each step works on what the one before left, and the files say whether
    a kept one was made as it would be now."""

    steps: Sequence[Callable[[Context, BenchWorld], Awaitable[None]]]
    files: Sequence[str]


WITH_FEWEST: Final = Filling(
    (fill.fill, fill.fill_fewest), ("fill.py", "world.py", "sql/fewest/schema.sql")
)
# What is filled need not outlast a power cut, until it is whole.
IN_A_HURRY: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def cache_folder() -> Path:
    """`KALENDS_BENCH_CACHE`, else where caches belong. Of root's own folders PostgreSQL, which
    will not run as root, could read none."""
    if named := os.environ.get("KALENDS_BENCH_CACHE"):
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path("/var/cache" if os.geteuid() == 0 else home) / "kalends-bench"


@contextmanager
def folder_of(name: str) -> Iterator[Path]:
    """A folder that goes with the block, on the disk that holds the kept worlds."""
    parent = cache_folder() / "running"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environ_of(data_dir: Path) -> dict[str, str]:
    return {
        "KALENDS_DATA_DIR": str(data_dir),
        "KALENDS_RATE_LIMIT_READ": LIMIT,
        "KALENDS_RATE_LIMIT_WRITE": LIMIT,
    }


def copy_world(world: BenchWorld, data_dir: Path, filling: Filling = WITH_FEWEST) -> None:
    """Makes the data directory of an installation that holds the world; nothing runs there."""
    _copy(keep_world(world, filling), data_dir)


def keep_world(world: BenchWorld, filling: Filling = WITH_FEWEST) -> Path:
    """The world as it is kept: filled, or brought up to date from an older schema, if need be."""
    made_by = b"".join((Path(__file__).parent / name).read_bytes() for name in filling.files)
    worlds = cache_folder() / "worlds" / f"{world.bookings}-{sha256(made_by).hexdigest()[:8]}"
    kept = worlds / newest_revision()
    if not kept.exists():
        worlds.mkdir(parents=True, exist_ok=True)
        older = [folder for folder in sorted(worlds.iterdir()) if folder.name < kept.name]
        with folder_of("filling") as folder:
            _make(world, filling, folder / "data", *older[-1:])
            os.sync()
            (folder / "data").rename(kept)
    return kept


def _make(world: BenchWorld, filling: Filling, data_dir: Path, older: Path | None = None) -> None:
    if older:
        report_progress(f"bringing {older} up to date")
        _copy(older, data_dir)
    settings = Settings.from_environ(environ_of(data_dir))
    with (
        EmbeddedPostgres(data_dir, settings=IN_A_HURRY),
        installation(settings) as home,
    ):
        migrate_now(home)
        if not older:
            report_progress(f"filling {world.bookings:,} bookings, for this run and later ones")
            for step in filling.steps:
                run(home, partial(_take, step, world), fill.FILLING)
        run(home, fill.settle, fill.FILLING)


async def _take(
    step: Callable[[Context, BenchWorld], Awaitable[None]], world: BenchWorld, context: Context
) -> None:
    await step(context, world)


def _copy(source: Path, target: Path) -> None:
    """With owners and holes; shares the blocks where the file system can."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)
