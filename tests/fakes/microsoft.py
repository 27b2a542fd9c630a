"""A Microsoft that refuses what the real one refuses: consent, tokens, and Graph with its
calendars, events and subscriptions.

    with running_microsoft() as microsoft:
        microsoft.calendar().put({"id": "AAA1", "start": …, "end": …})

Names, types and parameters are Microsoft's own (`microsoft_rules`). How rounds, tokens, versions,
transactions and subscriptions behave is ours to write, by what is known of them; nothing was tried
against the real one.
"""

import asyncio
import base64
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from aiohttp import ClientError, ClientSession, web

from tests.fakes.graph_calendar import JSON, FakeGraphCalendar
from tests.fakes.microsoft_rules import (
    DELTA,
    INSTANCES,
    GraphCall,
    call_of,
    fault_in_body,
    fault_in_headers,
    fault_in_query,
    scopes_of,
)
from tests.fakes.threads import served_in_a_thread

CLIENT_ID, CLIENT_SECRET, TENANT = "kalends-client", "client-secret", "common"
OWNER = "ada@contoso.test"
CALENDAR = "AAMkCal="
KNOWN_SCOPES = {"offline_access", "User.Read", "Calendars.Read", "Calendars.ReadWrite"}
AT_ONCE = 4
LONGEST = timedelta(minutes=4230)
MARKED = re.compile(
    r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '([^']*)'\)"
)
Answer = tuple[int, JSON]


class Quirk(Enum):
    """What it may do besides."""

    TOO_MANY = auto()
    DOWN = auto()
    # The event is taken, and the answer does not come.
    LOSES_ANSWERS = auto()
    TOKENS_EXPIRE = auto()
    # Another creation under the same name makes another event.
    FORGETS_TRANSACTIONS = auto()
    # It answers with that other event, whatever is to be created.
    ANSWERS_THE_FIRST = auto()
    # The last page of a list of changes has no link to go on with.
    BREAKS_OFF = auto()
    # Entities come twice in a round.
    REPEATS = auto()
    NO_PUSH = auto()
    PUSHES_TWICE = auto()


