"""Mails to the organization about a provider that fails to make links to calls."""

from datetime import datetime

from kalends.domain.video import VideoProvider
from kalends.formats.cleaning import one_line
from kalends.formats.mails.letters import Button, Content, LetterRow, Sentence
from kalends.formats.mails.messages import Message, write_message
from kalends.formats.mails.organization_mail import ReaderMail, letter_of
from kalends.formats.times import known_zone, moment_text
from kalends.formats.video_words import PROVIDERS
from kalends.translation import gettext, gettext_lazy, in_language


class CallMail(ReaderMail, frozen=True, kw_only=True):
    """The provider that does not make links, and the first booking without one. `link` leads to
    that booking, if it is known."""

    provider: VideoProvider
    reason: str
    attendee: str
    starts_at: datetime
    link: str | None = None


def call_message(mail: CallMail) -> Message:
    """The mail in its reader's language; deterministic."""
    with in_language(mail.language):
        return write_call_message(mail)


def write_call_message(mail: CallMail) -> Message:
    """The mail in the language of the context."""
    heading = gettext("Links to calls are not made")
    locale = mail.writing
    rows = (
        LetterRow(gettext("Made by"), str(PROVIDERS[mail.provider])),
        LetterRow(gettext("Reason"), one_line(mail.reason)),
        LetterRow(gettext("First booking"), one_line(mail.attendee)),
        LetterRow(gettext("When"), moment_text(mail.starts_at, known_zone(mail.zone), locale)),
    )
    content = Content(
        heading=heading,
        paragraphs=(
            Sentence(
                gettext_lazy(
                    "Appointments are booked and confirmed all the same, but without a link: "
                    "nobody is told how to join. The missing links are made and sent once the "
                    "accounts are set up anew, or the bookings are changed."
                )
            ),
        ),
        rows=rows,
        button=Button(gettext("Open the booking"), mail.link) if mail.link else None,
    )
    subject = f"{heading} · {one_line(mail.organization_name)}"
    return write_message(letter_of(mail, subject, content))
