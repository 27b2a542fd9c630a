"""An organization's own words: what they may hold, and that values in them stay text."""

import time
from html.parser import HTMLParser

import pytest

from kalends.domain.errors import Invalid
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import NEVER_SENT, OwnWords, TemplateAudience, TemplateKind
from kalends.domain.placeholders import MOST_PLACEHOLDERS, Placeholder
from kalends.formats.mails.bookings import letter_about
from kalends.formats.mails.letters import write_html, write_text
from kalends.formats.mails.own_words import OwnText, check_own_words
from kalends.formats.mails.page import dress_of
from tests.formats.samples import booking, booking_mail

EVIL = "[pay now](https://evil.example) *x* <b>{booking.id}"
EVERY = "\n\n".join(f"**{{{one}}}** and {{{one}}}" for one in Placeholder)


class Links(HTMLParser):
    """Where the links of HTML lead, and what stands in bold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name == "href"]


def written(subject: str | None, body: str | None, name: str = "Ada") -> tuple[str, str, str]:
    """Subject, text and HTML of a confirmation in these words."""
    own = OwnWords(subject, body)
    letter = letter_about(booking_mail(own_words=own, booking=booking(attendee={"name": name})))
    return letter.subject, write_text(letter.content), write_html(letter.content, letter.look)


def test_own_words_stand_in_the_place_of_ours() -> None:
    subject, text, html = written("See you, {attendee.name}", "We look **forward** to it.")
    assert subject == "See you, Ada"
    assert text.startswith("See you, Ada\n\nWe look forward to it.\n\nWhat: Consultation\n")
    assert "<strong>forward</strong>" in html
    assert "Your appointment is confirmed" not in text + html


def test_the_link_to_change_the_booking_is_always_there() -> None:
    _, text, html = written("Hello", "Bye")
    assert "Cancel or move this appointment:\nhttps://" in text
    assert 'class="button"' in html


@pytest.mark.parametrize(
    ("audience", "kind"),
    [
        (Audience(audience), MailKind(kind))
        for audience in TemplateAudience
        for kind in TemplateKind
        if (audience, kind) not in NEVER_SENT
    ],
)
def test_what_attendees_type_becomes_no_link_or_markup(audience: Audience, kind: MailKind) -> None:
    own = OwnWords("{attendee.name}", EVERY)
    body = booking(
        attendee={"name": EVIL, "phone": EVIL}, cancellation_reason=EVIL, title=EVIL, location=EVIL
    )
    letter = letter_about(
        booking_mail(audience=audience, kind=kind, own_words=own, booking=body, manage_url=None)
    )
    found = Links(write_html(letter.content, letter.look))
    assert not [link for link in found.found if "evil" in link]
    assert not {"em", "b"} & set(found.tags)
    assert EVIL in write_text(letter.content)


def test_markup_around_a_value_holds_for_it() -> None:
    _, text, html = written(None, "- **{attendee.name}**\n- [here](https://x.test)\n", "A*b*")
    assert "<strong><bdi>A*b*</bdi></strong>" in html
    assert "- A*b*\n- here (https://x.test)" in text


def test_html_and_scripts_in_a_text_stay_text() -> None:
    _, _, html = written(None, "<script>x</script> [a](javascript:alert(1)) ![i](https://x.test/i)")
    found = Links(html)
    assert not {"script", "img"} & set(found.tags)
    assert not [link for link in found.found if link.startswith("javascript")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("[here](https://shop.example/where)", "here (https://shop.example/where)"),
        ("[Ada](mailto:Ada@shop.example)", "Ada (Ada@shop.example)"),
        ("[shop.example](https://shop.example/)", "shop.example"),
        ("[](https://shop.example/)", "https://shop.example/"),
        ("https://müller.example/ä", "https://müller.example/ä"),
    ],
)
def test_a_link_in_plain_text_is_followed_by_its_address(body: str, says: str) -> None:
    _, text, _ = written(None, body)
    assert text.split("\n\n")[1] == says


def test_two_braces_are_one() -> None:
    assert "{attendee.name} {" in written(None, "{{attendee.name}} {{")[1]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{__class__}", "a placeholder that there is not: {__class__}. There are {attendee.name}"),
        ("{attendee.name.__class__}", "a placeholder that there is not"),
        ("{attendee.name!r}", "a placeholder that there is not"),
        ("{}", "a placeholder that there is not: {}"),
        ("{0}", "a placeholder that there is not: {0}"),
        ("Hello {attendee.name", "a { that is not closed"),
        ("{attendee.name}" * 300, f"at most {MOST_PLACEHOLDERS} placeholders; it has 300"),
        ("[x](https://x.test/{booking.id})", "in the address of a link"),
        ("https://x.test/{booking.id}", "in the address of a link"),
        ("https://{attendee.name}.test", "in the address of a link"),
        ("[x](https://{attendee.name}.test)", "in the address of a link"),
        ("[x](mailto:{attendee.email})", "in the address of a link"),
    ],
)
def test_what_no_text_may_hold_is_named(body: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_own_words(None, body)
    assert says in refused.value.message
    assert refused.value.details[0].field == "body"


def test_a_placeholder_of_a_subject_is_checked_too() -> None:
    with pytest.raises(Invalid) as refused:
        check_own_words("{nothing}", None)
    assert refused.value.details[0].field == "subject"


def test_a_subject_stays_on_one_line() -> None:
    subject, _, _ = written("To {attendee.name}", None, "Ada\r\nBcc: x@evil.example")
    assert subject == "To Ada Bcc: x@evil.example"


def test_long_values_are_cut() -> None:
    _, text, _ = written(None, "{attendee.name}" * MOST_PLACEHOLDERS, "x" * 5_000)
    assert len(text.split("\n\n")[1]) == 300 * MOST_PLACEHOLDERS


def test_a_change_that_says_more_is_in_our_words() -> None:
    before, after = booking(), booking(needs_new_time=True)
    mail = booking_mail(
        kind=MailKind.UPDATED, before=before, booking=after, own_words=OwnWords("Own", "Own")
    )
    letter = letter_about(mail)
    assert letter.content.heading == "Please choose another time"
    assert letter.content.own is None


def test_what_was_private_to_us_is_left_out() -> None:
    values = dict.fromkeys(Placeholder, "value")
    assert str(OwnText("a\ue000b\ue00dc\uf000", values)) == "abc"
    assert "value" not in OwnText("a\ue000b", values).as_html(dress_of(None))


@pytest.mark.parametrize("text", ["*a **", "[", "- " * 40 + "x\n", "![](", "{{", "a@b.c "])
def test_no_text_takes_long(text: str) -> None:
    body = (text * 5_000)[:5_000]
    began = time.process_time()
    check_own_words(None, body)
    assert time.process_time() - began < 5
