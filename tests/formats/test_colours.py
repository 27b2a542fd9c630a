"""Buttons: one colour on pages and in mail, that can be read by light and by dark."""

import re

import pytest

from kalends.formats.colours import COLOURS
from kalends.formats.mails.accounts import account_message, endpoint_disabled_message
from kalends.formats.mails.agenda import agenda_message
from kalends.formats.mails.messages import Message
from kalends.formats.mails.page import MailLook
from kalends.web.pages.assets import ANSWERS, URLS
from tests.formats.samples import booking_mail
from tests.formats.test_account_mails import account_mail, endpoint_mail, parsed
from tests.formats.test_agenda_mails import agenda_mail
from tests.formats.test_booking_mails import body_of, page_of

ENOUGH = 4.5
LIGHT, DARK = "light", "dark"


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(f * p for f, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def style_sheet() -> str:
    return ANSWERS[URLS["site.css"].removeprefix("/static/")].body.decode()


def rules_in(mail: str, scheme: str) -> dict[str, str]:
    """The colours of a mail: of its button, of a link, and of the ground of both."""
    dark = mail[mail.index("prefers-color-scheme: dark") : mail.index("</style>")]
    if scheme == DARK:
        ground, link = (_of(dark, rule) for rule in (r"\.card", r"\.link"))
        button = re.search(r"\.button \{ background: (\S+) !important; color: (\S+) ", dark)
    else:
        ground = _of(mail.partition("</style>")[2], 'class="card"')
        link = COLOURS["light_accent"]
        button = re.search(r'class="button".*?background:(#\w+);color:(#\w+);', mail)
    assert button
    return {"ground": ground, "link": link, "button": button[1], "text": button[2]}


def _of(text: str, where: str) -> str:
    match = re.search(where + r"[^}]*?(?:background|color): ?(#\w{6})", text)
    assert match, where
    return match[1]


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_buttons_of_mails_and_pages_look_the_same(scheme: str) -> None:
    colours = rules_in(page_of(booking_mail()), scheme)
    css = style_sheet().split("prefers-color-scheme: dark")[scheme == DARK]
    assert f"--accent: {colours['button']};" in css
    assert f"--on-accent: {colours['text']};" in css


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_buttons_and_links_of_mail_can_be_read(scheme: str) -> None:
    colours = rules_in(page_of(booking_mail()), scheme)
    assert contrast(colours["button"], colours["text"]) >= ENOUGH
    assert contrast(colours["link"], colours["ground"]) >= ENOUGH


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("accent", ["#ffd400", "#000000", "#ffffff", "#8a2b5f"])
def test_mails_in_a_colour_of_their_own_can_be_read(accent: str, scheme: str) -> None:
    mail = page_of(booking_mail(look=MailLook(accent)))
    colours = rules_in(mail, scheme)
    assert contrast(colours["button"], colours["text"]) >= ENOUGH
    assert contrast(colours["button"], colours["ground"]) >= ENOUGH
    assert not any(ours in mail for ours in COLOURS.values() if ours != "#ffffff")


@pytest.mark.parametrize(
    "message",
    [
        agenda_message(agenda_mail(look=MailLook("#8a2b5f"))),
        account_message(account_mail(look=MailLook("#8a2b5f"))),
        endpoint_disabled_message(endpoint_mail(look=MailLook("#8a2b5f"))),
    ],
    ids=["agenda", "account", "endpoint"],
)
def test_mails_to_users_are_in_the_colour_of_their_organization(message: Message) -> None:
    mail = body_of(parsed(message), "html")
    assert not any(ours in mail for ours in COLOURS.values() if ours != "#ffffff")


def test_the_style_sheet_names_no_colour_that_is_not_there() -> None:
    assert "$" not in style_sheet()
