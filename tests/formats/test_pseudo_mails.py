"""Mails, invitations and feeds under a pseudo-language: nothing in them is bare English."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest

from kalends.domain.booking import Status
from kalends.domain.calendars.findings import FindingKind, FindingNames
from kalends.domain.mail import Audience, MailKind
from kalends.domain.video import VideoProvider
from kalends.formats.mails.accounts import (
    AccountMailKind,
    DisabledReason,
    write_account_message,
    write_endpoint_message,
)
from kalends.formats.mails.agenda import write_agenda_message
from kalends.formats.mails.bookings import write_booking_message
from kalends.formats.mails.calendars import CalendarMail, write_calendar_message
from kalends.formats.mails.calls import CallMail, write_call_message
from kalends.formats.mails.messages import Message
from kalends.formats.mails.wording import WORDS
from kalends.translation import get_catalogue, in_catalogue
from tests.formats.samples import NOON, booking, booking_mail
from tests.formats.test_account_mails import account_mail, endpoint_mail
from tests.formats.test_agenda_mails import agenda_mail
from tests.pseudo import PSEUDO, bare_words, read_page, write_pseudo

KINDS: Final = [(audience, kind) for audience in WORDS for kind in WORDS[audience]]
# Dates and the names of what nobody reads.
_READ_FIELDS: Final = ("SUMMARY", "DESCRIPTION", "LOCATION")
TO_THE_ORGANIZATION: dict[str, Any] = {
    "message_id": "<mail_1@example.com>",
    "organization_name": "Ωμέγα",
    "sender": "kalends@example.com",
    "recipient": "ada@example.com",
    "happened_at": NOON,
    "zone": "Europe/Berlin",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("catalogues")
    write_pseudo(made)
    return made


@pytest.fixture(autouse=True)
def pseudo(folder: Path) -> Iterator[None]:
    with in_catalogue(get_catalogue(PSEUDO, folder)):
        yield


def said_in(message: Message) -> str:
    """The subject, the text, the page, and what a calendar shows of the invitation."""
    mail = message_from_bytes(message.content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    said = [str(mail["Subject"])]
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "text/html":
            said.append(read_page(part.get_content()))
        if kind == "text/plain":
            said.append(part.get_content())
        if kind == "text/calendar" and not part.is_attachment():
            lines = part.get_content().replace("\r\n ", "").splitlines()
            said += [line.partition(":")[2] for line in lines if line.startswith(_READ_FIELDS)]
    return "\n".join(said)


@pytest.mark.parametrize(("audience", "kind"), KINDS)
@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.PENDING])
def test_a_mail_about_a_booking_says_nothing_but_messages(
    audience: Audience, kind: MailKind, status: Status
) -> None:
    attendee = {"name": "Άντα", "notes": "Σημείωση", "phone": "+49 30"}
    values: dict[str, Any] = {"title": None, "status": status, "attendee": attendee}
    body = booking(location="https://x.example/", location_type="video", **values)
    before = booking(start_time=NOON.replace(hour=12), location_type="phone", **values)
    mail = booking_mail(
        kind=kind,
        audience=audience,
        booking=body,
        before=before,
        changeable_until=NOON,
        organization_name="Ωμέγα",
    )
    assert bare_words(said_in(write_booking_message(mail))) == []


@pytest.mark.parametrize("kind", AccountMailKind)
def test_a_mail_to_a_user_says_nothing_but_messages(kind: AccountMailKind) -> None:
    mail = account_mail(kind=kind, organization_name="Ωμέγα")
    assert bare_words(said_in(write_account_message(mail))) == []


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.PENDING])
def test_the_mail_with_a_day_says_nothing_but_messages(status: Status) -> None:
    assert bare_words(said_in(write_agenda_message(agenda_mail(status=status)))) == []


@pytest.mark.parametrize("kind", [None, *FindingKind])
def test_a_mail_about_a_calendar_says_nothing_but_messages(kind: FindingKind | None) -> None:
    mail = CalendarMail(
        **TO_THE_ORGANIZATION,
        kind=kind,
        link="https://x.example/",
        about=FindingNames("Άντα", "Άντα", "Άντα", "Άντα"),
        was_from=NOON,
        is_from=NOON,
    )
    assert bare_words(said_in(write_calendar_message(mail))) == []


@pytest.mark.parametrize("reason", DisabledReason)
def test_a_mail_about_an_endpoint_says_nothing_but_messages(reason: DisabledReason) -> None:
    mail = endpoint_mail(organization_name="Ωμέγα", reason=reason, error=None)
    assert bare_words(said_in(write_endpoint_message(mail))) == []


@pytest.mark.parametrize("provider", VideoProvider)
def test_a_mail_about_links_says_nothing_but_messages(provider: VideoProvider) -> None:
    mail = CallMail(
        **TO_THE_ORGANIZATION,
        link="https://x.example/",
        provider=provider,
        reason="Άντα",
        attendee="Άντα",
        starts_at=NOON,
    )
    assert bare_words(said_in(write_call_message(mail))) == []
