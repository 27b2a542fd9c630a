"""Which endpoint of the API a path leads to, found by its segments: looking at one route after the
other takes longer than what most of them do."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

# In the place of a segment that is a parameter, and of the endpoint where a path may end. Neither
# can be a segment.
ANYTHING: Final = "/{}"
END: Final = "/"


class ApiPaths:
    """Calls the endpoint of the path, or `otherwise`; `endpoints` are by their patterns, such as
    `/api/v1/holds/{id}`. A segment that is written in a pattern is no parameter's value there."""

    def __init__(self, endpoints: Mapping[str, ASGIApp], otherwise: ASGIApp) -> None:
        self._otherwise = otherwise
        self._tree: dict[str, Any] = {}
        for pattern, endpoint in endpoints.items():
            names, node = [], self._tree
            for segment in pattern.split("/"):
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                node = node.setdefault(ANYTHING if segment.startswith("{") else segment, {})
            node[END] = endpoint, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._find(scope) if scope["type"] == "http" else None
        await (app or self._otherwise)(scope, receive, send)

    def _find(self, scope: Scope) -> ASGIApp | None:
        """The endpoint, its parameters put into the scope."""
        node, values = self._tree, []
        for segment in scope["path"].split("/"):
            child = node.get(segment)
            if child is None:
                child = node.get(ANYTHING)
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        if END not in node:
            return None
        endpoint: ASGIApp
        endpoint, names = node[END]
        scope["path_params"] = dict(zip(names, values, strict=True))
        return endpoint
