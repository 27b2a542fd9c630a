"""What machines read: robots, llms.txt, the Markdown twins, the head of each page, the embed."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.web.pages.visitors import Browser, offered, slug_of, starts_in
from tests.world import World, tomorrow_at


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    with Browser(world.url) as visitor:
        yield visitor


def test_robots_read_which_paths_are_not_for_them(visitor: Browser) -> None:
    answer = visitor.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    for path in ("/booking/", "/console", "/api/"):
        assert f"Disallow: {path}" in answer.text


def test_agents_read_instructions_that_name_no_organization(
    new_world: Callable[[], World], visitor: Browser
) -> None:
    other = new_world()
    answer = visitor.get("/llms.txt")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert f"{visitor.base_url}".rstrip("/") in answer.text
    assert slug_of(other) not in answer.text


def test_each_page_has_a_twin_that_names_its_times(world: World, visitor: Browser) -> None:
    path, _ = offered(world, name="Talk", questions=[{"key": "q", "label": "Why?"}])
    listed = visitor.get(f"/{slug_of(world)}.md")
    assert f"{path}.md" in listed.text
    twin = visitor.get(f"{path}.md")
    assert tomorrow_at(10).replace("Z", "+00:00") in twin.text
    assert "Why?" in twin.text
    form = visitor.get(f"{path}/book", params={"start": tomorrow_at(10)})
    assert form.status_code == 200
    assert visitor.get(f"/{slug_of(world)}/nothing.md").status_code == 404


def test_a_page_says_what_it_is_about(world: World, visitor: Browser) -> None:
    path, _ = offered(world, name="Talk & more", description="A talk\nabout it")
    page = visitor.get(path)
    head = page.text.partition("</head>")[0]
    assert re.search(r"<title>Talk &amp; more · Organization", head)
    assert '<meta name="description" content="A talk about it">' in head
    assert f'<link rel="canonical" href="{world.url}{path}">' in head
    assert f'<meta property="og:url" content="{world.url}{path}">' in head
    assert 'og:title" content="Talk &amp; more' in head
    assert 'content="index, follow"' in head
    assert '<html lang="en">' in page.text
    month = visitor.get(path, params={"month": starts_in(page)[0][:7]})
    assert '<meta name="robots" content="noindex">' in month.text


def test_the_embed_script_is_revalidated_and_seldom_resent(visitor: Browser) -> None:
    first = visitor.get("/embed.js")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    again = visitor.get("/embed.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
