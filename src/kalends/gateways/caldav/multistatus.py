"""Reads multistatus, the usual WebDAV answer, which is about many addresses (RFC 4918 13)."""

import re
from typing import Final

from msgspec import Struct

from kalends.gateways.caldav.hrefs import path_of
from kalends.gateways.caldav.xml import CALDAV, DAV, Element, NotXml

_STATUS: Final = re.compile(r"\s([1-5][0-9]{2})(?:\s|$)")


class DavResponse(Struct, frozen=True):
    """The part of a multistatus about one address, with its href and its canonical path: a status
    of its own, if there is one, and the properties that were found. A missing property does not
    mean that the address is missing (RFC 4918 9.1)."""

    href: str
    path: str
    status: int | None
    properties: dict[str, Element]

    def text(self, name: str) -> str | None:
        """The text of a property; None if it is missing or empty."""
        element = self.properties.get(name)
        return (element.text.strip() or None) if element is not None else None


class MultiStatus(Struct, frozen=True):
    """All responses, and the token if it answers a sync-collection."""

    responses: list[DavResponse]
    sync_token: str | None


def read_multistatus(root: Element, url: str) -> MultiStatus:
    """The multistatus that the URL answered. Raises NotXml if it is another document."""
    if root.name != f"{DAV}multistatus":
        raise NotXml("its answer is no multistatus")
    responses: list[DavResponse] = []
    for child in root.children:
        if child.name == f"{DAV}response":
            responses += _read_response(child, url)
    token = root.find(f"{DAV}sync-token")
    return MultiStatus(responses, token.text.strip() or None if token is not None else None)


def _read_response(element: Element, url: str) -> list[DavResponse]:
    """One response for each href, as several hrefs may share a status."""
    properties: dict[str, Element] = {}
    status = None
    for child in element.children:
        if child.name == f"{DAV}status":
            status = _read_status(child.text)
        elif child.name == f"{DAV}propstat":
            properties |= _read_propstat(child)
    hrefs = [child.text for child in element.children if child.name == f"{DAV}href"]
    return [DavResponse(href, path_of(url, href), status, properties) for href in hrefs]


def _read_propstat(element: Element) -> dict[str, Element]:
    status, prop = element.find(f"{DAV}status"), element.find(f"{DAV}prop")
    code = _read_status(status.text) if status is not None else 200
    if prop is None or code is None or not 200 <= code < 300:
        return {}
    return {child.name: child for child in prop.children}


def _read_status(line: str) -> int | None:
    match = _STATUS.search(line)
    return int(match[1]) if match else None


def read_etag(text: str | None) -> str | None:
    """The etag in quotes, which some servers leave out in a property."""
    text = (text or "").strip()
    if not text or text.startswith(('"', 'W/"')):
        return text or None
    return f'"{text}"'


def preconditions_in(root: Element) -> dict[str, Element]:
    """The preconditions that a refusal names as its cause (RFC 4918 16), by local name."""
    if root.name != f"{DAV}error":
        return {}
    known = [child for child in root.children if child.name.startswith((DAV, CALDAV))]
    return {child.name.rpartition(" ")[2]: child for child in known}
