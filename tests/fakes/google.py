"""A Google that refuses what the real one refuses: consent, tokens, calendars, events.

    with FakeGoogle.running() as google:
        google.calendar().put({"id": "event1", "start": …, "end": …})

What a request may hold, and which scopes it needs, comes from Google's own description
(`google_rules`). How events, sync tokens, versions and ids behave is ours to write, by what is
known of them; nothing was tried against the real one.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes.consented import ConsentedFake, Refusals, sent_back
from tests.fakes.descriptions import JSON
from tests.fakes.google_calls import FakeCalls
from tests.fakes.google_rules import (
    DESCRIPTION,
    Method,
    fault_in_body,
    fault_in_query,
    method_of,
    projected,
)
from tests.fakes.quirks import Quirk

OWNER = "ada@example.test"
PREFIX = "https://www.googleapis.com/auth/"
ID = re.compile(r"[0-9a-v]{5,1024}")
NOT_WITH_TOKEN = {
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
}
Answer = tuple[int, JSON]


@dataclass
class FakeCalendar:
    """A calendar. Each change has a number; a sync token names one."""

    id: str
    role: str = "owner"
    zone: str = "Europe/Berlin"
    events: dict[str, JSON] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    oldest_token: int = 0

    def put(self, event: JSON) -> JSON:
        """Behind the client's back, or by its request."""
        self.changes += 1
        id_ = event["id"]
        whole = event.get("recurringEventId") or id_
        kept = {
            "kind": "calendar#event",
            "status": "confirmed",
            "eventType": "default",
            "iCalUID": f"{whole}@google.com",
            **event,
            "etag": f'"{self.changes}"',
        }
        self.events[id_], self.changed[id_] = kept, self.changes
        return kept

    def remove(self, id_: str) -> None:
        """It stays as cancelled, and so do the parts of a series."""
        before = self.events[id_]
        kept = ("id", "recurringEventId", "originalStartTime")
        self.put({name: before[name] for name in kept if name in before} | {"status": "cancelled"})
        if "recurringEventId" in before:
            self.events[id_].pop("iCalUID")

    def live(self) -> list[JSON]:
        return [event for event in self.events.values() if event["status"] != "cancelled"]


