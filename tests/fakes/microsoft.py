"""A Microsoft that refuses what the real one refuses: consent, tokens, and Graph with its
calendars, events and subscriptions.

    with FakeMicrosoft.running() as microsoft:
        microsoft.calendar().put({"id": "AAA1", "start": …, "end": …})

Names, types and parameters are Microsoft's own (`microsoft_rules`). How rounds, tokens, versions,
transactions and subscriptions behave is ours to write, by what is known of them; nothing was tried
against the real one.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import ClientSession, web

from tests.fakes.consented import ConsentedFake, Refusals, path_of, sent_back
from tests.fakes.graph_calendar import JSON, FakeGraphCalendar
from tests.fakes.microsoft_rules import (
    DELTA,
    INSTANCES,
    GraphCall,
    call_of,
    fault_in_body,
    fault_in_headers,
    fault_in_query,
    scopes_for,
)
from tests.fakes.quirks import Quirk

TENANT = "common"
OWNER = "ada@contoso.test"
CALENDAR = "AAMkCal="
KNOWN_SCOPES = {"offline_access", "User.Read", "Calendars.Read", "Calendars.ReadWrite"}
AT_ONCE = 4
LONGEST = timedelta(minutes=4230)
MARKED = re.compile(
    r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '([^']*)'\)"
)
Answer = tuple[int, JSON]


@dataclass
class FakeMicrosoft(ConsentedFake):
    """See `ConsentedFake`."""

    NAME = "microsoft"
    CLIENT_ID = "kalends-client"
    REFUSALS = Refusals(
        client={"error": "invalid_client", "error_description": "AADSTS7000215: Invalid."},
        code={"error": "invalid_grant"},
        redirect={"error": "invalid_grant"},
        refresh={
            "error": "invalid_grant",
            "error_description": "AADSTS700082: Expired.",
            "suberror": "bad_token",
        },
    )
    PAUSES = frozenset({429, 503})

    account: str = OWNER
    calendars: dict[str, FakeGraphCalendar] = field(default_factory=dict)
    needs_admin: bool = False
    answer_seconds: float = 0.0
    page_size: int = 1000
    forgets_by: str = "SyncStateNotFound"
    subscriptions: dict[str, JSON] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0
    transactions: dict[str, tuple[str, JSON]] = field(default_factory=dict)

    def calendar(
        self, id_: str = CALENDAR, name: str = "Calendar", owner: str | None = None
    ) -> FakeGraphCalendar:
        known = self.calendars.get(id_)
        return known or self.calendars.setdefault(
            id_, FakeGraphCalendar(id_, name, owner or self.account)
        )

    def forget(self) -> None:
        super().forget()
        self.needs_admin = False
        self.subscriptions.clear()
        self.calendars.clear()
        self.calendar()

    # Consent and tokens.

    def _consent(self, query: dict[str, str]) -> web.Response:
        if not self.is_consent(query, KNOWN_SCOPES):
            return web.json_response({"error": "invalid_request", "query": query}, status=400)
        if self.needs_admin:
            why = "AADSTS90094: Admin consent is required."
            return sent_back(query, error="access_denied", error_description=why)
        if self.denies:
            why = "AADSTS65004: User declined to consent to access the app."
            return sent_back(query, error="access_denied", error_description=why)
        wanted = query["scope"].split()
        granted = [s for s in wanted if self.granted is None or s in self.granted]
        granted += [s for s in sorted(self.granted or ()) if s not in wanted]
        code = self.consented(query, granted, "-" + "x" * 1500)
        return sent_back(query, code=code, session_state="s")

    def tokens_for(self, consent: JSON, token: JSON) -> JSON:
        """A token that lasts is another one each time, and the old one is good for a while."""
        scopes = consent["granted"]
        named = [f"https://graph.microsoft.com/{s}" for s in scopes if s != "offline_access"]
        if "offline_access" in scopes:
            token["refresh_token"] = self.lasting_token(scopes)
        return {**token, "scope": " ".join([*named, "openid", "profile"])}

    # Graph.

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await self.noted(request)
        login = f"/{TENANT}/oauth2/v2.0"
        if request.path == f"{login}/authorize":
            return self._consent(dict(request.query))
        if request.path == f"{login}/token":
            return await self.token(dict(parse_qsl(body.decode())))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(self.answer_seconds)
            status, value = await self._call(request, body)
        finally:
            self.at_once -= 1
        return self.answer_with(request, status, value)

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
        scopes = self.scopes_of(request)
        if scopes is None:
            return refusal(401, "InvalidAuthenticationToken")
        return None if scopes_for(call) & set(scopes) else refusal(403, "ErrorAccessDenied")

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
        self.send(subscription["notificationUrl"], json=body)


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


def seen(row: JSON) -> JSON:
    """Extended properties are shown to who asks for them alone."""
    return {k: v for k, v in row.items() if k != "singleValueExtendedProperties"}


def refusal(status: int, code: str, message: str = "") -> Answer:
    return status, {"error": {"code": code, "message": message or code}}
