"""The endpoints for operators and their monitoring: `/healthz`, `/readyz`, `/metrics`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalends import __version__
from kalends.domain.errors import KalendsError, NotFound, Unavailable
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.outbox_figures import OutboxFigures
from kalends.web.http import metrics
from kalends.web.http.endpoint import error_answer


@dataclass(frozen=True)
class Checks:
    """`ready` raises Unavailable while the database cannot be reached; /healthz shows `facts`;
    `outbox` is None while nobody knows."""

    ready: Callable[[], Awaitable[None]]
    outbox: Callable[[], Awaitable[OutboxFigures | None]]
    facts: dict[str, str]
    shows_metrics: bool


def routes(checks: Checks) -> list[Route]:
    async def healthz(request: Request) -> Response:
        """The process lives; says which versions it runs."""
        return _json(200, {"status": "ok", "version": __version__, **checks.facts})

    async def readyz(request: Request) -> Response:
        """The database answers, so requests can be served."""
        try:
            await checks.ready()
        except Unavailable as error:
            return _error(request, error)
        return _json(200, {"status": "ready"})

    async def metrics_page(request: Request) -> Response:
        if not checks.shows_metrics:
            return _error(request, NotFound("There is no such path."))
        text = metrics.exposition(await checks.outbox())
        return Response(text, media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_page),
    ]


def _json(status: int, value: object) -> Response:
    return Response(json.encode(value), status, media_type="application/json")


def _error(request: Request, error: KalendsError) -> Response:
    answer: HttpAnswer = error_answer(error, request.scope["state"]["request_id"])
    return Response(answer.body, answer.status, answer.headers, media_type="application/json")
