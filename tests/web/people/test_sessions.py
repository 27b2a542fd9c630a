"""Signing in with a cookie: who gets in, for how long, from where."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conftest import BehindAProxy
from tests.servers import Server
from tests.world import World

LIMIT = 3
_addresses = itertools.count(1)


@pytest.fixture(scope="module")
def servers(behind_a_proxy: BehindAProxy) -> Iterator[list[Server]]:
    """Two processes behind a proxy (so a test can come from anywhere), three attempts each."""
    with behind_a_proxy(KALENDS_RATE_LIMIT_SIGN_IN=str(LIMIT)) as both:
        yield both


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url) as client:
        yield client


@pytest.fixture
def sign_in(servers: list[Server], world: World) -> Callable[..., httpx.Response]:
    """Signs in from an address, at one server or the other."""

    def attempt(password: str, address: str, email: str = "", at: int = 0) -> httpx.Response:
        return httpx.post(
            f"{servers[at].url}/api/auth/login",
            json={"email": email or world.setup.admin_email, "password": password},
            headers={"x-forwarded-for": address, "x-forwarded-proto": "https"},
            timeout=30,
        )

    return attempt


def login(client: httpx.Client, world: World, **headers: str) -> httpx.Response:
    body = {"email": world.setup.admin_email, "password": world.password}
    return client.post("/api/auth/login", json=body, headers=headers)


def some_address() -> str:
    """An address that no other test comes from."""
    number = next(_addresses)
    return f"198.51.{number // 250}.{number % 250 + 1}"


def early_in_a_minute() -> None:
    """Limits count by the minute; a test of theirs must not begin at the end of one."""
    left = 60 - time.time() % 60
    if left < 15:
        time.sleep(left + 0.1)


def test_a_user_signs_in_and_receives_memberships(browser: httpx.Client, world: World) -> None:
    answer = login(browser, world)
    assert answer.status_code == 200
    user = answer.json()["data"]
    assert user["id"].startswith("usr_")
    assert user["email"] == world.setup.admin_email
    assert {(m["mode"], m["role"]) for m in user["memberships"]} == {
        ("live", "owner"),
        ("test", "owner"),
    }
    assert set(user["memberships"][0]) == {"organization_id", "name", "slug", "mode", "role"}
    assert browser.get("/api/auth/me").json()["data"] == user
    assert user["locale"] is None


def test_the_address_is_read_in_any_case(browser: httpx.Client, world: World) -> None:
    body = {"email": world.setup.admin_email.upper(), "password": world.password}
    assert browser.post("/api/auth/login", json=body).status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_foreign_sites(
    browser: httpx.Client, world: World
) -> None:
    cookie = login(browser, world).headers["set-cookie"]
    assert cookie.startswith("kalends_session=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=1209600"} <= set(cookie.split("; "))
    assert "Secure" not in cookie.split("; ")


def test_under_https_the_cookie_is_secure(
    sign_in: Callable[..., httpx.Response], world: World
) -> None:
    assert "Secure" in sign_in(world.password, some_address()).headers["set-cookie"].split("; ")


def test_every_sign_in_makes_a_new_session_and_ends_the_one_before(
    browser: httpx.Client, world: World
) -> None:
    login(browser, world)
    first = browser.cookies["kalends_session"]
    login(browser, world)
    assert browser.cookies["kalends_session"] != first
    old = {"cookie": f"kalends_session={first}"}
    assert httpx.get(f"{world.url}/api/auth/me", headers=old).status_code == 401


def test_two_browsers_have_two_sessions(browser: httpx.Client, world: World) -> None:
    login(browser, world)
    with httpx.Client(base_url=world.url) as other:
        login(other, world)
        assert browser.get("/api/auth/me").status_code == 200
        assert other.get("/api/auth/me").status_code == 200


def test_signing_out_ends_the_session_on_the_server(browser: httpx.Client, world: World) -> None:
    login(browser, world)
    kept = {"cookie": f"kalends_session={browser.cookies['kalends_session']}"}
    answer = browser.post("/api/auth/logout")
    assert answer.status_code == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert httpx.get(f"{world.url}/api/auth/me", headers=kept).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/auth/me"), ("POST", "/api/auth/logout")]
)
@pytest.mark.parametrize("cookie", ["", "kalends_session=", "kalends_session=x", '=;;;a b="'])
def test_without_a_session_there_is_no_user(
    world: World, method: str, path: str, cookie: str
) -> None:
    answer = world.stranger.request(method, path, headers={"cookie": cookie})
    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"


def test_other_cookies_do_not_hide_the_session(browser: httpx.Client, world: World) -> None:
    login(browser, world)
    token = browser.cookies["kalends_session"]
    beside = {"cookie": f'a=b c; {{"x":1}}; kalends_session={token}; z="'}
    assert httpx.get(f"{world.url}/api/auth/me", headers=beside).status_code == 200


def test_the_api_takes_keys_only_never_the_cookie(browser: httpx.Client, world: World) -> None:
    login(browser, world)
    assert browser.get("/api/v1/bookings").status_code == 401


def test_an_api_key_signs_nobody_in(world: World) -> None:
    assert world.api.get("/api/auth/me").status_code == 401


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    sign_in: Callable[..., httpx.Response],
) -> None:
    answers = [
        sign_in("wrong password", some_address()),
        sign_in("wrong password", some_address(), email="nobody@example.test"),
        sign_in("x" * 1000, some_address()),
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert len({answer.json()["error"] for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "VALIDATION_ERROR"),
        (b"{", 400, "INVALID_JSON"),
        (b"[]", 422, "VALIDATION_ERROR"),
        (b'{"email": "a@b.test"}', 422, "VALIDATION_ERROR"),
        (b'{"email": "not an address", "password": "x"}', 422, "VALIDATION_ERROR"),
        (b'{"email": "a@b.test", "password": 5}', 422, "VALIDATION_ERROR"),
        (b'{"email": "a@b.test", "password": ""}', 422, "VALIDATION_ERROR"),
        (b'{"email": "a@b.test", "password": "\\u0000"}', 422, "VALIDATION_ERROR"),
        (b'{"email": "a@b.test", "password": "\\ud800"}', 422, "VALIDATION_ERROR"),
        (b'{"email": "a@b.test", "password": "x", "more": 1}', 422, "VALIDATION_ERROR"),
        (b'"' + b"x" * 1_000_001 + b'"', 413, "BODY_TOO_LARGE"),
    ],
)
def test_a_body_that_is_none_is_refused(world: World, body: bytes, status: int, code: str) -> None:
    answer = world.stranger.post("/api/auth/login", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_attempts_are_limited_exactly_over_all_processes(
    sign_in: Callable[..., httpx.Response], world: World
) -> None:
    early_in_a_minute()
    address = some_address()
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda n: sign_in("wrong password", address, at=n % 2), range(12))
        )
    assert sorted(answer.status_code for answer in answers) == [401] * LIMIT + [429] * 9
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert sign_in(world.password, address).status_code == 429


def test_the_owner_gets_in_from_elsewhere_while_someone_guesses(
    sign_in: Callable[..., httpx.Response], world: World
) -> None:
    early_in_a_minute()
    guesser = some_address()
    for _ in range(LIMIT + 1):
        sign_in("wrong password", guesser)
    assert sign_in(world.password, guesser).status_code == 429
    assert sign_in(world.password, some_address()).status_code == 200


def test_an_address_that_tries_many_accounts_is_stopped(
    sign_in: Callable[..., httpx.Response],
) -> None:
    early_in_a_minute()
    address = some_address()
    answers = [
        sign_in("wrong password", address, email=f"nobody{n}@example.test").status_code
        for n in range(3 * LIMIT + 2)
    ]
    assert answers == [401] * 3 * LIMIT + [429, 429]


def test_an_ipv6_network_is_one_address(sign_in: Callable[..., httpx.Response]) -> None:
    early_in_a_minute()
    network = f"2001:db8:ff{next(_addresses):x}:1"
    answers = [
        sign_in("wrong password", f"{network}::{n}").status_code for n in range(1, LIMIT + 2)
    ]
    assert answers == [401] * LIMIT + [429]


def test_signing_in_rightly_uses_no_attempt_up(
    sign_in: Callable[..., httpx.Response], world: World
) -> None:
    early_in_a_minute()
    address = some_address()
    answers = [sign_in(world.password, address).status_code for _ in range(LIMIT + 3)]
    assert answers == [200] * (LIMIT + 3)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://{host}"}, 200),
        ({"origin": "http://{host}", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://{host}.evil.example"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://x:99999"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_a_change_by_cookie_has_to_come_from_our_own_pages(
    browser: httpx.Client, world: World, headers: dict[str, str], status: int
) -> None:
    host = httpx.URL(world.url).netloc.decode()
    headers = {name: value.format(host=host) for name, value in headers.items()}
    assert login(browser, world, **headers).status_code == status
    login(browser, world)
    assert browser.get("/api/auth/me", headers=headers).status_code == 200
    assert browser.post("/api/auth/logout", headers=headers).status_code == status


def test_a_missing_session_is_reported_before_a_wrong_origin(world: World) -> None:
    foreign = {"origin": "https://evil.example"}
    assert world.stranger.post("/api/auth/logout", headers=foreign).status_code == 401


def test_a_user_chooses_a_language_and_takes_it_back(world: World, browser: httpx.Client) -> None:
    login(browser, world)
    for wanted, kept in (("DE-ch", "de-CH"), (None, None)):
        answer = browser.patch("/api/auth/me", json={"locale": wanted})
        assert answer.json()["data"]["locale"] == kept
        assert browser.get("/api/auth/me").json()["data"]["locale"] == kept


def test_a_user_cannot_choose_what_is_no_language(world: World, browser: httpx.Client) -> None:
    login(browser, world)
    answer = browser.patch("/api/auth/me", json={"locale": "German"})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "locale"
