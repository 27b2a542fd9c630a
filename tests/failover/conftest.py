"""Pairs of PostgreSQL, copies of one that is migrated, and servers that name both."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failover.pair import Pair
from tests.failover.stage import (
    PairedServers,
    Serving,
    made_template,
    running_fleet,
    running_pair,
    running_servers,
    short_folder,
)
from tests.store.pg15 import BINARIES, HOW_TO_GET_IT


@pytest.fixture(scope="package")
def folders() -> Iterator[Path]:
    """Skips without PostgreSQL 15, and fails in CI, where it must be there."""
    if not (BINARIES / "postgres").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO_GET_IT)
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="package")
def template(folders: Path) -> Path:
    return made_template(folders)


@pytest.fixture(scope="package")
def served_pair(folders: Path, template: Path) -> Iterator[Pair]:
    """The one that servers use."""
    with running_pair(folders, template) as pair:
        yield pair


@pytest.fixture(scope="package")
def serving(served_pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """They serve for all tests: most of what fails is PostgreSQL, which they outlive."""
    with running_servers(served_pair, tmp_path_factory.mktemp("fleet")) as serving:
        yield serving


@pytest.fixture
def fleet(served_pair: Pair, serving: Serving) -> Iterator[PairedServers]:
    with running_fleet(served_pair, serving) as fleet:
        yield fleet
