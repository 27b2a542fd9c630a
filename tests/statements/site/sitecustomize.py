"""Notes each statement that Kalends sends, in every process of a run of the tests.

Python imports a module of this name when it starts, so the servers, workers and commands that tests
start note theirs too: the folder of this file is in their PYTHONPATH. One file for each text, named
by its hash: who finds it there has nothing to write.
"""

import hashlib
import importlib.util
import json
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

FOLDER = "STATEMENTS_OF_TESTS"
WATCHED = "asyncpg.connection"
MOST_CALLERS = 4
# What a statement passes through on its way from who sends it to the driver.
_PASSED = ("asyncpg.", "sitecustomize", "contextlib")
_noted: set[str] = set()


def watch(connection: Any) -> None:
    """Has the driver's connections note what they are asked."""
    prepare, run = connection._get_statement, connection.execute

    async def get_statement(self: Any, query: str, *args: Any, **options: Any) -> Any:
        if query not in _noted:
            note(query)
        return await prepare(self, query, *args, **options)

    async def execute(self: Any, query: str, *args: Any, **options: Any) -> Any:
        if not args and query not in _noted:
            note(query)
        return await run(self, query, *args, **options)

    connection._get_statement = get_statement
    connection.execute = execute


def note(text: str) -> None:
    """Writes the statement down with the functions of Kalends that sent it, the innermost first;
    nothing where a test or a library did."""
    callers = callers_of(sys._getframe(2))
    if not callers:
        return
    _noted.add(text)
    file = Path(os.environ[FOLDER]) / hashlib.sha256(text.encode()).hexdigest()
    if file.exists():
        return
    whole = file.with_suffix(f".{os.getpid()}")  # others read it while it is written
    whole.write_text(json.dumps({"text": text, "callers": callers}))
    whole.replace(file)


def callers_of(frame: FrameType | None) -> list[str]:
    callers: list[str] = []
    while frame is not None and len(callers) < MOST_CALLERS:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("kalends."):
            callers.append(f"{module.removeprefix('kalends.')}.{_name_of(frame.f_code)}")
        elif not module.startswith(_PASSED) and not callers:
            return []
        frame = frame.f_back
    return callers


def _name_of(code: CodeType) -> str:
    return getattr(code, "co_qualname", code.co_name)


class _Watcher(MetaPathFinder, Loader):
    """Watches the driver's module from its first import, which many commands never do."""

    _loader: Any

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != WATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        watch(module.Connection)


if __name__ == "sitecustomize" and FOLDER in os.environ and WATCHED not in sys.modules:
    sys.meta_path.insert(0, _Watcher())
