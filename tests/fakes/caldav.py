"""A CalDAV server that can be difficult: a switch for each way in which real ones are.

    async with difficult_caldav() as server:
        server.quirks.add(Quirk.NO_ETAG_ON_PUT)

Without a quirk it does what the standards say, but for windows of time: it shows everything.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from aiohttp import web

from tests.fakes.caldav_quirks import (
    BOMB,
    ODD_SPACES,
    SPACES,
    Quirk,
    error_of,
    moved_to,
    response_of,
    status_of,
    xml_of,
)
from tests.fakes.ports import served_at_a_port

USER, PASSWORD = "ada", "secret"
PRINCIPAL: Final = "/dav/principals/ada/"
HOME: Final = "/dav/calendars/ada/"
WORK: Final = f"{HOME}work/"


@dataclass(frozen=True)
class SeenRequest:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class DifficultCalDav:
    """One person's calendar, `WORK`. A change has a number, which is its token."""

    port: int = 0
    quirks: set[Quirk] = field(default_factory=set)
    requests: list[SeenRequest] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    other: str = ""
    """The URL of another host, for the quirks that name one."""
    password: str = PASSWORD
    principal: str = PRINCIPAL
    """Who it says is signed in."""
    lists_work_alone: bool = False
    """Of what it lists beside `WORK` it knows no more."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def calendar(self) -> str:
        return f"http://127.0.0.1:{self.port}{WORK}"

    def put(self, name: str, data: bytes) -> str:
        """Behind the client's back; the href of the object."""
        self.changes += 1
        self.objects[name], self.versions[name] = data, self.changes
        return f"{WORK}{name}"

    def remove(self, name: str) -> None:
        self.changes += 1
        del self.objects[name]
        self.versions[name] = self.changes

    def has(self, *quirks: Quirk) -> bool:
        return any(quirk in self.quirks for quirk in quirks)

    def asked(self, method: str) -> list[SeenRequest]:
        return [request for request in self.requests if request.method == method]

    def etag(self, name: str) -> str:
        digest = hashlib.sha256(self.objects[name]).hexdigest()[:8]
        return digest if self.has(Quirk.BARE_ETAGS) else f'"{digest}"'

    # Answers.

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = (await request.read()).decode()
        path = request.raw_path
        self.requests.append(SeenRequest(request.method, path, dict(request.headers), body))
        trouble = await self._trouble(request)
        if trouble is not None:
            return trouble
        if not self._is_signed_in(request):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        match request.method:
            case "PROPFIND":
                return self._propfind(unquote(path), request.headers.get("Depth", "0"), body)
            case "REPORT":
                return self._report(body)
            case "GET":
                return self._get(self._name(path))
            case "PUT":
                return self._write(self._name(path), request, body.encode())
            case "DELETE":
                return self._delete(self._name(path), request)
        return web.Response(status=405)

    async def _trouble(self, request: web.BaseRequest) -> web.StreamResponse | None:
        retry = {"Retry-After": "30"}
        if self.has(Quirk.HANGS):
            await asyncio.sleep(3600)
        if self.has(Quirk.CUT):
            cut = web.StreamResponse(status=207, headers={"Content-Length": "1000"})
            await cut.prepare(request)
            await cut.write(b"<multistatus")
            assert request.transport is not None
            request.transport.close()
            return cut
        answers: dict[Quirk, Callable[[], web.StreamResponse]] = {
            Quirk.BUSY: lambda: web.Response(status=429, headers=retry),
            Quirk.DOWN: lambda: web.Response(status=503, headers=retry),
            Quirk.TEAPOT: lambda: web.Response(status=418),
            Quirk.SENDS_AWAY: lambda: moved_to(f"{self.other}dav/"),
            Quirk.GOES_ROUND: lambda: moved_to(f"/dav/{len(self.requests)}"),
            Quirk.SIGN_IN_PAGE: lambda: web.Response(
                text="<html>Sign in</html>", content_type="text/html"
            ),
            Quirk.BOMB: lambda: xml_of(BOMB),
        }
        return next((answers[quirk]() for quirk in answers if quirk in self.quirks), None)

    def _is_signed_in(self, request: web.BaseRequest) -> bool:
        pair = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    def _name(self, path: str) -> str:
        return unquote(path).removeprefix(WORK)

    # Properties.

    def _propfind(self, path: str, depth: str, body: str) -> web.Response:
        if path == "/.well-known/caldav":
            return web.Response(status=404) if self.has(Quirk.NO_WELL_KNOWN) else moved_to("/dav/")
        pages = {
            "/dav/": [self._who("/dav/")],
            self.principal: [self._who(self.principal, self._home_set())],
            HOME: [self._who(HOME), *(self._calendars() if depth == "1" else [])],
            WORK: [self._state(), *(self._listing() if depth == "1" else [])],
        }
        if path not in pages:
            if self.has(Quirk.GONE_IN_LIST):
                return self._multistatus(status_of(path, 404))
            return web.Response(status=404)
        return self._multistatus(*pages[path])

    def _who(self, path: str, *more: str) -> str:
        kind = "<d:resourcetype><d:collection/></d:resourcetype>"
        if self.has(Quirk.UNAUTHENTICATED):
            principal = "<d:unauthenticated/>"
        else:
            principal = f"<d:href>{self.principal}</d:href>"
        named = "" if self.has(Quirk.NO_PRINCIPAL) else principal
        who = f"<d:current-user-principal>{named}</d:current-user-principal>" if named else ""
        return response_of(self._href(path), kind + who + "".join(more))

    def _home_set(self) -> str:
        host = self.other.rstrip("/") if self.has(Quirk.HOME_ELSEWHERE) else ""
        return f"<cal:calendar-home-set><d:href>{host}{HOME}</d:href></cal:calendar-home-set>"

    def _calendars(self) -> list[str]:
        def one(name: str, kind: str, more: str = "") -> str:
            types = f"<d:resourcetype><d:collection/>{kind}</d:resourcetype>"
            return response_of(self._href(f"{HOME}{name}/"), f"{types}{more}")

        components = (
            "<cal:supported-calendar-component-set>{}</cal:supported-calendar-component-set>"
        )
        may = (
            "<d:current-user-privilege-set><d:privilege>{}</d:privilege>"
            "</d:current-user-privilege-set>"
        )
        zone = "BEGIN:VCALENDAR&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:Europe/Berlin&#13;\nEND:VTIMEZONE"
        work = one(
            "work",
            "<cal:calendar/>",
            "<d:displayname>Work</d:displayname>"
            + components.format('<cal:comp name="VEVENT"/>')
            + f"<cal:calendar-timezone>{zone}</cal:calendar-timezone>",
        )
        if self.lists_work_alone:
            return [work]
        return [
            work,
            one("tasks", "<cal:calendar/>", components.format('<cal:comp name="VTODO"/>')),
            one("room", "<cal:calendar/>", may.format("<d:read/>")),
            one("boss", "<cal:calendar/>", may.format("<cal:read-free-busy/>")),
            one(
                "birthdays",
                "<cal:calendar/>",
                "<cal:schedule-calendar-transp><cal:transparent/></cal:schedule-calendar-transp>",
            ),
            one("inbox", "<cal:schedule-inbox/>"),
            one("holidays", "<cs:subscribed/>"),
        ]

    def _state(self) -> str:
        properties = ""
        if not self.has(Quirk.NO_TOKEN, Quirk.NO_TAGS):
            properties += f"<d:sync-token>{self._token()}</d:sync-token>"
        if not self.has(Quirk.NO_TAGS):
            properties += f'<cs:getctag>"c{self.changes}"</cs:getctag>'
        kind = "<d:resourcetype><d:collection/><cal:calendar/></d:resourcetype>"
        return response_of(self._href(WORK), kind + properties)

    def _listing(self) -> list[str]:
        folder = "<d:resourcetype><d:collection/></d:resourcetype>"
        return [
            *(self._shown(name) for name in self.objects),
            response_of(self._href(f"{WORK}attachments"), folder),
        ]

    # Reports.

    def _report(self, body: str) -> web.Response:
        root = ElementTree.fromstring(body)
        with_data = "calendar-data" in body
        match root.tag.rpartition("}")[2]:
            case "calendar-query":
                return self._query(root, with_data)
            case "calendar-multiget":
                return self._multiget([href.text or "" for href in root.iter("{DAV:}href")])
        return self._sync(root.findtext("{DAV:}sync-token") or "")

    def _query(self, root: ElementTree.Element, with_data: bool) -> web.Response:
        if self.has(Quirk.NO_QUERY):
            return error_of("supported-report", 403)
        uid = root.find(".//{urn:ietf:params:xml:ns:caldav}text-match")
        wanted = f"UID:{uid.text}\r\n".encode() if uid is not None else b""
        shown = [
            self._shown(name, with_data) for name, data in self.objects.items() if wanted in data
        ]
        if self.has(Quirk.QUERY_CUT):
            shown = [*shown[:1], status_of(WORK, 507)]
        return self._multistatus(*shown)

    def _multiget(self, hrefs: list[str]) -> web.Response:
        names = [self._name(href) for href in hrefs]
        is_missing = [name for name in names if name not in self.objects]
        if self.has(Quirk.NO_MULTIGET):
            return web.Response(status=501)
        if is_missing and self.has(Quirk.MULTIGET_ALL_OR_NOTHING):
            return web.Response(status=404)
        if self.has(Quirk.MULTIGET_FORGETS):
            names = names[1:]
        return self._multistatus(
            *(
                self._shown(name, with_data=True)
                if name in self.objects
                else status_of(self._href(f"{WORK}{name}"), 404)
                for name in names
            )
        )

    def _sync(self, token: str) -> web.Response:
        refusals = {
            Quirk.NO_SYNC: error_of("supported-report", 403),
            Quirk.TOKEN_FORBIDDEN: error_of("valid-sync-token", 403),
            Quirk.TOKEN_CONFLICT: error_of("valid-sync-token", 409),
            Quirk.TOKEN_FAILED: error_of("valid-sync-token", 412),
            Quirk.TOKEN_SILENT: self._multistatus(token=self._token()),
        }
        for quirk, refusal in refusals.items():
            if quirk in self.quirks:
                return refusal
        since = int(token.rpartition("/")[2])
        latest = sorted((n, name) for name, n in self.versions.items() if n > since)
        responses = [self._changed(name) for _, name in latest]
        reached = self.changes
        if self.has(Quirk.PARTIAL) and len(latest) > 1:
            responses, reached = [responses[0], status_of(WORK, 507)], latest[0][0]
        if self.has(Quirk.ENDLESS):
            responses, reached = [status_of(WORK, 507)], since
        if self.has(Quirk.PHANTOM):
            responses = [status_of(self._href(f"{WORK}{name}"), 404) for name in self.objects]
        if self.has(Quirk.STRANGER):
            responses += [
                status_of(f"{HOME}room/a.ics", 404),
                status_of(f"{WORK}../room/b.ics", 404),
                status_of(f"{WORK}%2e%2e", 404),
                status_of(f"{WORK}deep/c.ics", 404),
                status_of(WORK, 404),
            ]
        return self._multistatus(*responses, token=self._token(reached))

    def _changed(self, name: str) -> str:
        href = self._href(f"{WORK}{name}")
        if name not in self.objects:
            return status_of(href, 404)
        if self.has(Quirk.PROPERTY_MISSING):
            return response_of(href, "", missing="<d:getetag/><cal:calendar-data/>")
        return self._shown(name)

    def _shown(self, name: str, with_data: bool = False) -> str:
        data = escape(self.objects[name].decode())
        if self.has(Quirk.CONTROL_CHARACTERS):
            data = data.replace("SUMMARY:", "SUMMARY:\x0b")
        shown = f"<cal:calendar-data>{data}</cal:calendar-data>" if with_data else ""
        etag = "" if self.has(Quirk.NO_ETAGS) else f"<d:getetag>{self.etag(name)}</d:getetag>"
        return response_of(self._href(f"{WORK}{name}"), etag + shown)

    def _token(self, number: int | None = None) -> str:
        return f"http://difficult.example/sync/{self.changes if number is None else number}"

    # Objects.

    def _get(self, name: str) -> web.Response:
        if name not in self.objects:
            return web.Response(status=404)
        headers = {} if self.has(Quirk.NO_ETAGS) else {"ETag": self.etag(name)}
        return web.Response(body=self.objects[name], headers=headers, content_type="text/calendar")

    def _write(self, name: str, request: web.BaseRequest, data: bytes) -> web.Response:
        refusal = self._refusal(name, data)
        if refusal is not None:
            return refusal
        is_there = name in self.objects
        must_be_new = "If-None-Match" in request.headers
        if must_be_new and is_there and not self.has(Quirk.NONE_MATCH_IGNORED):
            return web.Response(status=412)
        if "If-Match" in request.headers and not self._matches(name, request):
            return web.Response(status=412)
        if self.has(Quirk.CHANGES_ON_PUT):
            data = data.replace(b"END:VEVENT", b"X-SERVER:1\r\nEND:VEVENT")
        self.put(name, data)
        headers = {"ETag": self.etag(name)}
        if self.has(Quirk.NO_ETAG_ON_PUT, Quirk.CHANGES_ON_PUT, Quirk.NO_ETAGS):
            headers = {}
        if self.has(Quirk.WEAK_ETAG_ON_PUT):
            headers = {"ETag": f"W/{self.etag(name)}"}
        return web.Response(status=204 if is_there else 201, headers=headers)

    def _refusal(self, name: str, data: bytes) -> web.Response | None:
        if self.has(Quirk.READ_ONLY):
            return error_of("need-privileges", 403)
        if self.has(Quirk.FULL):
            return error_of("quota-not-exceeded", 507)
        if self.has(Quirk.NO_DTEND) and b"DTEND" not in data:
            return error_of("valid-calendar-data", 403, "cal")
        uid = data.partition(b"UID:")[2].partition(b"\r\n")[0]
        other = next((n for n, d in self.objects.items() if n != name and uid in d), None)
        if self.has(Quirk.UID_IN_BIN):
            text = "<d:error xmlns:d='DAV:' xmlns:s='http://sabredav.org/ns'><s:message>{}"
            sentence = "Calendar object with uid already exists in this calendar collection."
            return xml_of(text.format(f"{sentence}</s:message></d:error>"), 400)
        refusals = {
            Quirk.UID_FORBIDDEN: (403, "unique-scheduling-object-resource"),
            Quirk.UID_CONFLICT: (409, "no-uid-conflict"),
            Quirk.UID_FAILED: (412, "no-uid-conflict"),
        }
        for quirk, (status, cause) in refusals.items():
            if other is not None and quirk in self.quirks:
                return error_of(cause, status, "cal", f"<d:href>{WORK}{quote(other)}</d:href>")
        return None

    def _delete(self, name: str, request: web.BaseRequest) -> web.Response:
        if self.has(Quirk.READ_ONLY):
            return error_of("need-privileges", 403)
        if name not in self.objects:
            return web.Response(status=404)
        if "If-Match" in request.headers and not self._matches(name, request):
            return web.Response(status=412)
        self.remove(name)
        return web.Response(status=204)

    def _matches(self, name: str, request: web.BaseRequest) -> bool:
        return name in self.objects and request.headers["If-Match"] == self.etag(name)

    # How it is written.

    def _href(self, path: str) -> str:
        if self.has(Quirk.ABSOLUTE_HREFS):
            return f"http://inside.example:5232{path}"
        if self.has(Quirk.FOREIGN_HREFS):
            return f"/behind{path}"
        if self.has(Quirk.ENCODED_HREFS):
            return path.replace("@", "%40").replace("-", "%2d").replace("a", "%61")
        return path

    def _multistatus(self, *responses: str, token: str | None = None) -> web.Response:
        last = f"<d:sync-token>{token}</d:sync-token>" if token is not None else ""
        text = f"<d:multistatus {SPACES}>{''.join(responses)}{last}</d:multistatus>"
        if self.has(Quirk.ODD_PREFIXES):
            text = text.replace("<d:", "<").replace("</d:", "</")
            text = text.replace("<cs:", "<X:").replace("</cs:", "</X:")
            text = text.replace("<cal:", "<d:").replace("</cal:", "</d:")
            text = text.replace("<X:", "<cal:").replace("</X:", "</cal:")
            text = text.replace(SPACES, ODD_SPACES)
        return xml_of(text, 207)


@asynccontextmanager
async def difficult_caldav() -> AsyncIterator[DifficultCalDav]:
    """Listens on a free port while the block runs."""
    server = DifficultCalDav()
    async with served_at_a_port(server.answer) as server.port:
        yield server
