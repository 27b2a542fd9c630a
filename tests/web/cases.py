"""Cases for tests of what a call takes."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.refusals import is_refused
from tests.world import JSON, World

Cases = list[tuple[str, Any]]

NO_TEXTS = [5, True, [], {}, "a\x00b", "\ud800", "🎉" * 10_000, "bell\x07"]


def cases_of(field: str, *values: Any) -> Cases:
    """The field with each of the values."""
    return [(field, value) for value in values]


def named_cases() -> Cases:
    """Of what has a name and a description."""
    names = cases_of("name", *NO_TEXTS, None, "", " ", "a\nb")
    return names + cases_of("description", *NO_TEXTS)


@dataclass(frozen=True)
class ResourceCase:
    """The things of one path, and what a new one needs. Sent through `json.dumps`, which can also
    write what httpx's own encoder refuses."""

    path: str
    needed: JSON

    def post(self, world: World, **fields: Any) -> httpx.Response:
        return world.api.post(self.path, content=json.dumps(self.needed | fields).encode())

    def update(self, world: World, thing: JSON, **fields: Any) -> httpx.Response:
        return world.api.patch(f"{self.path}/{thing['id']}", content=json.dumps(fields).encode())

    def check_refused(self, world: World, thing: JSON, field: str, value: Any) -> None:
        """Neither a new one nor this one can have the value, and the field is named."""
        changes = {field.split(".")[0]: value}
        assert is_refused(self.post(world, **changes), field)
        assert is_refused(self.update(world, thing, **changes), field)
        assert world.api.get(f"{self.path}/{thing['id']}").json()["data"] == thing
