"""Collects the statements of a run of the tests, whatever process sends them, and judges them when
it ends: one that does not stay with an organization fails the run."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

import pglast
from tests.statements.exceptions import reason_of
from tests.statements.site import sitecustomize
from tests.statements.tenancy import judge

_SITE = str(Path(sitecustomize.__file__).parent)


class Statement(NamedTuple):
    """A text, and the functions that sent it first, the innermost first."""

    text: str
    callers: list[str]


def begin() -> Path | None:
    """From here on all processes note what they send. The folder of the run's notes, or None in a
    worker, which notes into the folder of its run."""
    is_ours = sitecustomize.FOLDER not in os.environ
    if is_ours:
        os.environ[sitecustomize.FOLDER] = tempfile.mkdtemp(prefix="kalends-statements-")
        paths = [_SITE, os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    if "sitecustomize" not in sys.modules or not hasattr(sys.modules["sitecustomize"], "watch"):
        import asyncpg

        sitecustomize.watch(asyncpg.Connection)
    return Path(os.environ[sitecustomize.FOLDER]) if is_ours else None


def read_statements(folder: Path) -> list[Statement]:
    files = sorted(file for file in folder.iterdir() if not file.suffix)
    return [Statement(**json.loads(file.read_text())) for file in files]


def list_faults(statements: Iterable[Statement]) -> list[str]:
    """A paragraph for each statement that does not stay with an organization."""
    faults = []
    for text, callers in statements:
        try:
            judgement = judge(text)
        except pglast.parser.ParseError as error:
            faults.append(f"{callers[0]}: {error}\n{text.strip()}")
            continue
        wrong = judgement.forbidden + ([] if reason_of(callers) else judgement.scattered)
        if wrong:
            faults.append(f"{callers[0]}: {'; '.join(sorted(set(wrong)))}\n{text.strip()}")
    return faults


def end(folder: Path) -> list[str]:
    """The faults of the run, whose notes are forgotten."""
    faults = list_faults(read_statements(folder))
    rmtree(folder, ignore_errors=True)
    return faults
