"""In which ways a CalDAV server can be difficult, and how its answers are written."""

from enum import StrEnum
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web

BOMB: Final = (
    '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<multistatus xmlns="DAV:"><response><href>&b;</href></response></multistatus>'
)
SPACES: Final = (
    'xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav" '
    'xmlns:cs="http://calendarserver.org/ns/"'
)
ODD_SPACES: Final = (
    'xmlns="DAV:" xmlns:d="urn:ietf:params:xml:ns:caldav" xmlns:cal="http://calendarserver.org/ns/"'
)


class Quirk(StrEnum):
    """What servers were seen to do (in brackets who)."""

    NO_WELL_KNOWN = "404 for the well-known address (sabre/dav 1.8)"
    NO_PRINCIPAL = "does not say who is signed in"
    UNAUTHENTICATED = "takes the password, and says that nobody is signed in"
    HOME_ELSEWHERE = "the home is on another host (iCloud)"
    SENDS_AWAY = "redirects to another host"
    GOES_ROUND = "redirects to itself"
    SIGN_IN_PAGE = "answers 200 with a page"
    BOMB = "answers with entities that grow"
    CUT = "breaks off in the middle"
    HANGS = "does not answer"
    BUSY = "429 with Retry-After (GMX)"
    DOWN = "503 with Retry-After"
    TEAPOT = "418 (Nextcloud, once)"
    ODD_PREFIXES = "prefixes that mean something else elsewhere (SOGo)"
    ABSOLUTE_HREFS = "hrefs with a scheme and host that only it knows"
    ENCODED_HREFS = "hrefs percent-encoded where they need not be"
    FOREIGN_HREFS = "hrefs with a path that a proxy takes away"
    CONTROL_CHARACTERS = "control characters in calendar data"
    GONE_IN_LIST = "says 404 of a calendar inside a 207 (Xandikos)"
    NO_TOKEN = "knows no sync-token"
    NO_TAGS = "knows neither sync-token nor ctag"
    NO_SYNC = "names a token, and refuses sync-collection (Posteo, GMX)"
    TOKEN_FORBIDDEN = "refuses unknown tokens with 403 (Radicale)"
    TOKEN_CONFLICT = "refuses unknown tokens with 409"
    TOKEN_FAILED = "refuses unknown tokens with 412 (Xandikos)"
    TOKEN_SILENT = "answers unknown tokens with an empty 207 (SOGo, DAViCal, Stalwart)"
    PHANTOM = "reports the deletion of what is there (BlueMind)"
    STRANGER = "reports deletions in other calendars"
    PROPERTY_MISSING = "404 of a property in a delta"
    PARTIAL = "507: there is more"
    ENDLESS = "507 for ever, with one token"
    NO_QUERY = "refuses calendar-query"
    QUERY_CUT = "cuts a query with 507 (Nextcloud)"
    NO_MULTIGET = "refuses calendar-multiget"
    MULTIGET_ALL_OR_NOTHING = "one missing href makes a multiget 404 (sabre/dav 1.8)"
    MULTIGET_FORGETS = "leaves hrefs out of a multiget"
    NO_ETAGS = "knows no etags"
    BARE_ETAGS = "etags without quotes"
    NO_ETAG_ON_PUT = "PUT without an etag"
    WEAK_ETAG_ON_PUT = "PUT with a weak etag"
    CHANGES_ON_PUT = "stores something else than it was sent"
    NONE_MATCH_IGNORED = "writes over what is there (SOGo, Zimbra)"
    UID_IN_BIN = "400: the UID exists, in its bin (Nextcloud)"
    UID_FORBIDDEN = "403 for a UID elsewhere (Cyrus)"
    UID_CONFLICT = "409 for a UID elsewhere (Radicale)"
    UID_FAILED = "412 for a UID elsewhere (Xandikos)"
    NO_DTEND = "refuses events without DTEND (iCloud)"
    READ_ONLY = "403 for every change"
    FULL = "507 for every change"


def response_of(href: str, properties: str, missing: str = "") -> str:
    stats = "".join(
        f"<d:propstat><d:prop>{named}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>"
        for named, status in ((properties, "200 OK"), (missing, "404 Not Found"))
        if named
    )
    return f"<d:response><d:href>{escape(href)}</d:href>{stats}</d:response>"


def status_of(href: str, status: int) -> str:
    line = f"<d:status>HTTP/1.1 {status} So</d:status>"
    return f"<d:response><d:href>{escape(href)}</d:href>{line}</d:response>"


def error_of(cause: str, status: int, prefix: str = "d", inner: str = "") -> web.Response:
    element = f"<{prefix}:{cause}>{inner}</{prefix}:{cause}>"
    return xml_of(f"<d:error {SPACES}>{element}</d:error>", status)


def moved_to(location: str) -> web.Response:
    return web.Response(status=301, headers={"Location": location})


def xml_of(text: str, status: int = 207) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/xml")
