"""Signing in by Basic and Digest."""

import pytest

from kalends.domain.calendars.accounts import CalendarLogin
from kalends.gateways.caldav.credentials import DavCredentials, read_challenges

# RFC 7616 3.9.1.
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CLIENT_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
CHALLENGE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    f'nonce="{NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
ANSWERS = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


def mufasa() -> DavCredentials:
    return DavCredentials("Mufasa", "Circle of Life", lambda: CLIENT_NONCE)


def header_of(credentials: DavCredentials) -> str:
    return credentials.header_for("GET", "/dir/index.html") or ""


def test_basic_comes_first_and_in_utf_8() -> None:
    assert DavCredentials("ada", "ö:").header_for("GET", "/") == "Basic YWRhOsO2Og=="


def test_nobody_signs_in_without_a_name() -> None:
    assert DavCredentials("", "").header_for("GET", "/") is None


@pytest.mark.parametrize("algorithm", ANSWERS)
def test_digest_answers_as_its_standard_does(algorithm: str) -> None:
    credentials = mufasa()
    assert credentials.learn(CHALLENGE.format(algorithm))
    header = header_of(credentials)
    assert f'response="{ANSWERS[algorithm]}"' in header
    assert "nc=00000001" in header
    assert "nc=00000002" in header_of(credentials)


def test_the_better_of_two_digests_is_answered() -> None:
    credentials = mufasa()
    both = ", ".join(CHALLENGE.format(algorithm) for algorithm in ANSWERS)
    assert credentials.learn(both)
    assert ANSWERS["SHA-256"] in header_of(credentials)


def test_a_refused_digest_is_not_tried_again() -> None:
    credentials = mufasa()
    assert credentials.learn(CHALLENGE.format("MD5"))
    assert not credentials.learn(CHALLENGE.format("MD5").replace(NONCE, "another"))


def test_an_old_nonce_is_replaced() -> None:
    credentials = mufasa()
    assert credentials.learn(CHALLENGE.format("MD5"))
    stale = CHALLENGE.format("MD5").replace(NONCE, "another") + ", stale=TRUE"
    assert credentials.learn(stale)
    assert 'nonce="another"' in header_of(credentials)


@pytest.mark.parametrize(
    "challenges",
    [
        "",
        'Basic realm="x"',
        f'Basic realm="x", {CHALLENGE.format("MD5")}',
        CHALLENGE.format("SHA-512-256"),
        CHALLENGE.format("MD5").replace("auth, auth-int", "auth-int"),
        'Digest realm="x"',
        "Negotiate",
        "Digest",
        ',,="',
    ],
)
def test_what_cannot_be_answered_is_not_tried(challenges: str) -> None:
    credentials = mufasa()
    assert not credentials.learn(challenges)
    assert header_of(credentials).startswith("Basic ")


def test_a_challenge_without_protection_is_answered_the_old_way() -> None:
    credentials = mufasa()
    assert credentials.learn('Digest realm="a, b=c \\"d\\"", nonce="n"')
    header = header_of(credentials)
    assert 'realm="a, b=c \\"d\\""' in header
    assert "qop" not in header
    assert "cnonce" not in header


def test_challenges_are_told_apart_by_their_schemes() -> None:
    text = 'Negotiate, Basic realm="Digest x=\\"1\\"", Digest nonce=n,realm="r" , Bearer'
    assert read_challenges(text) == [
        ("negotiate", {}),
        ("basic", {"realm": 'Digest x="1"'}),
        ("digest", {"nonce": "n", "realm": "r"}),
        ("bearer", {}),
    ]


def test_a_login_shows_no_secret() -> None:
    login = CalendarLogin(url="https://a/secret.ics", username="ada", password="secret")
    assert "secret" not in f"{login!r} {login}"
