"""What a provider itself says of its API: schemas of bodies, and paths with names in braces."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

JSON = dict[str, Any]
FOLDER = Path(__file__).parent.parent / "data"


class Description:
    """A file of `tests/data`, with `schemas` as JSON Schema; the rest is as the provider has it."""

    def __init__(self, file: str) -> None:
        self.said: JSON = json.loads((FOLDER / file).read_text())
        self._validators: dict[str, Draft202012Validator] = {}

    def fault(self, schema: str, value: Any) -> str | None:
        """What is wrong with it first, by that schema."""
        if schema not in self._validators:
            rules = {"$ref": f"#/$defs/{schema}", "$defs": self.said["schemas"]}
            self._validators[schema] = Draft202012Validator(rules)
        for error in self._validators[schema].iter_errors(value):
            return f"{schema}: {error.message}"
        return None


def parts_of(pattern: str, path: str) -> dict[str, str] | None:
    """What stands in a path, as it was written, for the names of the pattern; None of another."""
    match = _pattern(pattern).fullmatch(path)
    return {name: unquote(part) for name, part in match.groupdict().items()} if match else None


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
