"""A tour of one server: it makes calls and records how each was answered."""

import hashlib
import hmac
import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any, Final

import httpx
from tests.fakes.calcom import FakeCalcom
from tests.receivers import Received, Receiver
from tests.smtp import PostOffice

from scripts.api_comparison.normal import Normalizer

JSON = Any
PASSWORD: Final = "correct horse battery"
EMAIL: Final = "ann@acme.test"
_WAIT_SECONDS: Final = 60
_FORM: Final = re.compile(r'<form [^>]*action="([^"]+)"')
_FIELD: Final = re.compile(r'<(?:input|select|textarea|button) [^>]*?name="([^"]+)"')
_SENTENCES_OF_INVITATIONS: Final = ("SUMMARY", "DESCRIPTION", "X-ALT-DESC", "COMMENT")


class WrongWay(Exception):
    """A call was not answered in the way that the next ones need."""


@dataclass(frozen=True)
class Exchange:
    """A call and its answer without what is another one each time."""

    call: str
    answer: JSON


@dataclass(frozen=True)
class TourStops:
    """What the tour meets: the server, an organization on it, and its neighbours. `monday` is far
    enough ahead for no clock to matter."""

    url: str
    keys: dict[str, Any]
    monday: date
    receiver: Receiver
    office: PostOffice
    calcom: FakeCalcom


@dataclass
class Tour:
    world: TourStops
    exchanges: list[Exchange] = field(default_factory=list)
    normal: Normalizer = field(default_factory=Normalizer)
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    @contextmanager
    def without_session(self) -> Iterator[None]:
        """A stranger's browser while the block lasts."""
        own, self._client = self._client, httpx.Client(timeout=60)
        try:
            yield
        finally:
            self._client.close()
            self._client = own

    def at(self, hour: int, day: int = 0, minute: int = 0) -> str:
        """An instant on that day after the tour's Monday."""
        moment = datetime.combine(self.world.monday, datetime.min.time(), UTC)
        moment += timedelta(days=day, hours=hour, minutes=minute)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def day(self, day: int) -> str:
        return (self.world.monday + timedelta(days=day)).isoformat()

    def api(
        self, method: str, path: str, body: JSON = None, key: str = "api_key", **more: Any
    ) -> JSON:
        """A call with an API key, or without one where `key` is empty; gives the answer's JSON."""
        headers = dict(more.pop("headers", {}))
        if key:
            headers["authorization"] = f"Bearer {self.world.keys.get(key, key)}"
        return self.call(method, f"/api/v1{path}", body, headers=headers, **more)

    def data(self, method: str, path: str, body: JSON = None, **more: Any) -> JSON:
        """As `api`, for what has to succeed: the answer's `data`. Raises WrongWay."""
        answer = self.api(method, path, body, **more)
        if not isinstance(answer, dict) or "data" not in answer:
            raise WrongWay(f"{method} {path} answers {answer}")
        return answer["data"]

    def call(self, method: str, path: str, body: JSON = None, **more: Any) -> JSON:
        """Any call; records it, and gives the answer's JSON or text."""
        now = datetime.now(UTC)
        headers = {"x-request-id": f"compare-{len(self.exchanges):04}"} | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        answer = self._client.request(
            method, self.world.url + path, headers=headers, follow_redirects=False, **more
        )
        self._record(f"{method} {path}{_query(more)}", answer, now)
        return answer.json() if _is_json(answer) else answer.text

    def until(self, what: str, ask: Callable[[], JSON | None]) -> JSON:
        """Asks again until there is an answer. Raises WrongWay."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            if (answer := ask()) is not None:
                return answer
            time.sleep(0.1)
        raise WrongWay(f"{what}: not within {_WAIT_SECONDS} s")

    def mailed(self, address: str, count: int) -> None:
        """Waits until so many mails have come there: one that is still under way would tell of
        what the next call does. Raises WrongWay."""

        def has_come() -> bool | None:
            came = [mail for mail in self.world.office.messages if address in str(mail["To"])]
            return True if len(came) >= count else None

        self.until(f"mail {count} to {address}", has_come)

    def peek(self, path: str) -> JSON:
        """Asks with the key of all scopes and records nothing."""
        headers = {"authorization": f"Bearer {self.world.keys['api_key']}"}
        return self._client.get(f"{self.world.url}/api/v1{path}", headers=headers).json()

    def note(self, what: str, value: JSON) -> None:
        """Records what came by another way than an answer."""
        self.exchanges.append(Exchange(what, self.normal.value(value, datetime.now(UTC))))

    def _record(self, call: str, answer: httpx.Response, now: datetime) -> None:
        headers = self.normal.headers(dict(answer.headers), now)
        body = self.normal.value(body_of(answer), now)
        recorded = {"status": answer.status_code, "headers": headers, "body": body}
        self.exchanges.append(Exchange(self.normal.text(call, now), recorded))


def _query(more: dict[str, Any]) -> str:
    return f" {json.dumps(more['params'])}" if "params" in more else ""


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "") and bool(answer.content)


def body_of(answer: httpx.Response) -> JSON:
    """JSON as it is; of a page the forms and their fields, of a calendar its lines, of other texts
    that they are there."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if _is_json(answer):
        return answer.json()
    if kind == "text/html":
        return forms_in(answer.text)
    if kind == "text/calendar":
        return calendar_lines(answer.text)
    return {"message": answer.text} if kind.startswith("text/") else kind


def forms_in(page: str) -> JSON:
    """Where the page's forms lead, and the names of their fields."""
    actions = [html.unescape(action) for action in _FORM.findall(page)]
    return {"forms": actions, "fields": sorted(set(_FIELD.findall(page)))}


def calendar_lines(text: str) -> JSON:
    """The lines of an iCalendar unfolded; texts for people stand under `message`."""
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()
    return [
        {"name": line.partition(":")[0], "message": line.partition(":")[2]}
        if line.startswith(_SENTENCES_OF_INVITATIONS)
        else line
        for line in lines
    ]


def signature_of(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def webhook_of(received: Received, secret: str) -> JSON:
    """What came at the receiver; of its signature, whether it is right."""
    signed = "sha256=" + signature_of(secret, received.body)
    headers = {name: received.headers[name] for name in sorted(received.headers)}
    headers["x-webkasa-signature"] = str(signed == headers.get("x-webkasa-signature"))
    for name in ("webhook-signature", "webhook-timestamp", "content-length"):
        headers[name] = str(name in headers)
    return {"path": received.path, "headers": headers, "body": received.event}


def mail_of(message: EmailMessage) -> JSON:
    """A mail: its headers, its parts, and its invitation line by line."""
    headers = {
        name: {"message": value} if name == "Subject" else value
        for name, value in message.items()
        if name not in ("Date", "Message-ID", "Content-Type", "References", "In-Reply-To")
    }
    parts = []
    for part in message.walk():
        content = part.get_content() if part.get_content_type() == "text/calendar" else ""
        parts.append([part.get_content_type(), part.get_filename(), calendar_lines(content)])
    return {"headers": headers, "parts": parts}
