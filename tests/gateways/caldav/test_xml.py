"""XML of strangers."""

import asyncio

import pytest

from kalends.domain.gateways import OutboundResponse
from kalends.gateways.caldav.multistatus import MultiStatus, read_etag, read_multistatus
from kalends.gateways.caldav.questions import ETAG
from kalends.gateways.caldav.session import DavAnswer, Listed, read_listed
from kalends.gateways.caldav.xml import DAV, MOST_DEPTH, MOST_ELEMENTS, NotXml, read_xml


def read_all(body: bytes) -> MultiStatus:
    return read_multistatus(read_xml(body), "https://cal.example/")


HOSTILE = {
    "entities": b'<!DOCTYPE m [<!ENTITY a "aa">]><m>&a;</m>',
    "an entity of a file": b'<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><m>&a;</m>',
    "a DOCTYPE": b"<!DOCTYPE m><m/>",
    "an unknown entity": b"<m>&a;</m>",
    "depth": b"<a>" * (MOST_DEPTH + 1) + b"</a>" * (MOST_DEPTH + 1),
    "number": b"<m>" + b"<a/>" * MOST_ELEMENTS + b"</m>",
    "a long tag": b"<m " + b" ".join(b'a%d=""' % n for n in range(60_000)) + b"/>",
    "no end": b"<m><a>",
    "two roots": b"<m/><m/>",
    "nothing": b"",
    "text": b"Sign in",
    "an unknown prefix": b"<d:multistatus/>",
    "an unknown encoding": b'<?xml version="1.0" encoding="x"?><m/>',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_xml_is_refused(body: bytes) -> None:
    with pytest.raises(NotXml):
        read_xml(body)


def test_deep_text_is_read_to_its_limit() -> None:
    read_xml(b"<a>" * MOST_DEPTH + b"</a>" * MOST_DEPTH)
    read_xml(b"<m>" + b"<a/>" * (MOST_ELEMENTS - 1) + b"</m>")


def test_elements_are_known_by_their_namespaces() -> None:
    odd = read_xml(b'<C:a xmlns:C="DAV:" xmlns="x"><b/><C:b/></C:a>')
    assert odd.name == f"{DAV}a"
    assert [child.name for child in odd.children] == ["x b", f"{DAV}b"]


def test_control_characters_are_left_out() -> None:
    assert read_xml(b"<m>a\x0bb\x00</m>").text == "ab"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><m>Müller</m>'
    assert read_xml(text.encode(encoding)).text == "Müller"


async def test_a_large_answer_is_read_beside() -> None:
    one = "<response><href>/a</href><status>HTTP/1.1 404 So</status></response>"
    body = f'<multistatus xmlns="DAV:">{one * 20_000}</multistatus>'.encode()
    response = OutboundResponse(status=207, headers={}, body=body, duration_ms=1)
    reading = asyncio.create_task(read_listed(DavAnswer(response, "https://a/")))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    listed = await reading
    assert isinstance(listed, Listed)
    assert len(listed.multistatus.responses) == 20_000
    assert turns > 2


def test_a_long_text_is_no_long_tag() -> None:
    text = "BEGIN:VCALENDAR &#13;" * 100_000
    assert len(read_xml(f"<m><a>{text}</a><b><![CDATA[{text}]]></b></m>".encode()).children) == 2


def test_another_document_is_no_multistatus() -> None:
    with pytest.raises(NotXml):
        read_all(b'<multistatus xmlns="x"/>')


def test_one_status_may_be_that_of_several_hrefs() -> None:
    read = read_all(
        b'<multistatus xmlns="DAV:"><response><href>/a</href><href>/b</href>'
        b"<status>HTTP/1.1 404 Not Found</status></response></multistatus>"
    )
    assert [(one.href, one.status) for one in read.responses] == [("/a", 404), ("/b", 404)]


def test_a_property_counts_only_where_it_was_found() -> None:
    read = read_all(
        b'<multistatus xmlns="DAV:"><response><href>/a</href>'
        b'<propstat><prop><getetag>"e"</getetag></prop><status>HTTP/1.1 200 OK</status>'
        b"</propstat><propstat><prop><displayname>x</displayname></prop>"
        b"<status>HTTP/1.1 403 Forbidden</status></propstat></response></multistatus>"
    )
    (one,) = read.responses
    assert (one.status, one.text(ETAG), list(one.properties)) == (None, '"e"', [ETAG])


@pytest.mark.parametrize(
    ("text", "etag"),
    [
        ('"e"', '"e"'),
        (' "e" ', '"e"'),
        ('W/"e"', 'W/"e"'),
        ("e", '"e"'),
        ("", None),
        (None, None),
    ],
)
def test_etags_stand_in_quotes(text: str | None, etag: str | None) -> None:
    assert read_etag(text) == etag
