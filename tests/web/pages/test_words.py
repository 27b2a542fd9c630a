"""The strings of the interface: each in one place, each used, none missing."""

import re
import string
from pathlib import Path

import pytest

import kalends.web
from kalends.domain.mail import MailKind
from kalends.web.pages.words import WORDS, common, public

FOLDER = Path(kalends.web.__file__).parent
SOURCES = {
    path: path.read_text()
    for path in FOLDER.rglob("*")
    if path.suffix in (".html", ".py")
    and not {"words", "openapi"} & set(path.relative_to(FOLDER).parts)
}
# Keys that are put together where they are used, by how they begin.
PUT_TOGETHER = re.compile(r"place\.|booking\.title\.|error\.\d|form\.(yes|no)$")
USES = re.compile(r"""\b(?:t|say|say_in_page)\(\s*(?:f)?["']([a-zA-Z0-9_.-]+)["'](?!\s*~)""")
COUNTED = re.compile(r"""\b(?:tn|counted|counted_in_page)\(\s*["']([a-zA-Z0-9_.-]+)["']""")


def used() -> set[str]:
    keys: set[str] = set()
    for source in SOURCES.values():
        keys |= set(USES.findall(source))
        keys |= {f"{key}.{n}" for key in COUNTED.findall(source) for n in ("one", "many")}
    return {key for key in keys if not key.endswith(".")}


def test_every_string_that_is_asked_for_is_there() -> None:
    assert used() - WORDS.keys() == set()


def test_every_string_of_the_pages_for_all_is_asked_for() -> None:
    text = "".join(SOURCES.values()).replace("'", '"')
    unused = [
        key
        for key in (*common.WORDS, *public.WORDS)
        if f'"{key}"' not in text
        and f'"{re.sub(r"[.](one|many)$", "", key)}"' not in text
        and not PUT_TOGETHER.match(key)
    ]
    assert unused == []


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_string_can_be_filled_in(key: str) -> None:
    names = [name for _, name, _, _ in string.Formatter().parse(WORDS[key]) if name]
    assert all(name.isidentifier() for name in names)


def test_no_template_says_anything_by_itself() -> None:
    for path, source in SOURCES.items():
        if path.suffix != ".html":
            continue
        bare = re.sub(r"\{% block body_class %\}.*?\{% endblock %\}", "", source)
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", bare, flags=re.DOTALL)
        bare = re.sub(r'\b[\w-]+="[^"]*"', " ", bare)
        bare = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", bare, flags=re.DOTALL)
        words = re.findall(r"[A-Za-z]{3,}", bare)
        assert set(words) <= {"Kalends"}, (path.name, words)


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_of_mail_has_a_word_in_the_mailbox(kind: MailKind) -> None:
    assert f"settings.mail.kind.{kind}" in WORDS
