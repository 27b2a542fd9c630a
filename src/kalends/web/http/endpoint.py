"""The endpoint of one API path: authentication, rate limit and scope, then handler and answer.

Each path is an ASGI application of its own, so that the checks come in the API's order
(401, 429, 403, 404, …) and also apply to methods that the path does not have.
"""

from dataclasses import dataclass
from functools import cached_property

from msgspec import structs
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kalends.domain.access import ApiKey, Mode
from kalends.domain.errors import Invalid, KalendsError, MethodNotAllowed, NotFound, RateLimited
from kalends.domain.ids import API_KEY, encode_id
from kalends.domain.scopes import Scope as KeyScope
from kalends.domain.values import Instant
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.unit_of_work import Caller
from kalends.web.http.answers import with_headers
from kalends.web.http.call import Call
from kalends.web.http.errors import error_body, error_headers, status_of
from kalends.web.http.limits import limit_headers
from kalends.web.http.routes import Access, PathRoutes, Route, RouteAccess, method_of
from kalends.web.http.serving_context import ServingContext
from kalends.web.http.sign_ins import SAFE_METHODS
from kalends.web.http.throttled_keys import Refusals


@dataclass(frozen=True)
class ApiContext(ServingContext):
    """What API calls are served with. Limits are in requests per minute; 0 means no limit."""

    read_limit: int
    write_limit: int

    @cached_property
    def refusals(self) -> Refusals:
        """The keys that this process has seen go past their limits."""
        return Refusals(self.keyring)

    async def identify(self, headers: Headers) -> ApiKey:
        """The API key that the request is made with. Raises Unauthorized."""
        return await self.keyring.identify(key_in(headers))

    def count_or_refuse(self, key: ApiKey, scope: Scope, headers: dict[str, str]) -> None:
        """Counts the request against the limit of its key and adds the rate-limit headers to
        `headers`. Raises RateLimited if the key is past its limit."""
        is_read = scope["method"] in SAFE_METHODS
        limit = self.read_limit if is_read else self.write_limit
        if not key.rate_limited or not limit:
            return
        window = self.limiter.hit(f"{key.id} {'read' if is_read else 'write'}", limit)
        headers.update(limit_headers(window))
        if not window.is_allowed:
            self.refusals.note(scope, key, window)
            seconds = self.limiter.seconds_to(window)
            raise RateLimited(f"Too many requests. Try again in {seconds} s.", seconds)


@dataclass(frozen=True)
class Endpoint:
    """The methods of one path."""

    api_context: ApiContext
    routes: PathRoutes[Route]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        extra: dict[str, str] = {}
        try:
            answer = await self._answer(scope, receive, headers, extra)
        except KalendsError as error:
            answer = error_answer(error, scope["state"]["request_id"])
        await send_answer(send, scope["method"], with_headers(answer, extra))

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Headers, extra: dict[str, str]
    ) -> HttpAnswer:
        route = self.routes.open(scope)
        access = (route or self.routes.any).access
        caller = await self._admit(access, scope, headers, extra)
        if route is None:
            extra["allow"] = ", ".join(sorted(self.routes.by_method))
            raise MethodNotAllowed(f"{method_of(scope)} is not a method of this path.")
        if isinstance(route.access, KeyScope):
            caller.check(route.access)
            caller = with_sandbox_time(caller, headers)
        api_context = self.api_context
        call = Call(
            scope,
            receive,
            route.idempotent_by_key,
            api_context.context,
            caller,
            headers,
            api_context.keyring,
            api_context.sessions,
        )
        return await route.handler(call)

    async def _admit(
        self, access: RouteAccess, scope: Scope, headers: Headers, extra: dict[str, str]
    ) -> Caller:
        """Who makes the request. Raises Unauthorized, RateLimited, Forbidden (foreign origin)."""
        if not isinstance(access, KeyScope):
            sessions = self.api_context.sessions
            if access is Access.OPEN:
                return sessions.admit_anyone(scope, headers)
            return await sessions.admit_user(scope, headers)
        key = await self.api_context.identify(headers)
        scope["state"]["actor"] = encode_id(API_KEY, key.id)
        self.api_context.count_or_refuse(key, scope, extra)
        return caller_with(key)


@dataclass(frozen=True)
class NotFoundApp:
    """Answers paths that do not exist with 404; below `/api/v1/` the key is checked first."""

    api_context: ApiContext

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error: KalendsError = NotFound("There is no such path.")
        extra: dict[str, str] = {}
        if scope["path"].startswith("/api/v1/"):
            try:
                key = await self.api_context.identify(Headers(scope=scope))
                self.api_context.count_or_refuse(key, scope, extra)
            except KalendsError as refusal:
                error = refusal
        answer = error_answer(error, scope["state"]["request_id"])
        await send_answer(send, scope["method"], with_headers(answer, extra))


@dataclass(frozen=True)
class ReadOnly:
    """A path outside the table of routes, open to everyone: it serves GET and HEAD, and answers
    other methods with the API's 405."""

    path: str
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route_path"] = self.path
        if scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        error = MethodNotAllowed(f"{scope['method']} is not a method of this path.")
        answer = error_answer(error, scope["state"]["request_id"])
        await send_answer(send, scope["method"], with_headers(answer, {"allow": "GET"}))


def key_in(headers: Headers) -> str | None:
    """The key in `Authorization: Bearer` or `X-API-Key`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key")


def caller_with(key: ApiKey) -> Caller:
    return Caller(
        organization_id=key.organization_id,
        mode=key.mode,
        actor=encode_id(API_KEY, key.id),
        actor_name=key.display_name,
        scopes=key.scopes,
        api_key_id=key.id,
    )


def with_sandbox_time(caller: Caller, headers: Headers) -> Caller:
    """The caller with the clock that `Kalends-Now` sets, if it does. Raises Invalid unless the
    caller's key is one of a sandbox."""
    text = headers.get("kalends-now")
    if text is None:
        return caller
    if caller.mode is not Mode.TEST:
        raise Invalid.field("Kalends-Now", "is for the sandbox: it takes a wk_test_ key")
    try:
        return structs.replace(caller, now=Instant.parse(text))
    except ValueError as error:
        raise Invalid.field("Kalends-Now", str(error)) from None


def error_answer(error: KalendsError, request_id: str) -> HttpAnswer:
    return HttpAnswer(status_of(error), error_body(error, request_id), error_headers(error))


async def send_answer(send: Send, method: str, answer: HttpAnswer) -> None:
    """Sends an answer, as JSON unless its headers name another type; a HEAD gets headers only."""
    named = {"content-type": "application/json", **answer.headers}
    headers = [
        (b"content-length", str(len(answer.body)).encode()),
        *((name.encode(), value.encode("latin-1")) for name, value in named.items()),
    ]
    if answer.replayed:
        headers.append((b"idempotency-replayed", b"true"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
