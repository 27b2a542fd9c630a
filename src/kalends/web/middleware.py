"""The outermost layer of HTTP: request ids, a log line per request, metrics, and an error answer
for every exception."""

import time
from http import HTTPStatus
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kalends.domain.errors import KalendsError
from kalends.runtime.time_budget import TimeBudget, request_time_budget
from kalends.web.http import metrics
from kalends.web.http.request_ids import request_id_of
from kalends.web.http.unavailable import UnavailableLog
from kalends.web.pages.endpoint import send_error

log = structlog.get_logger("kalends.http")

NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
NO_STORE: Final = (b"cache-control", b"no-store")


class RequestMiddleware:
    """Wraps the application. Every answer has an `X-Request-Id`, every request one log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._unavailable = UnavailableLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with request_time_budget() as budget:
            exchange = _Exchange(scope, send, budget, self._unavailable)
            await self._serve(scope, receive, exchange)

    async def _serve(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:
            log.exception("failed", request_id=exchange.request_id, path=exchange.path)
            if exchange.status is None:
                await send_error(scope, exchange.send, _as_public_error(error))
        finally:
            exchange.end()


class _Exchange:
    """One request and its answer, until its line is in the log."""

    def __init__(
        self, scope: Scope, send: Send, budget: TimeBudget, unavailable: UnavailableLog
    ) -> None:
        self.request_id = request_id_of(scope["headers"])
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self._budget = budget
        self._unavailable = unavailable
        self._began = time.perf_counter()
        scope["state"] = {**scope.get("state", {}), "request_id": self.request_id}

    @property
    def path(self) -> str:
        """The path for the log: the pattern, if the path itself contains a secret."""
        path: str = self._scope.get("logged_path", self._scope["path"])
        return path

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._budget.remove_limit()
            headers = list(message["headers"])
            headers += [(b"x-request-id", self.request_id.encode()), NO_SNIFFING]
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append(NO_STORE)
            message["headers"] = headers
        await self._send(message)

    def end(self) -> None:
        seconds = time.perf_counter() - self._began
        route = self._scope.get("route_path", "unmatched")
        metrics.observe(self._scope["method"], route, self.status or 500, seconds)
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self._unavailable.note(self.request_id, route, self._budget.failed_wait, seconds)
        log.info(
            "request",
            request_id=self.request_id,
            method=self._scope["method"],
            path=self.path,
            status=self.status,
            ms=round(seconds * 1000, 2),
            actor=self._scope["state"].get("actor"),
        )


def _as_public_error(error: Exception) -> KalendsError:
    """The error that the client sees; it discloses nothing about an unexpected exception."""
    if isinstance(error, KalendsError):
        return error
    return KalendsError("Something went wrong on our side. The log has it under this request_id.")
