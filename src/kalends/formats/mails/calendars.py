"""Mails about calendars elsewhere to their owners: a finding that somebody has to decide about, or
an account that cannot be read."""

from datetime import datetime
from typing import Final

from kalends.domain.calendars.findings import FindingKind, FindingNames
from kalends.formats.calendar_words import FINDINGS
from kalends.formats.cleaning import one_line
from kalends.formats.mails.letters import (
    Button,
    Content,
    LetterRow,
    Sentence,
)
from kalends.formats.mails.messages import Message, write_message
from kalends.formats.mails.organization_mail import ReaderMail, letter_of
from kalends.formats.times import known_zone, moment_text
from kalends.translation import gettext, gettext_lazy, in_language


class CalendarMail(ReaderMail, frozen=True, kw_only=True):
    """A finding; without a `kind`, an account that cannot be read at all. `link` leads to the page
    where it is decided, if that is known."""

    kind: FindingKind | None
    link: str | None = None
    about: FindingNames = FindingNames()
    was_from: datetime | None = None
    is_from: datetime | None = None
    reason: str | None = None


_FAILING: Final = gettext_lazy("A calendar account cannot be read")
_DECIDE: Final = gettext_lazy("The booking stands as it was. Please decide what is to happen.")
_KNOWN: Final = gettext_lazy(
    "What was known of it stays in use, but changes there are not noticed until it can be read "
    "again. It is tried again and again."
)
_SIGN_IN: Final = gettext_lazy(
    "Its server refuses the password. Until it is entered anew, changes there are not noticed, and "
    "bookings wait to be written there."
)
_PARAGRAPHS: Final = {
    None: _KNOWN,
    FindingKind.UNREADABLE: _KNOWN,
    FindingKind.RECONNECT: _SIGN_IN,
}


def calendar_message(mail: CalendarMail) -> Message:
    """The mail in its reader's language; deterministic."""
    with in_language(mail.language):
        return write_calendar_message(mail)


def write_calendar_message(mail: CalendarMail) -> Message:
    """The mail in the language of the context."""
    about = mail.about
    heading = str(_FAILING if mail.kind is None else FINDINGS[mail.kind])
    rows = (
        (gettext("Booking"), one_line(about.attendee or "")),
        (gettext("When"), _moment(mail, mail.was_from)),
        (gettext("In the calendar"), _moment(mail, mail.is_from)),
        (gettext("Schedule"), one_line(about.schedule or "")),
        (gettext("Calendar"), one_line(about.calendar or "")),
        (gettext("Account"), one_line(about.account or "")),
        (gettext("Reason"), one_line(mail.reason or "")),
    )
    content = Content(
        heading=heading,
        paragraphs=(Sentence(_PARAGRAPHS.get(mail.kind, _DECIDE)),),
        rows=tuple(LetterRow(label, value) for label, value in rows if value),
        button=Button(gettext("Open the console"), mail.link) if mail.link else None,
    )
    subject = f"{heading} · {one_line(mail.organization_name)}"
    return write_message(letter_of(mail, subject, content))


def _moment(mail: CalendarMail, moment: datetime | None) -> str:
    if moment is None:
        return ""
    locale = mail.writing
    return moment_text(moment, known_zone(mail.zone), locale)
