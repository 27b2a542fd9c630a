"""Parses untrusted XML with expat: without DOCTYPE, with limits of depth and number, and with
namespaces by URI."""

import re
from typing import Final
from xml.parsers import expat

MOST_DEPTH: Final = 50
MOST_ELEMENTS: Final = 250_000
"""Ten thousand objects with their properties are a third of it."""

BYTES_AT_ONCE: Final = 65_536
LONGEST_TAG: Final = 262_144
"""About: of a tag with millions of attributes expat makes a table, which takes seconds."""

DAV: Final = "DAV: "
CALDAV: Final = "urn:ietf:params:xml:ns:caldav "
CALENDARSERVER: Final = "http://calendarserver.org/ns/ "

# expat knows only four encodings by itself; for others Python may raise the last two.
UNREADABLE: Final = (expat.ExpatError, LookupError, ValueError)

# Characters that XML 1.0 does not allow, and that calendars contain nevertheless.
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NONE: Final[list["Element"]] = []


class NotXml(Exception):
    """The text is not XML that we accept; the reason is a part of a sentence."""


class Element:
    """An element, whose name is its namespace, a space, and its local name."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str] | None) -> None:
        self.name = name
        self.attributes = attributes
        self.children = _NONE
        self.text = ""

    def find(self, name: str) -> "Element | None":
        """The first child with that name."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> "list[Element]":
        return [child for child in self.children if child.name == name]

    def names(self) -> frozenset[str]:
        """The names of its children."""
        return frozenset(child.name for child in self.children)


class _TreeBuilder:
    """Builds the tree. An element's text is only what precedes its first child, as the text of
    elements with children means nothing here."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._text: list[str] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= MOST_DEPTH:
            raise NotXml("its XML is too deep or has too many elements")
        element = Element(name, attributes or None)
        if self._open:
            parent = self._open[-1]
            if parent.children is _NONE:
                parent.children = []
            parent.children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._text.clear()

    def end(self, _: str) -> None:
        element = self._open.pop()
        if element.children is _NONE:
            element.text = "".join(self._text)
        self._text.clear()

    def refuse(self, *_: object) -> None:
        raise NotXml("its XML has a DOCTYPE")

    def read(self, body: bytes) -> Element:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self.refuse
        for start in range(0, len(body), BYTES_AT_ONCE):
            parser.Parse(body[start : start + BYTES_AT_ONCE], False)
            if start - parser.CurrentByteIndex > LONGEST_TAG:
                raise NotXml("its XML has a tag that is too long")
        parser.Parse(b"", True)
        assert self.root is not None
        return self.root


def read_xml(body: bytes) -> Element:
    """The root element. Control characters, which some servers let through, are removed. Raises
    NotXml."""
    try:
        return _TreeBuilder().read(body)
    except UNREADABLE:
        clean = _CONTROLS.sub(b"", body)
    try:
        return _TreeBuilder().read(clean)
    except UNREADABLE:
        raise NotXml("its answer is no XML") from None
