"""Mails about bookings with their invitations, to attendees, the organization and hosts."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kalends.domain.booking import Status
from kalends.domain.mail import MailKind
from kalends.formats.cleaning import shortened
from kalends.formats.mails.facts import (
    BookingMail,
    changed_facts,
    detail_rows,
    host_names,
    is_new_time_wanted,
    is_with_others,
    rows_of,
)
from kalends.formats.mails.invitations import invitation_of
from kalends.formats.mails.letters import Content, LetterRow, Sentence
from kalends.formats.mails.messages import Letter, Message, write_message
from kalends.formats.mails.own_values import values_of
from kalends.formats.mails.own_words import OwnText, own_subject
from kalends.formats.mails.wording import (
    CHANGEABLE_UNTIL,
    CHANGED,
    FOR_ATTENDEE,
    FOR_ATTENDEE_WHO_MAY_REPLY,
    FOR_HOST,
    FOR_ORGANIZATION,
    NEW_HOST,
    NEW_TIME_WANTED,
    NOT_CHANGEABLE,
    STILL_PENDING,
    WITH_OTHERS,
    WORDS,
    Words,
)
from kalends.formats.person import Person
from kalends.formats.times import moment_text, short_moment_text
from kalends.translation import LazyMessage, gettext, in_language

LONGEST_NAME_IN_SUBJECT: Final = 60
LONGEST_TITLE_IN_SUBJECT: Final = 80
# Kinds whose words do not say that the booking still waits to be confirmed.
SILENT_ON_PENDING: Final = frozenset({MailKind.RESCHEDULED, MailKind.UPDATED, MailKind.REMINDER})


def booking_message(mail: BookingMail) -> Message:
    """The mail in the recipient's language; deterministic, so that each attempt sends the same."""
    with in_language(mail.language):
        return write_booking_message(mail)


def write_booking_message(mail: BookingMail) -> Message:
    """The mail in the language of the context."""
    return write_message(letter_about(mail))


def letter_about(mail: BookingMail) -> Letter:
    """The letter in the language of the context."""
    details = detail_rows(mail)
    own = _own_words(mail)
    return Letter(
        message_id=mail.message_id,
        sender=Person(mail.organization, mail.sender),
        recipient=_recipient(mail),
        reply_to=_reply_to(mail),
        subject=own.subject or _subject(mail),
        written_at=mail.happened_at,
        content=_content(mail, details, own),
        invitation=invitation_of(mail, details) if mail.has_invitation else None,
        look=mail.look,
    )


class OwnParts(NamedTuple):
    """The parts of a mail that are in the organization's own words."""

    subject: str | None = None
    body: OwnText | None = None


def _own_words(mail: BookingMail) -> OwnParts:
    """The organization's own words; none if the mail says more than its kind, such as that another
    host takes the booking."""
    own, usual = mail.own_words, WORDS[mail.audience].get(mail.kind)
    if own is None or _words(mail) is not usual:
        return OwnParts()
    values = values_of(mail)
    subject = own_subject(own.subject, values) if own.subject else None
    return OwnParts(subject, OwnText(own.body, values) if own.body else None)


def _recipient(mail: BookingMail) -> Person:
    return Person(mail.reader_name, mail.recipient)


def _reply_to(mail: BookingMail) -> Person | None:
    """Whom replies go to: those of the attendee to the organization, and the other way round."""
    if not mail.is_for_attendee:
        return Person(mail.who, mail.booking.attendee_email)
    if mail.organization_email is None:
        return None
    return Person(mail.organization, mail.organization_email)


def _subject(mail: BookingMail) -> str:
    parts = [shortened(mail.title, LONGEST_TITLE_IN_SUBJECT)]
    if not mail.is_for_attendee:
        parts.insert(0, shortened(mail.who, LONGEST_NAME_IN_SUBJECT))
    parts.append(short_moment_text(mail.booking.start_time, mail.reader_zone, mail.locale))
    subject = _words(mail).subject
    return gettext("{label}: {value}", label=subject, value=", ".join(parts))


def _content(mail: BookingMail, details: Sequence[LetterRow], own: OwnParts) -> Content:
    words, names = _words(mail), _names(mail)
    opening = () if own.body else (Sentence(words.opening, names),)
    return Content(
        heading=own.subject or words.heading.format(**names),
        own=own.body,
        paragraphs=(*opening, *_remarks(mail)),
        rows=rows_of(mail, details),
        until=_until(mail),
        button=mail.change_button,
        closing=(Sentence(_closing(mail), names),),
    )


def _words(mail: BookingMail) -> Words:
    is_update, before = mail.kind == MailKind.UPDATED, mail.before
    if is_update and before is None and mail.is_for_host:
        return NEW_HOST
    if is_update and before and mail.booking.hosts and is_with_others(before, mail.booking):
        return WITH_OTHERS[mail.audience]
    if is_update and before and is_new_time_wanted(before, mail.booking) and mail.is_for_attendee:
        return NEW_TIME_WANTED
    return WORDS[mail.audience][mail.kind]


def _names(mail: BookingMail) -> dict[str, str]:
    return {"who": mail.who, "organization": mail.organization, "hosts": host_names(mail.booking)}


def _remarks(mail: BookingMail) -> Iterator[Sentence]:
    if changed := changed_facts(mail):
        yield Sentence(CHANGED, {"facts": ", ".join(changed)})
    if mail.booking.status == Status.PENDING and mail.kind in SILENT_ON_PENDING:
        yield Sentence(STILL_PENDING[mail.audience])


def _until(mail: BookingMail) -> Sentence | str | None:
    """Until when the attendee can cancel or move the booking, or that this is over."""
    if mail.changeable_until is None or mail.is_ending or not mail.is_for_attendee:
        return None
    if mail.manage_url is None:
        return Sentence(NOT_CHANGEABLE, _names(mail))
    until = moment_text(mail.changeable_until, mail.reader_zone, mail.locale)
    return CHANGEABLE_UNTIL.format(until=until)


def _closing(mail: BookingMail) -> LazyMessage:
    if mail.is_for_host:
        return FOR_HOST
    if not mail.is_for_attendee:
        return FOR_ORGANIZATION
    return FOR_ATTENDEE_WHO_MAY_REPLY if mail.organization_email else FOR_ATTENDEE
