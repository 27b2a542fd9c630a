"""`/openapi.json` and `/docs`: the API described, for programs and for people.

The page is Swagger UI, copied in by `scripts/vendor-docs.sh`. It asks nothing of any other host,
and the Content-Security-Policy sees to it.
"""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import PurePath
from typing import Final

from msgspec import json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as PathRoute

from kalends.web.http.media_types import MEDIA_TYPES
from kalends.web.http.routes import Route
from kalends.web.openapi.document import describe

# Swagger UI styles by attributes, so styles may stand in the page. Scripts may not.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "page.css")
# Kept, but asked again each time: then 304, so that an upgrade shows at once.
REVALIDATE: Final = "no-cache"
DESCRIPTION: Final = "/openapi.json"


@dataclass(frozen=True)
class File:
    """Bytes that stay as they are while the process lives."""

    path: str
    media_type: str
    body: bytes

    @cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'

    def answer(self, request: Request) -> Response:
        headers = {
            "etag": self.etag,
            "cache-control": REVALIDATE,
            "content-security-policy": POLICY,
        }
        known_tags = request.headers.get("if-none-match", "")
        if self.etag in (tag.strip().removeprefix("W/") for tag in known_tags.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(self.body, headers=headers, media_type=self.media_type)


class Description:
    """`/openapi.json`. It is written when somebody first asks for it, and beside other requests:
    it takes some tenths of a second, and most processes are never asked."""

    def __init__(self, described: Iterable[Route]) -> None:
        self._described = described
        self._file: File | None = None

    async def answer(self, request: Request) -> Response:
        if self._file is None:
            self._file = await asyncio.to_thread(self._write)
        return self._file.answer(request)

    def _write(self) -> File:
        return File(DESCRIPTION, "application/json", json.encode(describe(self._described)))


def routes(described: Iterable[Route]) -> list[PathRoute]:
    """The description of these routes, the page that shows it, and what the page needs."""
    folder = files("kalends.web.openapi") / "docs"
    return [
        PathRoute(DESCRIPTION, Description(described).answer),
        _route(File("/docs", "text/html", (folder / "index.html").read_bytes())),
        *(
            _route(File(f"/docs/{name}", MEDIA_TYPES[PurePath(name).suffix], body))
            for name, body in ((name, (folder / name).read_bytes()) for name in ASSETS)
        ),
    ]


def _route(file: File) -> PathRoute:
    async def answer(request: Request) -> Response:
        return file.answer(request)

    return PathRoute(file.path, answer)
