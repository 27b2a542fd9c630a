"""Finds the API endpoint of a path in a tree of its segments. Trying one route after another, as
Starlette does, would take longer than most handlers."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

# Keys in the tree, which no segment can equal: any value of a parameter, and the endpoint of the
# path that ends here.
ANYTHING: Final = "/{}"
END: Final = "/"


class ApiPaths:
    """Calls the endpoint of the path, or `otherwise` if no pattern matches.

    `endpoints` has the endpoints by their patterns, such as `/api/v1/holds/{id}`. A segment that
    some pattern spells out is never taken as the value of a parameter in the same place.
    """

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
        """The endpoint of the path; puts the path's parameters into the scope."""
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