@dataclass
class FakeMicrosoft:
    """One person's account. `granted` are the scopes that are granted; None is all that is asked
    for. `hook` is where notifications are sent to, whatever address was named: that one has to be
    public."""

    port: int = 0
    quirks: set[Quirk] = field(default_factory=set)
    calendars: dict[str, FakeGraphCalendar] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    redirect_uris: set[str] = field(default_factory=set)
    granted: set[str] | None = None
    denies: bool = False
    needs_admin: bool = False
    codes: dict[str, JSON] = field(default_factory=dict)
    refresh_tokens: dict[str, list[str]] = field(default_factory=dict)
    access_tokens: dict[str, list[str]] = field(default_factory=dict)
    # How often new tokens were asked for with each token that lasts.
    refreshed: Counter[str] = field(default_factory=Counter)
    refresh_seconds: float = 0.0
    answer_seconds: float = 0.0
    page_size: int = 1000
    forgets_by: str = "SyncStateNotFound"
    account: str = OWNER
    subscriptions: dict[str, JSON] = field(default_factory=dict)
    hook: str = ""
    at_once: int = 0
    most_at_once: int = 0
    transactions: dict[str, tuple[str, JSON]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calendar(
        self, id_: str = CALENDAR, name: str = "Calendar", owner: str | None = None
    ) -> FakeGraphCalendar:
        known = self.calendars.get(id_)
        return known or self.calendars.setdefault(
            id_, FakeGraphCalendar(id_, name, owner or self.account)
        )

    def has(self, *quirks: Quirk) -> bool:
        return any(quirk in self.quirks for quirk in quirks)

    def asked(self, method: str, part: str = "") -> list[tuple[str, str, dict[str, str]]]:
        return [one for one in self.requests if one[0] == method and part in one[1]]

    def revoke_all(self) -> None:
        """As the person does at Microsoft, or an administrator."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    # Consent and tokens.

    def _consent(self, query: dict[str, str]) -> web.Response:
        wanted = query.get("scope", "").split()
        is_right = (
            query.get("client_id") == CLIENT_ID
            and query.get("redirect_uri") in self.redirect_uris
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
            and len(query.get("code_challenge", "")) == 43
            and set(wanted) <= KNOWN_SCOPES
        )
        if not is_right:
            return web.json_response({"error": "invalid_request", "query": query}, status=400)
        said = {"state": query["state"]}
        if self.needs_admin:
            said["error"] = "access_denied"
            said["error_description"] = "AADSTS90094: Admin consent is required."
        elif self.denies:
            said["error"] = "access_denied"
            said["error_description"] = "AADSTS65004: User declined to consent to access the app."
        else:
            granted = [s for s in wanted if self.granted is None or s in self.granted]
            granted += [s for s in sorted(self.granted or ()) if s not in wanted]
            code = f"code-{next(self.numbers)}-" + "x" * 1500
            self.codes[code] = {**query, "granted": granted}
            said |= {"code": code, "session_state": "s"}
        return web.Response(
            status=302, headers={"Location": f"{query['redirect_uri']}?{urlencode(said)}"}
        )

    async def _token(self, form: dict[str, str]) -> web.Response:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            said = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid."}
            return web.json_response(said, status=401)
        if form.get("grant_type") == "authorization_code":
            return self._exchanged(form)
        self.refreshed[form.get("refresh_token", "")] += 1
        await asyncio.sleep(self.refresh_seconds)
        scopes = self.refresh_tokens.get(form.get("refresh_token", ""))
        if scopes is None:
            said = {"error": "invalid_grant", "error_description": "AADSTS700082: Expired."}
            return web.json_response({**said, "suberror": "bad_token"}, status=400)
        return web.json_response(self._given(scopes))

    def _exchanged(self, form: dict[str, str]) -> web.Response:
        known = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_right = known is not None and challenge == known["code_challenge"]
        if not is_right or known is None or form.get("redirect_uri") != known["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(self._given(known["granted"]))

    def _given(self, scopes: list[str]) -> JSON:
        """A token that lasts is another one each time, and the old one is good for a while."""
        token = f"access-{next(self.numbers)}"
        self.access_tokens[token] = scopes
        named = [f"https://graph.microsoft.com/{s}" for s in scopes if s != "offline_access"]
        answer = {
            "access_token": token,
            "expires_in": 1 if self.has(Quirk.TOKENS_EXPIRE) else 3599,
            "scope": " ".join([*named, "openid", "profile"]),
            "token_type": "Bearer",
        }
        if "offline_access" in scopes:
            answer["refresh_token"] = f"refresh-{next(self.numbers)}"
            self.refresh_tokens[str(answer["refresh_token"])] = scopes
        return answer

    # Graph.

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request.method, request.path_qs, dict(request.headers)))
        login = f"/{TENANT}/oauth2/v2.0"
        if request.path == f"{login}/authorize":
            return self._consent(dict(request.query))
        if request.path == f"{login}/token":
            return await self._token(dict(parse_qsl(body.decode())))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(self.answer_seconds)
            status, value = await self._call(request, body)
        finally:
            self.at_once -= 1
        if self.has(Quirk.LOSES_ANSWERS) and request.method != "GET" and status < 300:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {"Retry-After": "1"} if status in (429, 503) else {}
        if status == 204:
            return web.Response(status=204)
        return web.json_response(value, status=status, headers=headers)

    async def _call(self, request: web.BaseRequest, body: bytes) -> Answer:
        raw = request.raw_path.partition("?")[0].removeprefix("/v1.0/")
        call = call_of(request.method, raw)
        if call is None:
            return refusal(400, "BadRequest", f"Resource not found: {raw}")
        if (trouble := self._trouble(request, call)) is not None:
            return trouble
        query = dict(request.query)
        value = json.loads(body) if body else None
        fault = (
            fault_in_headers(call, request.headers.get("Prefer", ""))
            or fault_in_query(call, query)
            or fault_in_body(call, value)
        )
        if fault is not None:
            return refusal(400, "ErrorInvalidRequest", fault)
        if call.name == "me":
            return 200, {"mail": self.account, "userPrincipalName": self.account}
        if call.name == "me/calendars":
            return 200, {"value": [self._shown(one) for one in self.calendars.values()]}
        if call.name.startswith("subscriptions"):
            return await self._subscribed(call, value)
        calendar = self.calendars.get(call.path.get("calendar", CALENDAR))
        if calendar is None:
            return refusal(404, "ErrorItemNotFound")
        prefer, etag = request.headers.get("Prefer", ""), request.headers.get("If-Match")
        return self._of_calendar(calendar, call, query, value, etag, prefer)

    def _trouble(self, request: web.BaseRequest, call: GraphCall) -> Answer | None:
        if self.has(Quirk.DOWN):
            return refusal(503, "ServiceUnavailable")
        if self.has(Quirk.TOO_MANY) or self.at_once > AT_ONCE:
            return refusal(429, "ApplicationThrottled")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        scopes = self.access_tokens.get(token)
        if scopes is None:
            return refusal(401, "InvalidAuthenticationToken")
        return None if scopes_of(call) & set(scopes) else refusal(403, "ErrorAccessDenied")

    def _shown(self, calendar: FakeGraphCalendar) -> JSON:
        return {
            "id": calendar.id,
            "name": calendar.name,
            "canEdit": calendar.can_edit,
            "isDefaultCalendar": calendar.id == CALENDAR,
            "owner": {"name": "Somebody", "address": calendar.owner},
        }

    def _of_calendar(
        self,
        calendar: FakeGraphCalendar,
        call: GraphCall,
        query: dict[str, str],
        body: Any,
        etag: str | None,
        prefer: str,
    ) -> Answer:
        if call.name == DELTA:
            return self._delta(calendar, query, prefer)
        if "event" not in call.path:
            if call.name == "me/calendars/{calendar}":
                return 200, self._shown(calendar)
            is_new = call.verb == "POST"
            return self._create(calendar, body) if is_new else self._marked(calendar, query)
        event = calendar.events.get(call.path["event"])
        if event is None:
            return refusal(404, "ErrorItemNotFound")
        if call.name == INSTANCES:
            rows = calendar.instances(event["id"], query["startDateTime"], query["endDateTime"])
            return 200, {"value": [seen(row) for row in rows]}
        if call.verb == "GET":
            return 200, seen(event)
        return self._change(calendar, event, call, body, etag)

    def _create(self, calendar: FakeGraphCalendar, body: JSON) -> Answer:
        if not calendar.can_edit:
            return refusal(403, "ErrorAccessDenied")
        known = self.transactions.get(body.get("transactionId", ""))
        if known is not None and not self.has(Quirk.FORGETS_TRANSACTIONS):
            id_, before = known
            is_same = before == body or self.has(Quirk.ANSWERS_THE_FIRST)
            is_same = is_same and id_ in calendar.events
            return (201, seen(calendar.events[id_])) if is_same else refusal(409, DUPLICATE)
        made = calendar.put({**body, "id": f"AAMk-{next(self.numbers)}="})
        if "transactionId" in body:
            self.transactions[body["transactionId"]] = made["id"], body
        self._notify("created", made)
        return 201, seen(made)

    def _change(
        self, calendar: FakeGraphCalendar, event: JSON, call: GraphCall, body: Any, etag: str | None
    ) -> Answer:
        if not calendar.can_edit:
            return refusal(403, "ErrorAccessDenied")
        if etag is not None and etag != event["@odata.etag"]:
            return refusal(412, "ErrorIrresolvableConflict")
        if call.verb == "DELETE":
            calendar.remove(event["id"])
            self._notify("deleted", event)
            return 204, {}
        if "body" in body and event.get("isOnlineMeeting"):
            # Its text has the call: without that it is no online meeting any more.
            event = event | {"isOnlineMeeting": False, "onlineMeeting": None}
        changed = calendar.put(with_call({**event, **body}, next(self.numbers)))
        self._notify("updated", changed)
        return 200, seen(changed)

    def _marked(self, calendar: FakeGraphCalendar, query: dict[str, str]) -> Answer:
        """Those that have an extended property of that value."""
        match = MARKED.fullmatch(query.get("$filter", ""))
        if match is None:
            return refusal(400, "ErrorInvalidUrlQueryFilter")
        mark = {"id": match[1], "value": match[2]}
        rows = calendar.events.values()
        found = [row for row in rows if mark in row.get("singleValueExtendedProperties", [])]
        return 200, {"value": [seen(row) for row in found]}

    def _delta(self, calendar: FakeGraphCalendar, query: dict[str, str], prefer: str) -> Answer:
        token = query.get("$skiptoken") or query.get("$deltatoken")
        begin, since, upto = 0, 0, calendar.changes
        if token is None:
            window = query["startDateTime"], query["endDateTime"]
        else:
            kind, *parts = token.split("_")
            window, since = (parts[0], parts[1]), int(parts[2])
            if kind == "skip":
                begin, upto = int(parts[3]), int(parts[4])
            if since < calendar.oldest_token:
                return refusal(410, self.forgets_by)
        rows = calendar.changed_rows(since, window, is_first=since == 0)
        if self.has(Quirk.REPEATS):
            rows = [*rows, *rows]
        asked = re.search(r"odata\.maxpagesize=(\d+)", prefer)
        size = min(self.page_size, int(asked[1]) if asked else 10)
        page: JSON = {"value": [seen(row) for row in rows[begin : begin + size]]}
        where = f"{self.url}/v1.0/me/calendars/{quote(calendar.id, safe='')}/calendarView/delta"
        span = "_".join(window)
        if begin + size < len(rows):
            following = f"skip_{span}_{since}_{begin + size}_{upto}"
            page["@odata.nextLink"] = f"{where}?$skiptoken={following}"
        elif not self.has(Quirk.BREAKS_OFF):
            page["@odata.deltaLink"] = f"{where}?$deltatoken=delta_{span}_{upto}"
        return 200, page

    # Subscriptions.

    async def _subscribed(self, call: GraphCall, body: Any) -> Answer:
        if call.name == "subscriptions":
            return await self._subscribe(body)
        known = self.subscriptions.get(call.path["subscription"])
        if known is None:
            return refusal(404, "ResourceNotFound")
        if call.verb == "DELETE":
            del self.subscriptions[known["id"]]
            return 204, {}
        return 200, known

    async def _subscribe(self, body: JSON) -> Answer:
        if self.has(Quirk.NO_PUSH):
            return refusal(403, "ExtensionError")
        urls = body.get("notificationUrl", ""), body.get("lifecycleNotificationUrl", "")
        until = datetime.fromisoformat(body["expirationDateTime"])
        is_right = (
            all(url.startswith("https://") for url in urls)
            and body.get("resource") == "/me/events"
            and 0 < len(body.get("clientState", "")) <= 128
            and datetime.now(UTC) < until <= datetime.now(UTC) + LONGEST
        )
        if not is_right:
            return refusal(400, "InvalidRequest")
        for url in urls:
            if not await self._is_validated(url):
                return refusal(400, "InvalidRequest", "Subscription validation request failed.")
        made = {**body, "id": f"0000-{next(self.numbers)}", "expirationDateTime": until.isoformat()}
        self.subscriptions[made["id"]] = made
        return 201, {name: made[name] for name in made if name != "clientState"}

    async def _is_validated(self, url: str) -> bool:
        """Whether the address gives the token back, decoded, as text."""
        if not self.hook:
            return True
        token = f"Validation: Testing <b>+{next(self.numbers)}</b>"
        address = f"{self.hook}{path_of(url)}?validationToken={quote(token)}"
        async with ClientSession() as session, session.post(address) as came:
            is_text = came.headers.get("Content-Type", "").startswith("text/plain")
            return came.status == 200 and is_text and await came.text() == token

    def _notify(self, kind: str, event: JSON) -> None:
        for subscription in self.subscriptions.values():
            self.deliver(subscription, changeType=kind, resource=f"Users/u/Events/{event['id']}")

    def deliver(self, subscription: JSON, **said: str) -> None:
        """A notification, as Graph sends it; for a subscription that was removed, too."""
        body = {"value": [notice_of(subscription, **said)]}
        for _ in range(2 if self.has(Quirk.PUSHES_TWICE) else 1):
            if self.hook:
                url = self.hook + path_of(subscription["notificationUrl"])
                task = asyncio.get_running_loop().create_task(_post(url, body))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)


DUPLICATE = "ErrorDuplicateTransactionId"


def with_call(event: JSON, number: int) -> JSON:
    """An event that is an online meeting has a call, once and for all."""
    if not event.get("isOnlineMeeting") or event.get("onlineMeeting"):
        return event
    assert event["onlineMeetingProvider"] == "teamsForBusiness"
    return event | {"onlineMeeting": {"joinUrl": f"https://teams.example/l/{number}"}}


def notice_of(subscription: JSON, **said: str) -> JSON:
    return {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "clientState": subscription["clientState"],
        "tenantId": "t",
        **said,
    }


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def seen(row: JSON) -> JSON:
    """Extended properties are shown to who asks for them alone."""
    return {k: v for k, v in row.items() if k != "singleValueExtendedProperties"}


async def _post(url: str, body: JSON) -> None:
    """Nobody may be there to take it."""
    with suppress(ClientError):
        await _send(url, body)


async def _send(url: str, body: JSON) -> None:
    async with ClientSession() as session, session.post(url, json=body):
        pass


def refusal(status: int, code: str, message: str = "") -> Answer:
    return status, {"error": {"code": code, "message": message or code}}


@asynccontextmanager
async def fake_microsoft() -> AsyncIterator[FakeMicrosoft]:
    microsoft = FakeMicrosoft()
    microsoft.calendar()
    runner = web.ServerRunner(web.Server(microsoft.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    microsoft.port = runner.addresses[0][1]
    try:
        yield microsoft
    finally:
        for task in microsoft.tasks:
            task.cancel()
        await asyncio.gather(*microsoft.tasks, return_exceptions=True)
        await runner.cleanup()


@contextmanager
def running_microsoft() -> Iterator[FakeMicrosoft]:
    """In a thread of its own, as another process would be."""
    with served_in_a_thread(fake_microsoft) as microsoft:
        yield microsoft
