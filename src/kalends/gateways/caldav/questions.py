"""The XML bodies of CalDAV requests (RFC 4791, RFC 4918, RFC 6578)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from kalends.domain.calendars.readings import ReadingWindow
from kalends.gateways.caldav.xml import CALDAV, CALENDARSERVER, DAV

_PREFIXES: Final = {DAV: "D:", CALDAV: "C:", CALENDARSERVER: "S:"}
_SPACES: Final = " ".join(
    f'xmlns:{prefix.rstrip(":")}="{uri.strip()}"' for uri, prefix in _PREFIXES.items()
)

PRINCIPAL: Final = f"{DAV}current-user-principal"
HOME_SET: Final = f"{CALDAV}calendar-home-set"
RESOURCE_TYPE: Final = f"{DAV}resourcetype"
DISPLAY_NAME: Final = f"{DAV}displayname"
PRIVILEGES: Final = f"{DAV}current-user-privilege-set"
COMPONENTS: Final = f"{CALDAV}supported-calendar-component-set"
TRANSPARENCY: Final = f"{CALDAV}schedule-calendar-transp"
TIME_ZONE: Final = f"{CALDAV}calendar-timezone"
TIME_ZONE_ID: Final = f"{CALDAV}calendar-timezone-id"
SYNC_TOKEN: Final = f"{DAV}sync-token"
CTAG: Final = f"{CALENDARSERVER}getctag"
ETAG: Final = f"{DAV}getetag"
DATA: Final = f"{CALDAV}calendar-data"

WHO: Final = (PRINCIPAL, HOME_SET, RESOURCE_TYPE)
CALENDAR: Final = (
    RESOURCE_TYPE,
    DISPLAY_NAME,
    PRIVILEGES,
    COMPONENTS,
    TRANSPARENCY,
    TIME_ZONE,
    TIME_ZONE_ID,
)
STATE: Final = (SYNC_TOKEN, CTAG, ETAG)


def ask_properties(names: Iterable[str]) -> bytes:
    """PROPFIND for these properties."""
    return _document("D:propfind", _prop(names))


def ask_window(names: Iterable[str], window: ReadingWindow) -> bytes:
    """REPORT calendar-query for the events in a window. The window needs an end, as some servers
    leave out future events without one."""
    span = f'<C:time-range start="{_instant(window.starts_at)}" end="{_instant(window.ends_at)}"/>'
    return _query(names, span)


def ask_uid(names: Iterable[str], uid: str) -> bytes:
    """REPORT calendar-query for the events with a UID."""
    match = f'<C:text-match collation="i;octet">{escape(uid)}</C:text-match>'
    return _query(names, f'<C:prop-filter name="UID">{match}</C:prop-filter>')


def ask_objects(names: Iterable[str], hrefs: Iterable[str]) -> bytes:
    """REPORT calendar-multiget of these objects."""
    listed = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    return _document("C:calendar-multiget", _prop(names) + listed)


def ask_changes(token: str) -> bytes:
    """REPORT sync-collection. It has no limit, because some servers cut off the answer there and
    give a token that skips the rest."""
    return _document(
        "D:sync-collection",
        f"<D:sync-token>{escape(token)}</D:sync-token><D:sync-level>1</D:sync-level>"
        + _prop((ETAG,)),
    )


def _query(names: Iterable[str], test: str) -> bytes:
    events = f'<C:comp-filter name="VEVENT">{test}</C:comp-filter>'
    condition = f'<C:filter><C:comp-filter name="VCALENDAR">{events}</C:comp-filter></C:filter>'
    return _document("C:calendar-query", _prop(names) + condition)


def _prop(names: Iterable[str]) -> str:
    return f"<D:prop>{''.join(f'<{_qualified(name)}/>' for name in names)}</D:prop>"


def _qualified(name: str) -> str:
    uri, _, local = name.rpartition(" ")
    return _PREFIXES[f"{uri} "] + local


def _document(name: str, inner: str) -> bytes:
    text = f'<?xml version="1.0" encoding="utf-8"?><{name} {_SPACES}>{inner}</{name}>'
    return text.encode()


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