@dataclass
class FakeGoogle(ConsentedFake):
    """See `ConsentedFake`; nothing at all that is granted is a no."""

    NAME = "google"
    CLIENT_ID = "kalends.apps.example"
    REFUSALS = Refusals(
        client={"error": "invalid_client"},
        code={"error": "invalid_grant"},
        redirect={"error": "redirect_uri_mismatch"},
        refresh={"error": "invalid_grant", "error_description": "Token has been revoked."},
    )
    PAUSES = frozenset({429})

    account: str = OWNER
    calendars: dict[str, FakeCalendar] = field(default_factory=dict)
    page_size: int = 2500
    channels: dict[str, JSON] = field(default_factory=dict)
    calls: FakeCalls = field(default_factory=FakeCalls)

    def calendar(self, id_: str = OWNER, role: str = "owner") -> FakeCalendar:
        return self.calendars.setdefault(id_, FakeCalendar(id_, role))

    def forget(self) -> None:
        super().forget()
        self.calls = FakeCalls()
        self.calendars.clear()
        self.calendar()

    # Consent and tokens.

    def _consent(self, query: dict[str, str]) -> web.Response:
        if not self.is_consent(query, _known_scopes()):
            return web.json_response({"error": "invalid_request", "query": query}, status=400)
        if self.denies:
            return sent_back(query, error="access_denied")
        wanted = query["scope"].split()
        granted = [s for s in wanted if self.granted is None or s in self.granted]
        return sent_back(query, code=self.consented(query, granted), scope=" ".join(granted))

    def tokens_for(self, consent: JSON, token: JSON) -> JSON:
        scopes = consent["granted"]
        if (consent.get("access_type"), consent.get("prompt")) == ("offline", "consent"):
            token["refresh_token"] = self.lasting_token(scopes)
        return {**token, "scope": " ".join(scopes)}

    # The API.

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await self.noted(request)
        if request.path == "/o/oauth2/v2/auth":
            return self._consent(dict(request.query))
        if request.path == "/token":
            return await self.token(dict(parse_qsl(body.decode())))
        if request.path == "/revoke":
            self.refresh_tokens.pop(dict(parse_qsl(body.decode())).get("token", ""), None)
            return web.json_response({})
        raw = request.raw_path.partition("?")[0].removeprefix("/calendar/v3/")
        status, value = self._call(request, raw, body)
        return self.answer_with(request, status, value)

    def _call(self, request: web.BaseRequest, path: str, body: bytes) -> Answer:
        method = method_of(request.method, path)
        if method is None:
            return _refusal(404, "notFound")
        trouble = self._trouble(request, method)
        if trouble is not None:
            return trouble
        query = [(name, value) for name, value in request.query.items()]
        value = json.loads(body) if body else None
        fault = fault_in_query(method, query) or fault_in_body(method, value)
        if fault is not None:
            return _refusal(400, "badRequest", fault)
        etag = request.headers.get("If-Match")
        status, answer = self._handle(method, dict(query), value, etag)
        fields = dict(query).get("fields")
        return status, projected(answer, fields) if status < 300 else answer

    def _trouble(self, request: web.BaseRequest, method: Method) -> Answer | None:
        if self.has(Quirk.DOWN):
            return _refusal(503, "backendError")
        if self.has(Quirk.TOO_MANY):
            return _refusal(429, "rateLimitExceeded", domain="usageLimits")
        if self.has(Quirk.RATE_LIMITED):
            return _refusal(403, "userRateLimitExceeded", domain="usageLimits")
        if self.has(Quirk.QUOTA):
            return _refusal(403, "quotaExceeded", domain="usageLimits")
        scopes = self.scopes_of(request)
        if scopes is None:
            return _refusal(401, "authError")
        allowed = {PREFIX + scope for scope in method.described["scopes"]}
        if not allowed & set(scopes):
            return _refusal(403, "insufficientPermissions")
        calendar = self.calendars.get(method.path.get("calendarId", ""))
        is_closed = calendar is not None and calendar.role == "none"
        return _refusal(403, "forbidden") if is_closed else None

    def _handle(self, method: Method, query: dict[str, str], body: Any, etag: str | None) -> Answer:
        if method.name == "calendarList.list":
            return 200, {"items": [self._shown(one) for one in self.calendars.values()]}
        if method.name == "channels.stop":
            return self._stop(body)
        calendar = self.calendars.get(method.path["calendarId"])
        if calendar is None:
            return _refusal(404, "notFound")
        match method.name:
            case "calendarList.get":
                return 200, self._shown(calendar)
            case "events.list":
                return self._list(calendar, query)
            case "events.watch":
                return self._watch(calendar, body)
            case "events.insert":
                return self._insert(calendar, body)
        event = calendar.events.get(method.path["eventId"])
        if event is None:
            return _refusal(404, "notFound")
        if method.name == "events.get":
            return 200, self._seen(self.calls.looked_at(event))
        body = self.calls.asked_for(event, body or {}, query)
        return self._change(calendar, event, method, body, etag)

    def _change(
        self, calendar: FakeCalendar, event: JSON, method: Method, body: Any, etag: str | None
    ) -> Answer:
        if calendar.role != "owner":
            return _refusal(403, "forbidden")
        if etag is not None and etag != event["etag"]:
            return _refusal(412, "conditionNotMet")
        is_gone, is_deletion = event["status"] == "cancelled", method.name == "events.delete"
        if is_gone:
            return _refusal(410, "deleted") if is_deletion else _refusal(403, "forbidden")
        if is_deletion:
            calendar.remove(event["id"])
        else:
            event = calendar.put(_patched(event, body))
        self._notify(calendar)
        return (204, {}) if is_deletion else (200, self._seen(event))

    def _stop(self, body: JSON) -> Answer:
        known = self.channels.get(body["id"])
        if known is None or known["resourceId"] != body["resourceId"]:
            return _refusal(404, "notFound")
        del self.channels[body["id"]]
        return 204, {}

    def _shown(self, calendar: FakeCalendar) -> JSON:
        shown: JSON = {
            "id": calendar.id,
            "summary": calendar.id.partition("@")[0],
            "timeZone": calendar.zone,
            "accessRole": calendar.role,
        }
        return {**shown, "primary": True} if calendar.id == self.account else shown

    def _seen(self, event: JSON) -> JSON:
        if self.has(Quirk.NO_PRIVATE_PROPERTIES):
            return {name: each for name, each in event.items() if name != "extendedProperties"}
        return event

    def _insert(self, calendar: FakeCalendar, body: JSON) -> Answer:
        if calendar.role != "owner":
            return _refusal(403, "forbidden")
        id_ = body.get("id", f"made{next(self.numbers)}")
        if not ID.fullmatch(id_) or "start" not in body or "end" not in body:
            return _refusal(400, "invalid")
        if id_ in calendar.events:
            return _refusal(409, "duplicate")
        made = calendar.put({**body, "id": id_})
        self._notify(calendar)
        return 200, self._seen(made)

    def _list(self, calendar: FakeCalendar, query: dict[str, str]) -> Answer:
        token = query.get("syncToken")
        if token is not None and NOT_WITH_TOKEN & set(query):
            return _refusal(400, "badRequest", "not together with syncToken")
        since = 0
        if token is not None:
            number = token.removeprefix("sync-")
            if not number.isdigit() or int(number) < calendar.oldest_token:
                return _refusal(410, "fullSyncRequired")
            since = int(number)
        begin = int(query.get("pageToken", "page-0-0").split("-")[1])
        upto = int(query.get("pageToken", f"page-0-{calendar.changes}").split("-")[2])
        found = [
            self._seen(event)
            for id_, event in sorted(calendar.events.items(), key=lambda e: calendar.changed[e[0]])
            if calendar.changed[id_] > since and _is_asked(event, query, is_delta=token is not None)
        ]
        size = min(self.page_size, int(query.get("maxResults", "250")))
        page: JSON = {"items": found[begin : begin + size], "timeZone": calendar.zone}
        if begin + size < len(found):
            page["nextPageToken"] = f"page-{begin + size}-{upto}"
        elif not (NOT_WITH_TOKEN - {"timeMin", "timeMax"}) & set(query):
            page["nextSyncToken"] = f"sync-{upto}"
        return 200, page

    # Notifications.

    def _watch(self, calendar: FakeCalendar, body: JSON) -> Answer:
        if self.has(Quirk.NO_PUSH):
            return _refusal(400, "pushNotSupportedForRequestedResource")
        is_right = body.get("type") == "web_hook" and body["address"].startswith("https://")
        if not is_right or len(body["id"]) > 64 or len(body.get("token", "")) > 256:
            return _refusal(400, "badRequest")
        if body["id"] in self.channels:
            return _refusal(400, "channelIdNotUnique")
        channel = {
            **body,
            "kind": "api#channel",
            "resourceId": f"resource-{calendar.id}",
            "resourceUri": f"{self.url}/calendar/v3/calendars/{calendar.id}/events",
            "expiration": body.get("expiration", "4102444800000"),
        }
        self.channels[body["id"]] = channel
        self.deliver(channel, "sync")
        shown = ("kind", "id", "resourceId", "resourceUri", "token", "expiration")
        return 200, {name: channel[name] for name in shown if name in channel}

    def _notify(self, calendar: FakeCalendar) -> None:
        for channel in self.channels.values():
            if channel["resourceId"] == f"resource-{calendar.id}":
                self.deliver(channel, "exists")

    def deliver(self, channel: JSON, state: str) -> None:
        """A notification, as Google sends it; for a channel that was stopped, too."""
        headers = {
            "X-Goog-Channel-ID": channel["id"],
            "X-Goog-Channel-Token": channel.get("token", ""),
            "X-Goog-Resource-ID": channel["resourceId"],
            "X-Goog-Resource-URI": channel["resourceUri"],
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(next(self.numbers)),
        }
        self.send(channel["address"], headers=headers)


