"""`/openapi.json` and `/docs`: the OpenAPI description, for programs and for people.

The page is Swagger UI, vendored by `scripts/vendor-docs.sh`. It makes no requests to other hosts,
which the Content-Security-Policy enforces.
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

# Swagger UI uses style attributes, so inline styles are allowed. Inline scripts are not.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "page.css")
# Cached, but revalidated each time (mostly with a 304), so that an upgrade is visible at once.
REVALIDATE: Final = "no-cache"
DESCRIPTION: Final = "/openapi.json"


@dataclass(frozen=True)
class File:
    """A file whose content does not change while the process runs."""

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
    """`/openapi.json`. It is generated at the first request, in a thread, as that takes some tenths
    of a second and most processes never need it."""

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
    """The routes of the description, of the page that shows it, and of the page's files."""
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
