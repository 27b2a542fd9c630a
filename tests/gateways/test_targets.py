"""How URLs are read, those that are written to deceive above all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from kalends.gateways.caldav.provider import SCHEMES as CALDAV
from kalends.gateways.ics.provider import SCHEMES as FILES
from kalends.gateways.targets import NotCallable, entered_url, read_target

HOSTILE = [
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///hook",
    "https:example.com",
    "https:/example.com",
    "//example.com/",
    "/hook",
    "example.com",
    " https://example.com/",
    "https://example.com/ ",
    "https://exa mple.com/",
    "https://example.com/a b",
    "https://example.com/a\\..\\b",
    "https://example.com/\r\nHost: inside",
    "https://example.com\n",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "https://exam\tple.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/html,hello",
    "ws://example.com/",
    "httpss://example.com/",
    "https+unix://example.com/",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://:@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1:80\\@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https:\\\\example.com/",
    "https://example.com%2f@127.0.0.1/",
    "https://example.com:/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:99999/",
    "https://example.com:-1/",
    "https://example.com:+443/",
    "https://example.com:0443/",
    "https://example.com:44 3/",
    "https://example.com:http/",
    "https://example.com:443:443/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0X7F.0.0.1/",
    "https://127.0.0.0x1/",
    "https://127.0.0.01/",
    "https://127.0.0.1./",
    "https://1.2.3.4.5/",
    "https://256.0.0.1/",
    "https://0/",
    "https://0x/",
    "https://example.com./",
    "https://example..com/",
    "https://.example.com/",
    "https://./",
    "https://-example.com/",
    "https://example-.com/",
    "https://ex%61mple.com/",
    "https://%31%32%37.0.0.1/",
    "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::1/",
    "https://::1/",
    "https://[]/",
    "https://[::g]/",
    "https://[127.0.0.1]/",
    "https://[::1]example.com/",
    "https://example.com[::1]/",
    "https://[v1.a]/",
    "https://ⓔxample.com/",
    "https://127。0。0。1/",
    "https://１２７.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://müller.de/",
    "https://exa\u00admple.com/",
    "https://example\u2024com/",
    "https://faß.de/",
    "https://a" + "b" * 63 + ".com/",
    "https://" + "a." * 127 + "com/",
    "https://example.com/" + "a" * 2048,
    "https://a,b.com/",
    "https://a;b.com/",
    "https://a'b.com/",
    "https://a$b.com/",
    "https://<script>/",
    "https://{host}/",
    "https://*.example.com/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_url_that_readers_could_differ_about_is_refused(url: str) -> None:
    with pytest.raises(NotCallable, match=r"^must "):
        read_target(url)


@pytest.mark.parametrize("url", [url for url in HOSTILE if "@" in url and "\\" not in url])
def test_a_user_in_a_url_is_named_as_what_is_wrong(url: str) -> None:
    with pytest.raises(NotCallable, match="user name or password"):
        read_target(url)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hook?A=b", "https://example.com/Hook?A=b"),
        ("https://example.com:8443?a=1", "https://example.com:8443/?a=1"),
        ("https://example.com#@127.0.0.1/", "https://example.com/"),
        ("https://example.com/a#b", "https://example.com/a"),
        ("https://example.com/%2e%2E/..//x?y=%0d%0a&z=[1]", None),
        ("https://xn--mller-kva.de/", None),
        ("http://my_service/", None),
        ("http://localhost:9000/hook", None),
        ("https://1.1.1.1/", None),
        ("https://[2606:4700:4700:0::1111]:99/", "https://[2606:4700:4700::1111]:99/"),
        ("https://3com.example/", None),
        ("https://example.com/@user", None),
    ],
)
def test_a_url_is_sent_as_it_was_written_in_one_form(url: str, canonical: str | None) -> None:
    assert read_target(url).url == (canonical or url)


@given(
    st.text(alphabet="htps:/@.[]%\\#?127x0aA-_é\t 。", max_size=40).map(
        lambda text: "https://" + text
    )
)
def test_the_library_that_connects_reads_the_same_host(url: str) -> None:
    try:
        target = read_target(url)
    except NotCallable:
        return
    again = URL(target.url, encoded=True)
    assert (again.scheme, again.host, again.port) == (target.scheme, target.host, target.port)
    assert again.user is None
    assert again.raw_path_qs == target.rest.removesuffix("?")


@pytest.mark.parametrize(
    ("schemes", "text", "url"),
    [
        (CALDAV, "cal.example", "https://cal.example"),
        (CALDAV, " https://cal.example/dav ", "https://cal.example/dav"),
        (CALDAV, "http://radicale:5232", "http://radicale:5232"),
        (CALDAV, "caldavs://cal.example/", "https://cal.example/"),
        (CALDAV, "CalDAV://cal.example/", "http://cal.example/"),
        (FILES, "webcal://cal.example/a.ics", "https://cal.example/a.ics"),
        (FILES, "WebCals://cal.example/a.ics", "https://cal.example/a.ics"),
        (FILES, " cal.example/a.ics ", "https://cal.example/a.ics"),
        (FILES, "http://cal.example/a.ics", "http://cal.example/a.ics"),
    ],
)
def test_what_is_typed_becomes_a_url(schemes: dict[str, str], text: str, url: str) -> None:
    assert entered_url(text, schemes) == url