def _known_scopes() -> set[str]:
    methods = DESCRIPTION["methods"].values()
    return {PREFIX + scope for method in methods for scope in method["scopes"]}


def _is_asked(event: JSON, query: dict[str, str], *, is_delta: bool) -> bool:
    """By what the list is narrowed by. Of what was deleted parts of a series come alone."""
    if event["status"] == "cancelled" and not is_delta and "recurringEventId" not in event:
        return False
    if query.get("showDeleted") == "false" and is_delta:
        return False
    if (uid := query.get("iCalUID")) is not None and event.get(
        "iCalUID", f"{event.get('recurringEventId')}@google.com"
    ) != uid:
        return False
    if (pair := query.get("privateExtendedProperty")) is not None:
        name, _, value = pair.partition("=")
        if event.get("extendedProperties", {}).get("private", {}).get(name) != value:
            return False
    ends = event.get("end") or event.get("originalStartTime") or {}
    ended = ends.get("dateTime") or ends.get("date") or "9999"
    since = query.get("timeMin", "")
    return "recurrence" in event or ended[:10] >= since[:10]


def _patched(event: JSON, changes: JSON) -> JSON:
    """What is null goes, what is an object is patched itself."""
    after = dict(event)
    for name, value in changes.items():
        if value is None:
            after.pop(name, None)
        elif isinstance(value, dict):
            after[name] = _patched(after.get(name, {}), value)
        else:
            after[name] = value
    return after


def _refusal(status: int, reason: str, message: str = "", domain: str = "global") -> Answer:
    one = {"domain": domain, "reason": reason, "message": message or reason}
    return status, {"error": {"errors": [one], "code": status, "message": message or reason}}
