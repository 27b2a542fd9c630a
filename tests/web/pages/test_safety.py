"""What makes user text inert, and the tokens of forms."""

import pytest
from markupsafe import escape

from kalends.formats.inert import safe_url, without_bidi
from kalends.web.pages.answers import redirect
from kalends.web.pages.languages import locale_of
from kalends.web.pages.safety import (
    form_token,
    is_form_token,
    isolated,
    lines,
    linked,
)
from kalends.web.pages.wording import gettext_in_page, ngettext_in_page


def test_user_text_is_escaped_and_keeps_its_direction_to_itself() -> None:
    assert str(isolated("<img src=x onerror=alert(1)>")) == (
        "<bdi>&lt;img src=x onerror=alert(1)&gt;</bdi>"
    )
    turning = "a" + chr(0x202E) + "b" + chr(0x2066) + "c"
    assert str(isolated(turning)) == "<bdi>abc</bdi>"
    assert without_bidi(turning) == "abc"
    assert str(lines("<b>\nx")) == "<bdi>&lt;b&gt;</bdi><br><bdi>x</bdi>"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x",
     "vbscript:x", "//evil.example", "/x", "http://[", "https://x" + chr(0x202E), "x:y"],
)  # fmt: skip
def test_only_links_of_the_web_mail_and_phone_may_be_followed(url: str) -> None:
    assert safe_url(url) == ""
    assert "href" not in linked(url)


@pytest.mark.parametrize("url", ["https://a.example/x?y=1", "http://a", "mailto:a@b.c", "tel:+49"])
def test_plain_links_may_be_followed(url: str) -> None:
    assert safe_url(url) == url


def test_messages_escape_what_they_are_given() -> None:
    output = escape(gettext_in_page("Reason: {reason}", reason="<b>" + chr(0x202E)))
    assert output == "Reason: &lt;b&gt;"
    kept = escape(gettext_in_page("Reason: {reason}", reason=isolated("<b>")))
    assert kept == "Reason: <bdi>&lt;b&gt;</bdi>"


def test_messages_themselves_are_escaped_beside_markup() -> None:
    name = isolated("Ada")
    assert escape(gettext_in_page("<b>{name}", name=name)) == "&lt;b&gt;<bdi>Ada</bdi>"
    counted = ngettext_in_page("{name}: <i>", "{name}: {number}", 2, name=name)
    assert escape(counted) == "<bdi>Ada</bdi>: 2"


def test_braces_in_a_value_are_no_placeholders() -> None:
    assert gettext_in_page("Reason: {reason}", reason="{reason} {0}") == "Reason: {reason} {0}"


def test_a_form_token_holds_for_its_session_alone() -> None:
    token = form_token("session")
    assert is_form_token(token, "session")
    assert token != form_token("session")
    for wrong in ("", "x", "é", token[:-4], form_token("another")):
        assert not is_form_token(wrong, "session")


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"),
        ("de-AT,de;q=0.8", "de_AT"),
        ("en;q=0.3, fr;q=0.9", "fr"),
        ("xx-yy, it", "it"),
        ("de;q=0, pt-BR;q=0.1", "pt_BR"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("*", "en"),
        ("de;q=nonsense", "en"),
        ("\x00;;;,,,=", "en"),
    ],
)
def test_the_language_is_the_most_preferred_one(header: str, locale: str) -> None:
    assert str(locale_of(header)) == locale


@pytest.mark.parametrize(
    "to",
    ["", "x", "https://evil.example/", "//evil.example", "/\\evil.example", "/a\\b", "/x\r\nb: c"],
)
def test_nothing_redirects_to_another_site(to: str) -> None:
    with pytest.raises(ValueError, match="no path of ours"):
        redirect(to)
