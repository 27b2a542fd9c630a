"""`/openapi.json` and `/docs`: the API described, for programs and for people.

The page is Swagger UI, copied in by `scripts/vendor-docs.sh`. It asks nothing of any other host,
and the Content-Security-Policy sees to it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Final

from msgspec import json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as PathRoute

from kalends.web.http.routes import Route
from kalends.web.openapi.document import describe

# Swagger UI styles by attributes, so styles may stand in the page. Scripts may not.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
}
# Kept, but asked again each time: then 304, so that an upgrade shows at once.
REVALIDATE: Final = "no-cache"


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


def routes(described: Iterable[Route]) -> list[PathRoute]:
    """The description of these routes, the page that shows it, and what the page needs."""
    folder = files("kalends.web.openapi") / "docs"
    document = json.encode(describe(described))
    return [
        _route(File("/openapi.json", "application/json", document)),
        _route(File("/docs", "text/html", (folder / "index.html").read_bytes())),
        *(
            _route(File(f"/docs/{name}", media_type, (folder / name).read_bytes()))
            for name, media_type in ASSETS.items()
        ),
    ]


def _route(file: File) -> PathRoute:
    async def shown(request: Request) -> Response:
        return file.answer(request)

    return PathRoute(file.path, shown)
