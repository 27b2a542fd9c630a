"""Addresses of WebDAV, in one spelling."""

import pytest

from kalends.gateways.caldav.hrefs import member_of, path_of, resolve, resolve_collection
from kalends.gateways.caldav.session import origin_of

CALENDAR = "https://cal.example/cal/ada/work/"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/cal/ada/work/a@b.ics", "/cal/ada/work/a@b.ics"),
        ("/cal/ada/work/a%40b.ics", "/cal/ada/work/a@b.ics"),
        ("/cal/ada/work/%61%40b.ics", "/cal/ada/work/a@b.ics"),
        ("https://cal.example/cal/ada/work/a.ics", "/cal/ada/work/a.ics"),
        ("http://inside:5232/cal/ada/work/a.ics", "/cal/ada/work/a.ics"),
        ("a.ics", "/cal/ada/work/a.ics"),
        ("\n  /cal/ada/work/a.ics  ", "/cal/ada/work/a.ics"),
        ("/cal/ada/work/ö a.ics", "/cal/ada/work/%C3%B6%20a.ics"),
        ("/cal/ada/work/%c3%b6%20a.ics", "/cal/ada/work/%C3%B6%20a.ics"),
        ("/cal/ada/work/a%2Fb.ics", "/cal/ada/work/a%2Fb.ics"),
        ("/cal/ada/work/a%2fb.ics", "/cal/ada/work/a%2Fb.ics"),
        ("/cal/ada/work/100%.ics", "/cal/ada/work/100%25.ics"),
    ],
)
def test_spellings_of_one_object_are_one(href: str, path: str) -> None:
    assert path_of(CALENDAR, href) == path
    assert member_of(CALENDAR, path)


@pytest.mark.parametrize(
    "href",
    [
        "",
        "/",
        "/cal/ada/work/",
        "/cal/ada/work",
        "/cal/ada/work2/a.ics",
        "/cal/ada/room/a.ics",
        "/cal/ada/work/../room/a.ics",
        "/cal/ada/work/%2e%2e/room/a.ics",
        "/cal/ada/work/..",
        "/cal/ada/work/%2e%2e",
        "/cal/ada/work/.",
        "/cal/ada/work/deep/a.ics",
        "/cal/ada/work/deep/",
        "/cal/ada/work/../work/../a.ics",
        "//cal/ada/work/a.ics",
        "/cal/ada/work//a.ics",
        "http://[",
        "//[::1",
        "/cal/ada/work/" + "a" * 1500,
    ],
)
def test_other_addresses_are_no_objects_of_the_calendar(href: str) -> None:
    assert not member_of(CALENDAR, path_of(CALENDAR, href))


HOMES = {
    "/home/": "https://cal.example/home/",
    "/home": "https://cal.example/home/",
    "https://p67.example/123/": "https://p67.example/123/",
    "http://cal.example/home/": "https://cal.example/home/",
    "http://other.example/home/": "http://other.example/home/",
    "http://[": "",
}


@pytest.mark.parametrize(("href", "url"), HOMES.items())
def test_a_home_is_a_url_with_a_slash_at_its_end(href: str, url: str) -> None:
    assert resolve_collection(CALENDAR, href) == url


def test_a_principal_keeps_its_end() -> None:
    assert resolve(CALENDAR, "/principals/ada") == "https://cal.example/principals/ada"


@pytest.mark.parametrize(
    ("url", "is_same"),
    [
        ("http://cal.example/x", True),
        ("https://cal.example/x", True),
        ("https://CAL.example:443/x", True),
        ("https://cal.example:8443/", False),
        ("http://cal.example:8080/", False),
        ("https://cal.example.evil/", False),
        ("https://cal.example@evil.example/", False),
        ("https://evil.example/cal.example", False),
        ("", False),
    ],
)
def test_a_password_is_for_a_host_and_the_same_by_https(url: str, is_same: bool) -> None:
    origin = origin_of("http://cal.example/dav/")
    assert origin is not None
    assert (origin_of(url) in {origin, origin.by_tls}) == is_same
