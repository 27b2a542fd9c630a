"""The files of the pages: hashed names, kept for good, zipped; and nothing else is served."""

import gzip

import httpx
import pytest

from kalends.web.app import PAGES
from kalends.web.pages.assets import URLS
from tests.world import World


@pytest.fixture(scope="module")
def world(module_world: World) -> World:
    return module_world


def test_a_file_is_kept_for_good_since_its_name_changes_with_it(world: World) -> None:
    answer = world.stranger.get(URLS["site.css"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_client_that_takes_no_gzip_gets_the_same_bytes_plain(world: World) -> None:
    with world.stranger.stream(
        "GET", URLS["site.css"], headers={"accept-encoding": "gzip"}
    ) as zip_:
        zipped = b"".join(zip_.iter_raw())
    plain = world.stranger.get(URLS["site.css"], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(zipped) == plain.content


@pytest.mark.parametrize("name", ["site.css", "..%2f__init__.py", "site.000000000000.css"])
def test_only_hashed_names_are_files(world: World, name: str) -> None:
    assert world.stranger.get(f"/static/{name}").status_code == 404


def test_a_head_says_what_a_get_would_and_sends_no_body(world: World) -> None:
    get, head = (world.stranger.request(m, URLS["icon.svg"]) for m in ("GET", "HEAD"))
    assert head.status_code == 200
    assert head.headers["content-type"] == get.headers["content-type"] == "image/svg+xml"
    assert head.content == b""


def test_a_method_that_a_page_has_not_is_405_as_a_page(world: World) -> None:
    answer = world.stranger.post(URLS["site.css"])
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_missing_path_is_html_for_people_and_json_for_programs(world: World) -> None:
    people = world.stranger.get("/no/such/thing/at/all", headers={"accept": "text/html,*/*"})
    assert (people.status_code, people.headers["content-type"]) == (404, "text/html; charset=utf-8")
    for path in ("/no/such/thing/at/all", "/api/v1/nothing"):
        programs = world.stranger.get(path, headers={"accept": "application/json"})
        assert programs.json()["code"] in ("NOT_FOUND", "UNAUTHORIZED")
    for path in ("/api", "/api/nothing"):
        assert world.stranger.get(path, headers={"accept": "text/html"}).json()


def test_every_page_has_the_headers_that_keep_it_safe(world: World) -> None:
    answer = world.stranger.get("/no/such/thing/at/all", headers={"accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert policy.endswith("frame-ancestors 'none'")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_no_two_rows_of_the_table_are_the_same_page() -> None:
    rows = [(page.method, page.path) for page in PAGES]
    assert len(rows) == len(set(rows))


def test_the_table_is_all_that_answers_with_html(world: World) -> None:
    with httpx.Client(base_url=world.url) as client:
        for path in ("/templates/layout.html", "/static/", "/static", "/pages"):
            assert client.get(path).status_code == 404
