"""Which endpoint a path of the API leads to."""

import asyncio
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from kalends.web.http.paths import ApiPaths

PATTERNS = ("/things", "/things/all", "/things/{id}", "/things/{id}/parts/{part_id}")

pytestmark = pytest.mark.pure


def called(path: str) -> tuple[str, Any]:
    """The pattern whose endpoint the path leads to, and its parameters."""
    calls: list[tuple[str, Any]] = []

    def noting(name: str) -> ASGIApp:
        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            calls.append((name, scope.get("path_params")))

        return endpoint

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    paths = ApiPaths({pattern: noting(pattern) for pattern in PATTERNS}, noting("otherwise"))
    asyncio.run(paths({"type": "http", "path": path}, nothing, nothing))
    return calls[0]


@pytest.mark.parametrize(
    ("path", "pattern", "parameters"),
    [
        ("/things", "/things", {}),
        ("/things/all", "/things/all", {}),
        ("/things/1", "/things/{id}", {"id": "1"}),
        ("/things/1/parts/2", "/things/{id}/parts/{part_id}", {"id": "1", "part_id": "2"}),
    ],
)
def test_a_path_leads_to_its_endpoint(path: str, pattern: str, parameters: dict[str, str]) -> None:
    assert called(path) == (pattern, parameters)


@pytest.mark.parametrize(
    "path",
    ["/", "", "things", "/thing", "/things/", "/things//parts/2", "/things/1/parts"],
)
def test_any_other_path_leads_on(path: str) -> None:
    assert called(path)[0] == "otherwise"
