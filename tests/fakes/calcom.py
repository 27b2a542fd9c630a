"""A Cal.com of our own: a real HTTP server on loopback, in the shapes of `tests/data/calcom`, with
switches for what may go wrong.

python -m tests.fakes.calcom PORT BOOKINGS: one with that many bookings, until it is killed.
"""

import asyncio
import copy
import hashlib
import hmac
import json
import re
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

JSON = dict[str, Any]
SAMPLES: Final = Path(__file__).parents[1] / "data" / "calcom"
KEY: Final = "cal_test_4f9QkeyKEY"
VERSION: Final = "2024-08-13"
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)")


def samples(name: str) -> list[JSON]:
    """The rows of one of the samples."""
    rows: list[JSON] = json.loads((SAMPLES / f"{name}.json").read_text())["data"]
    return rows


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class CalcomRequest:
    """A request that came in: the number of it, its path and query."""

    number: int
    path: str
    query: dict[str, str]
    version: str | None

    @property
    def is_list(self) -> bool:
        return self.path.endswith("/bookings") and self.query.get("take") != "1"


Fault = Callable[[CalcomRequest], "web.StreamResponse | str | None"]
CUT: Final = "cut"
CLOSE: Final = "close"


@dataclass
class FakeCalcom:
    """Rows by uid, in the order in which they were made. Times of the clock are its own."""

    key: str = KEY
    rows: dict[str, JSON] = field(default_factory=dict)
    schedules: list[JSON] = field(default_factory=list)
    event_types: list[JSON] = field(default_factory=list)
    requests: list[CalcomRequest] = field(default_factory=list)
    # Switches.
    fault: Fault | None = None
    after: Callable[[CalcomRequest], None] | None = None
    most_on_page: int = 250
    refuses_large_pages: bool = True
    pagination: str = "new"
    lie: Callable[[JSON], JSON] | None = None
    dropped: Callable[[JSON], bool] | None = None
    ignores_filters: bool = False
    is_old_api: bool = False
    drops_null_updates: bool = True
    delay_seconds: float = 0.0
    # Whose account the key belongs to; None where the server does not say.
    owner: JSON | None = None
    port: int = 0
    _number: int = 0
    _ticks: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _stop: asyncio.Event | None = None

    # What happens there.

    def now(self) -> str:
        """Each moment is later than the last one."""
        self._ticks += 1
        return iso(datetime.now(UTC) + timedelta(milliseconds=self._ticks % 500))

    def book_many(self, count: int) -> None:
        for _ in range(count):
            self.book()

    def book(self, uid: str = "", **changes: Any) -> JSON:
        """A booking, accepted, half an hour long."""
        with self._lock:
            self._number += 1
            row = copy.deepcopy(samples("cancelled")[0])
            start = datetime(2031, 1, 1, tzinfo=UTC) + timedelta(hours=self._number)
            now = self.now()
            row |= {
                "id": 1_000_000 + self._number,
                "uid": uid or f"uid{self._number:019d}",
                "status": "accepted",
                "cancellationReason": "",
                "cancelledByEmail": "",
                "start": iso(start),
                "end": iso(start + timedelta(minutes=30)),
                "createdAt": now,
                "updatedAt": now,
                **changes,
            }
            if "start" in changes and "end" not in changes:
                begins = datetime.fromisoformat(changes["start"])
                row["end"] = iso(begins + timedelta(minutes=30))
            self.rows[row["uid"]] = row
            return row

    def add(self, *rows: JSON) -> None:
        """Rows as they are."""
        with self._lock:
            for row in rows:
                self.rows[str(row.get("uid", id(row)))] = copy.deepcopy(row)

    def change(self, uid: str, **changes: Any) -> JSON:
        with self._lock:
            row = self.rows[uid]
            row |= {"updatedAt": self.now(), **changes}
            return row

    def cancel(self, uid: str, reason: str = "Ill") -> JSON:
        return self.change(uid, status="cancelled", cancellationReason=reason)

    def reschedule(self, uid: str, start: str, new_uid: str = "", **changes: Any) -> JSON:
        """The old row is cancelled and stays; a new one is made."""
        with self._lock:
            old = self.rows[uid]
            new = self.book(new_uid, start=start, rescheduledFromUid=uid, **changes)
            for name in ("title", "attendees", "hosts", "eventType", "eventTypeId"):
                if name not in changes:
                    new[name] = copy.deepcopy(old[name])
            self.change(
                uid,
                status="cancelled",
                cancellationReason="Moved",
                rescheduledToUid=new["uid"],
            )
            return new

    def delete(self, uid: str) -> None:
        with self._lock:
            del self.rows[uid]

    def hook(self, uid: str, trigger: str = "BOOKING_CREATED", flat: bool = False) -> bytes:
        """The body of a webhook about the booking."""
        payload = {"uid": uid, "title": "Old news", "startTime": "2001-01-01T00:00:00Z"}
        body: JSON = {"triggerEvent": trigger, "createdAt": self.now()}
        return json.dumps(body | payload if flat else body | {"payload": payload}).encode()

    # The server.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"

    @property
    def pages(self) -> list[CalcomRequest]:
        """The questions for pages of bookings, without the looks before a run."""
        return [request for request in self.requests if request.is_list]

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop
        assert self._stop
        assert self._thread
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self.serve(ready.set))

    async def serve(self, ready: Callable[[], object]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_get("/v2/{rest:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        assert runner.addresses
        self.port = runner.addresses[0][1]
        ready()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        received = CalcomRequest(
            len(self.requests) + 1,
            request.path,
            dict(request.query),
            request.headers.get("cal-api-version"),
        )
        self.requests.append(received)
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        fault = self.fault(received) if self.fault else None
        if isinstance(fault, web.StreamResponse):
            return fault
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "UnauthorizedException", "Invalid API Key")
        with self._lock:
            answer = self._route(received)
        if fault in (CUT, CLOSE):
            return await _break_off(request, answer, fault)
        if self.after:
            self.after(received)
        return answer

    def _route(self, request: CalcomRequest) -> web.Response:
        path = request.path.removeprefix("/v2")
        if path == "/bookings":
            return self._list(request)
        if path == "/me" and self.owner is not None:
            return _json(200, {"status": "success", "data": self.owner})
        if path.startswith("/bookings/"):
            row = self.rows.get(path.removeprefix("/bookings/"))
            if row is None or (self.dropped and self.dropped(row)):
                return _error(404, "NotFoundException", "Booking was not found in the database")
            return _json(200, {"status": "success", "data": row})
        if path == "/schedules" and request.version == "2024-06-11":
            return _json(200, {"status": "success", "data": self.schedules})
        if path == "/event-types" and request.version == "2024-06-14":
            return _json(200, {"status": "success", "data": self.event_types})
        return _error(404, "NotFoundException", f"Cannot GET {request.path}")

    def _list(self, request: CalcomRequest) -> web.Response:
        rows = list(self.rows.values())
        if self.is_old_api or request.version is None:
            data = {"bookings": rows, "totalCount": len(rows), "recurringInfo": []}
            return _json(200, {"status": "success", "data": data})
        if request.version != VERSION:
            return _error(404, "NotFoundException", "Cannot GET /v2/bookings")
        take, skip = int(request.query.get("take", 100)), int(request.query.get("skip", 0))
        if take > self.most_on_page and self.refuses_large_pages:
            return _error(400, "BadRequestException", "take must not be greater")
        take = min(take, self.most_on_page)
        for name in ("afterStart", "beforeEnd", "afterCreatedAt", "afterUpdatedAt"):
            if name in request.query and not _ISO.fullmatch(request.query[name]):
                return _error(400, "BadRequestException", f"{name} must be ISO 8601")
        if not self.ignores_filters:
            rows = [row for row in rows if self._passes(row, request.query)]
        rows = _sorted(rows, request.query)
        page = rows[skip : skip + take]
        total = len(rows)
        left = max(0, total - skip - len(page))
        if self.dropped:
            page = [row for row in page if not self.dropped(row)]
        body = {"status": "success", "data": page, **self._counts(total, left, take, skip, page)}
        return _json(200, self.lie(body) if self.lie else body)

    def _passes(self, row: JSON, query: dict[str, str]) -> bool:
        checks: tuple[tuple[str, str, Callable[[str, str], bool]], ...] = (
            ("afterStart", "start", lambda a, b: a >= b),
            ("beforeEnd", "end", lambda a, b: a <= b),
            ("afterCreatedAt", "createdAt", lambda a, b: a >= b),
            ("afterUpdatedAt", "updatedAt", lambda a, b: a >= b),
        )
        for name, column, holds in checks:
            if name not in query:
                continue
            if row.get(column) is None:
                return not self.drops_null_updates
            if not holds(str(row[column]), query[name]):
                return False
        return True

    def _counts(self, total: int, left: int, take: int, skip: int, page: list[JSON]) -> JSON:
        if self.pagination == "none":
            return {}
        returned = "returnedItems" if self.pagination == "new" else "itemsReturned"
        counts = {
            returned: len(page),
            "totalItems": total,
            "itemsPerPage": take,
            "remainingItems": left,
            "currentPage": skip // take + 1,
            "totalPages": -(-total // take),
            "hasNextPage": left > 0,
            "hasPreviousPage": skip > 0,
        }
        return {"pagination": counts}


def _sorted(rows: Iterable[JSON], query: dict[str, str]) -> list[JSON]:
    """As PostgreSQL does: nothing comes last. Equal ones have no order worth the name."""
    for name, column in (("sortCreated", "createdAt"), ("sortUpdatedAt", "updatedAt")):
        if name in query:
            return sorted(rows, key=lambda row: (row.get(column) is None, row.get(column) or ""))
    return list(rows)


def _json(status: int, body: object, **headers: str) -> web.Response:
    # Lone surrogates stay escaped, as JSON in ASCII.
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json",
        headers=headers,
    )  # fmt: skip


def _error(status: int, code: str, message: str) -> web.Response:
    error = {"code": code, "message": message, "details": {}}
    return _json(status, {"status": "error", "error": error})


def too_many(seconds: int) -> web.Response:
    """429, to be over in so many seconds."""
    body = json.loads((SAMPLES / "errors.json").read_text())["429"]["body"]
    headers = {
        "X-RateLimit-Limit-Default": "120",
        "X-RateLimit-Remaining-Default": "0",
        "X-RateLimit-Reset-Default": str(seconds),
    }
    return web.Response(
        status=429, body=json.dumps(body).encode(), content_type="application/json",
        headers=headers,
    )  # fmt: skip


def failing(name: str) -> web.Response:
    """One of the errors in the samples."""
    sample = json.loads((SAMPLES / "errors.json").read_text())[name]
    return _json(sample["http"], sample["body"])


def once(what: Callable[[], web.StreamResponse | str], on: int) -> Fault:
    """A fault of one page: the `on`-th one."""
    seen: list[CalcomRequest] = []

    def fault(request: CalcomRequest) -> web.StreamResponse | str | None:
        if not request.is_list:
            return None
        seen.append(request)
        return what() if len(seen) == on else None

    return fault


async def _break_off(request: web.Request, answer: web.Response, how: str) -> web.StreamResponse:
    """Promises the whole answer, sends a part (or nothing), and hangs up."""
    body = answer.body
    assert isinstance(body, bytes)
    broken = web.StreamResponse(headers={"content-length": str(len(body))})
    if how == CUT:
        await broken.prepare(request)
        await broken.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return broken


async def _main(port: int, bookings: int) -> None:
    fake = FakeCalcom(port=port)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(bookings):
        moment = iso(made + timedelta(seconds=number))
        fake.book(createdAt=moment, updatedAt=moment)
    await fake.serve(lambda: print(fake.url, flush=True))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
