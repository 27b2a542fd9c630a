"""A Zoom that refuses what the real one refuses: server-to-server tokens, and meetings of one user.

    with running_zoom() as zoom:
        zoom.quirks.add(Quirk.LOSES_ANSWERS)

Names, codes and limits are those of Zoom's own documentation; nothing was tried against it. It
makes a meeting for each request, and knows no key of the client's.
"""

import asyncio
import base64
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.ports import served_at_a_port
from tests.fakes.quirks import Quirk
from tests.fakes.threads import served_in_a_thread

JSON = dict[str, Any]
ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET = "account-1", "client-1", "zoom-secret"
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
FIELDS = {"topic": str, "type": int, "start_time": str, "duration": int, "timezone": str}
PATHS = re.compile(r"/v2/(?:users/(?P<user>[^/]+)/meetings|meetings/(?P<meeting>\d+))")
# Of an agenda a list shows no more.
LISTED_AGENDA = 250


@dataclass
class FakeZoom:
    """One account with one user. `says` is what answers say instead of what they ought to: of a
    token, of a meeting that is made, and of one that is refused."""

    port: int = 0
    says: dict[str, JSON] = field(default_factory=dict)
    quirks: set[Quirk] = field(default_factory=set)
    meetings: dict[int, JSON] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    page_size: int = 300
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(91_000_000_001))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, method: str, part: str = "") -> list[Any]:
        return [body for verb, path, body in self.requests if verb == method and part in path]

    def forget(self) -> None:
        """As if nobody had been here."""
        for kept in (
            self.quirks,
            self.meetings,
            self.deleted,
            self.requests,
            self.tokens,
            self.says,
        ):
            kept.clear()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text) if text else None
        self.requests.append((request.method, request.path_qs, body))
        while Quirk.HANGS in self.quirks:
            await asyncio.sleep(0.05)
        if Quirk.DOWN in self.quirks:
            return web.Response(status=503)
        if request.path == "/oauth/token":
            return self._token(request)
        if Quirk.TOO_MANY in self.quirks:
            said = {"code": 429, "message": "You have reached the maximum per-second rate limit."}
            return web.json_response(said, status=429, headers={"Retry-After": "1"})
        status, value = self._call(request, body)
        if Quirk.LOSES_ANSWERS in self.quirks and request.method == "POST" and status < 300:
            assert request.transport is not None
            request.transport.abort()
        while Quirk.HANGS_AFTER in self.quirks:
            await asyncio.sleep(0.05)
        return (
            web.Response(status=204) if status == 204 else web.json_response(value, status=status)
        )

    def _token(self, request: web.BaseRequest) -> web.Response:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            said = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
            return web.json_response(said, status=400)
        wanted = {"grant_type": "account_credentials", "account_id": ACCOUNT_ID}
        if dict(request.query) != wanted or request.method != "POST":
            return web.json_response(
                {"reason": "Bad Request", "error": "invalid_request"}, status=400
            )
        token = f"token-{next(self.numbers)}"
        self.tokens.add(token)
        scope = "meeting:write:admin meeting:read:admin"
        answer: JSON = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": 3599,
            "scope": scope,
        }
        return web.json_response(answer | self.says.get("token", {}))

    def _call(self, request: web.BaseRequest, body: Any) -> tuple[int, JSON]:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return 401, {"code": 124, "message": "Invalid access token."}
        if Quirk.LACKS_SCOPE in self.quirks:
            said = "Invalid access token, does not contain scopes:[meeting:write:meeting:admin]."
            return 400, {"code": 4711, "message": said}
        path = PATHS.fullmatch(request.path)
        if path is None:
            return 404, {"code": 404, "message": "Not found."}
        if path["user"] is not None:
            return self._of_user(request, path["user"], body)
        number = int(path["meeting"])
        if number not in self.meetings:
            said = f"Meeting does not exist: {number}."
            return 404, {"code": 3001, "message": said}
        if request.method == "DELETE":
            del self.meetings[number]
            self.deleted.append(number)
            return 204, {}
        fault = _fault(body, set())
        if request.method != "PATCH" or fault:
            return 400, {"code": 300, "message": fault}
        self.meetings[number] |= body
        return 204, {}

    def _of_user(self, request: web.BaseRequest, user: str, body: Any) -> tuple[int, JSON]:
        if user != "me" and "@" not in user:
            return 404, {"code": 1001, "message": f"User does not exist: {user}."}
        if request.method == "GET":
            return self._list(dict(request.query))
        if fault := _fault(body, set(FIELDS)):
            return 400, {"code": 300, "message": fault}
        if "refusal" in self.says:
            return 400, self.says["refusal"]
        number = next(self.numbers)
        urls = {
            "join_url": f"https://zoom.example/j/{number}",
            "start_url": f"https://zoom.example/s/{number}",
        }
        self.meetings[number] = {**body, "id": number, "uuid": f"u{number}==", **urls}
        return 201, self.meetings[number] | self.says.get("meeting", {})

    def _list(self, query: dict[str, str]) -> tuple[int, JSON]:
        known = {"type", "page_size", "next_page_token"}
        if set(query) - known or not 1 <= int(query.get("page_size", "30")) <= 300:
            return 400, {"code": 300, "message": "Validation Failed."}
        begin = int(query.get("next_page_token") or "0")
        shown = [_listed(one) for one in self.meetings.values()][begin : begin + self.page_size]
        is_last = begin + self.page_size >= len(self.meetings)
        token = "" if is_last else str(begin + self.page_size)
        return 200, {"page_size": 300, "next_page_token": token, "meetings": shown}


def _listed(meeting: JSON) -> JSON:
    shown = {name: each for name, each in meeting.items() if name != "start_url"}
    return shown | {"agenda": meeting.get("agenda", "")[:LISTED_AGENDA]}


def _fault(body: Any, required: set[str]) -> str:
    """What is wrong with a body, as Zoom says it."""
    if not isinstance(body, dict):
        return "Request Body should be a valid JSON object."
    known = FIELDS | {"agenda": str}
    for name, value in body.items():
        if name not in known or not isinstance(value, known[name]):
            return "Validation Failed."
    if required - set(body) or len(body.get("topic", "")) > 200 or body.get("type", 2) != 2:
        return "Validation Failed."
    is_time = INSTANT.fullmatch(body.get("start_time", "2026-01-01T00:00:00Z"))
    return "" if is_time and body.get("duration", 1) >= 1 else "Validation Failed."


@asynccontextmanager
async def fake_zoom() -> AsyncIterator[FakeZoom]:
    zoom = FakeZoom()
    async with served_at_a_port(zoom.answer) as zoom.port:
        yield zoom


@contextmanager
def running_zoom() -> Iterator[FakeZoom]:
    """In a thread of its own, as another process would be."""
    with served_in_a_thread(fake_zoom) as zoom:
        yield zoom
