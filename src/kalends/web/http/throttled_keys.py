"""Early refusal (429) of API keys that are past their rate limit in the running minute.

The first request past the limit is refused by its endpoint, which notes the key here. The requests
after it cost no more than being parsed: no routing, no query, no log line of their own.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from starlette.types import Scope

from kalends.domain.access import ApiKey
from kalends.domain.errors import RateLimited
from kalends.domain.ids import API_KEY, encode_id
from kalends.runtime.keyring import Keyring
from kalends.runtime.rate_limits import RateWindow
from kalends.web.http import metrics
from kalends.web.http.errors import error_body
from kalends.web.http.limits import limit_headers
from kalends.web.http.request_ids import request_id_of
from kalends.web.http.sign_ins import SAFE_METHODS

log = structlog.get_logger("kalends.http")

RawHeaders = Sequence[tuple[bytes, bytes]]

LIMITED_PATHS: Final = b"/api/v1/"
MOST_NOTED: Final = 10_000
LOG_EVERY_SECONDS: Final = 1.0
# A connection is closed once it was refused this many times the limit in one minute.
TIMES_TOO_OFTEN: Final = 10


@dataclass
class LimitedKey:
    """A key that is past a limit until its window ends. `head` is the constant part of its 429;
    `count` is how many refusals have not been logged yet."""

    key: ApiKey
    window: RateWindow
    head: str
    count: int = 0
    logged_at: float = field(default_factory=time.monotonic)

    def is_too_often(self, times: int) -> bool:
        """Whether that many refusals in the window are enough to close the connection."""
        return times > TIMES_TOO_OFTEN * self.window.limit

    def answer(self, headers: RawHeaders, more: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The whole answer as bytes, with the headers of `more` added to its head."""
        seconds = max(1, self.window.resets_at - int(time.time()))
        request_id = request_id_of(headers)
        error = RateLimited(f"Too many requests. Try again in {seconds} s.", seconds)
        body = error_body(error, request_id)
        head = (
            f"{self.head}content-length: {len(body)}\r\nretry-after: {seconds}\r\n"
            f"x-request-id: {request_id}\r\n"
        )
        added = b"".join([b"%s: %s\r\n" % pair for pair in more])
        return b"%s%s\r\n%s" % (head.encode(), added, body)

    def note(self) -> None:
        """Counts the refusal and logs the count, at most once a second."""
        metrics.refusals.inc()
        self.count += 1
        now = time.monotonic()
        if now - self.logged_at >= LOG_EVERY_SECONDS:
            actor = encode_id(API_KEY, self.key.id)
            log.info("refused", status=429, actor=actor, requests=self.count)
            self.count, self.logged_at = 0, now


class Refusals:
    """The keys that are past a limit, by the credential as it was sent and by whether the limit is
    that of reads."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._noted: dict[tuple[bytes, bool], LimitedKey] = {}

    def note(self, scope: Scope, key: ApiKey, window: RateWindow) -> None:
        """Refuses the request's credential from now on, until the window ends."""
        credential = credential_in(scope["headers"])
        if credential is None:
            return
        if len(self._noted) >= MOST_NOTED:
            self._noted.clear()
        lines = [f"{name}: {value}\r\n" for name, value in limit_headers(window).items()]
        head = (
            "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n"
            f"x-content-type-options: nosniff\r\ncache-control: no-store\r\n{''.join(lines)}"
        )
        self._noted[credential, scope["method"] in SAFE_METHODS] = LimitedKey(key, window, head)

    def find(self, method: str, url: bytes, headers: RawHeaders) -> LimitedKey | None:
        """The key by which a request is to be refused; None if it is to be served."""
        if not self._noted or not url.startswith(LIMITED_PATHS):
            return None
        credential = credential_in(headers)
        if credential is None:
            return None
        named = (credential, method in SAFE_METHODS)
        refused = self._noted.get(named)
        if refused is None:
            return None
        if time.time() >= refused.window.resets_at or not self._keyring.is_valid(refused.key):
            del self._noted[named]
            return None
        return refused


def credential_in(headers: RawHeaders) -> bytes | None:
    """The value of `Authorization: Bearer`, or of `X-API-Key` if there is no `Authorization`.
    None for requests whose credential needs a closer look."""
    alone: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            return value if value[:7].lower() == b"bearer " else None
        if name == b"x-api-key" and alone is None:
            alone = value
    return alone
