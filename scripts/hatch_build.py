"""Compiles the message catalogues into the wheel, and where the package is installed editably."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts import messages


class CompiledCatalogues(BuildHookInterface[Any]):
    """Called by hatchling before it collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        messages.compile_all()
