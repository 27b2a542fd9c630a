"""Descriptions on pages: links work, a little Markdown does, everything else is text."""

import re
import time

import pytest

from kalends.domain.event_type import Question, QuestionType
from kalends.web.pages.descriptions import consent_label, description_html, without_markup
from tests.web.pages.visitors import Browser, offered, slug_of
from tests.world import World

REL = 'rel="nofollow noopener" target="_blank"'
LONGEST = 5000
HOSTILE = {
    "brackets": "[",
    "links": "[](",
    "images": "![",
    "stars": "*",
    "spread stars": "*a_ ",
    "addresses": "www.a.bc ",
    "schemes": "http://",
    "at signs": "a@",
    "quotes": "> ",
    "nested lists": "- ",
    "items": "- a\n",
    "backslashes": "\\",
    "emoji": "😀",
}


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("See https://example.com/a?b=1.", "https://example.com/a?b=1"),
        ("See www.example.com", "http://www.example.com"),
        ("Write to desk@example.com!", "mailto:desk@example.com"),
        ("Our [prices](https://example.com/p)", "https://example.com/p"),
        ("Our [phone](tel:+49301234567)", "tel:+49301234567"),
    ],
)
def test_links_and_addresses_can_be_followed(typed: str, url: str) -> None:
    assert f'<a href="{url}" {REL}>' in description_html(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](java\nscript:alert(1))",
        "[a](data:text/html;base64,eA==)",
        "[a](vbscript:x)",
        "[a](/console)",
        "[a](//evil.example)",
    ],
)
def test_nothing_else_can_be_followed(typed: str) -> None:
    assert "<a" not in description_html(typed)


def test_html_images_headings_and_code_stay_text() -> None:
    typed = "<b>x</b>\n# One\n\nTwo\n===\n\n    three\n\n```\nfour\n```\n`five` ![six](https://a.example/6.png)"
    tags = set(re.findall(r"<(\w+)", description_html(typed)))
    assert tags <= {"p", "br", "a"}, tags
    assert "&lt;b&gt;" in description_html(typed)


def test_line_breaks_and_paragraphs_are_kept() -> None:
    assert description_html("one\ntwo\n\nthree").count("<br>") == 1
    assert description_html("one\ntwo\n\nthree").count("<p") == 2


def test_a_description_is_plain_text_where_nothing_can_be_followed() -> None:
    typed = "**Bring** [this](https://example.com)\n\n- a\n- b"
    assert without_markup(typed) == "Bring this a b"


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_description_takes_long(part: str) -> None:
    hostile = (part * LONGEST)[:LONGEST]
    began = time.process_time()
    description_html.__wrapped__(hostile)
    assert time.process_time() - began < 2


def test_nested_lists_end_somewhere() -> None:
    nested = "\n".join("  " * depth + "- a" for depth in range(60))
    assert description_html(nested[:LONGEST]).count("<ul") <= 20


@pytest.mark.parametrize(
    ("label", "html"),
    [
        ("I take the [terms](https://a.example/t) & all", "I take the <a "),
        ("[a](javascript:alert(1))", "[a](javascript:alert(1))"),
        ("[a](http://a.example)", "[a](http://a.example)"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
    ],
)
def test_a_consent_holds_a_link_of_https_alone(label: str, html: str) -> None:
    question = Question(key="c", label=label, type=QuestionType.CONSENT)
    assert html in consent_label(question)


def test_other_labels_are_text() -> None:
    label = "[terms](https://a.example/t)"
    assert Question(key="c", label=label).plain_label == label
    assert Question(key="c", label=label, type=QuestionType.CONSENT).plain_label == "terms"


def test_pages_show_descriptions_with_their_links(world: World) -> None:
    path, _ = offered(world, description="Ask desk@example.com\n<script>x</script>")
    with Browser(world.url) as visitor:
        for page in (visitor.get(path), visitor.get(f"/{slug_of(world)}")):
            assert f'<a href="mailto:desk@example.com" {REL}>' in page.text
            assert "<script>x" not in page.text
        twin = visitor.get(f"{path}.md").text
        assert "mailto:" not in twin
        assert "desk@example.com" in twin
