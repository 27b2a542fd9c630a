"""Mail about bookings, each with its invitation, to the attendee and to the organization."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from kalends.availability.wallclock import Zone
from kalends.domain.booking import Status
from kalends.domain.mail import Audience, MailKind
from kalends.formats.bookings import BookingShown
from kalends.formats.cleaning import find_link, many_lines, one_line, shortened
from kalends.formats.invitations import EventStatus, Invitation, Method, Person, invitation_ics
from kalends.formats.letters import Button, Content, Row, Sentence, write_html, write_text
from kalends.formats.messages import Calendar, Letter, Message, write_message
from kalends.formats.times import known_zone, short_moment_text, span_text
from kalends.formats.wording import (
    FOR_ATTENDEE,
    FOR_ATTENDEE_WHO_MAY_REPLY,
    FOR_ORGANIZATION,
    PLACES,
    REASONS,
    STILL_PENDING,
    WORDS,
)

LONGEST_NAME_IN_SUBJECT: Final = 60
LONGEST_TITLE_IN_SUBJECT: Final = 80
WHERE: Final = "Where"
STATUSES: Final = {
    Status.PENDING: EventStatus.TENTATIVE,
    Status.CANCELLED: EventStatus.CANCELLED,
    Status.NO_SHOW: EventStatus.CANCELLED,
}


class BookingMail(Struct, frozen=True, kw_only=True):
    """What a mail about a booking is made of.

    `sequence` is the number of the booking's changes, `happened_at` when the change happened (for
    a reminder, when it fell due). `zone` is the organization's; the attendee's is in the booking.
    `manage_url` opens the booking to whoever has it, so it is only ever in the attendee's mail.
    """

    kind: MailKind
    audience: Audience
    message_id: str
    booking: BookingShown
    sequence: int
    happened_at: datetime
    organization_name: str
    sender: str
    recipient: str
    zone: str
    organization_email: str | None = None
    manage_url: str | None = None
    previous_start: datetime | None = None
    previous_end: datetime | None = None
    event_type_name: str | None = None

    @property
    def is_for_attendee(self) -> bool:
        return self.audience == Audience.ATTENDEE

    @property
    def shown_zone(self) -> Zone:
        """The zone whose wall clock the reader goes by."""
        booking = self.booking
        if self.is_for_attendee:
            return known_zone(booking.attendee.timezone, booking.timezone)
        return known_zone(self.zone, booking.timezone)

    @property
    def organization(self) -> str:
        return one_line(self.organization_name) or "Kalends"

    @property
    def who(self) -> str:
        """The attendee's name."""
        return one_line(self.booking.attendee_name) or self.booking.attendee_email

    @property
    def title(self) -> str:
        given = one_line(self.booking.title or "") or one_line(self.event_type_name or "")
        return given or f"Appointment with {self.organization}"

    @property
    def place(self) -> str | None:
        """Where it is, or at least what kind of place."""
        location = one_line(self.booking.location or "")
        kind = self.booking.location_type
        return location or (PLACES.get(kind) if kind else None)


def booking_message(mail: BookingMail) -> Message:
    """The mail that goes out; the same for the same input."""
    content = _content(mail)
    invitation = _invitation(mail)
    letter = Letter(
        message_id=mail.message_id,
        sender=Person(mail.organization, mail.sender),
        recipient=_recipient(mail),
        reply_to=_reply_to(mail),
        subject=_subject(mail),
        written_at=mail.happened_at,
        text=write_text(content),
        html=write_html(content),
        calendar=Calendar(invitation.method, invitation_ics(invitation)),
    )
    return write_message(letter)


def _recipient(mail: BookingMail) -> Person:
    return Person(mail.who if mail.is_for_attendee else mail.organization, mail.recipient)


def _reply_to(mail: BookingMail) -> Person | None:
    """The attendee's answer goes to the organization, the organization's to the attendee."""
    if not mail.is_for_attendee:
        return Person(mail.who, mail.booking.attendee_email)
    if mail.organization_email is None:
        return None
    return Person(mail.organization, mail.organization_email)


def _subject(mail: BookingMail) -> str:
    parts = [shortened(mail.title, LONGEST_TITLE_IN_SUBJECT)]
    if not mail.is_for_attendee:
        parts.insert(0, shortened(mail.who, LONGEST_NAME_IN_SUBJECT))
    parts.append(short_moment_text(mail.booking.start_time, mail.shown_zone))
    return f"{WORDS[mail.audience][mail.kind].subject}: {', '.join(parts)}"


def _content(mail: BookingMail) -> Content:
    words = WORDS[mail.audience][mail.kind]
    names = {"who": mail.who, "organization": mail.organization}
    paragraphs = [Sentence(words.opening, names)]
    is_pending = mail.booking.status == Status.PENDING
    if is_pending and mail.kind in (MailKind.RESCHEDULED, MailKind.REMINDER):
        paragraphs.append(Sentence(STILL_PENDING[mail.audience]))
    return Content(
        heading=words.heading,
        paragraphs=tuple(paragraphs),
        rows=_rows(mail),
        button=_button(mail),
        closing=(Sentence(_closing(mail), names),),
    )


def _rows(mail: BookingMail) -> tuple[Row, ...]:
    booking, zone = mail.booking, mail.shown_zone
    rows = [
        ("What", mail.title),
        ("When", span_text(booking.start_time, booking.end_time, zone)),
        ("Instead of", _previous_time(mail)),
        (WHERE, mail.place),
        ("Reason", _reason(mail)),
        *_about_attendee(mail),
        ("Notes", booking.attendee.notes),
        *_answers(booking),
        ("Booking", booking.id),
    ]
    cleaned = ((label, many_lines(value or "")) for label, value in rows)
    return tuple(Row(label, value, _link(label, value)) for label, value in cleaned if value)


def _link(label: str, value: str) -> str | None:
    """Only a place leads anywhere: a title or an answer that is a link stays text."""
    return find_link(value) if label == WHERE else None


def _previous_time(mail: BookingMail) -> str | None:
    if mail.kind != MailKind.RESCHEDULED or mail.previous_start is None:
        return None
    length = mail.booking.end_time - mail.booking.start_time
    ends_at = mail.previous_end or mail.previous_start + length
    return span_text(mail.previous_start, ends_at, mail.shown_zone)


def _reason(mail: BookingMail) -> str | None:
    reason = mail.booking.cancellation_reason
    if mail.kind != MailKind.CANCELLED or reason is None:
        return None
    return REASONS.get(reason, reason)


def _about_attendee(mail: BookingMail) -> list[tuple[str, str | None]]:
    """The attendee knows all this."""
    if mail.is_for_attendee:
        return []
    attendee = mail.booking.attendee
    return [("Attendee", mail.who), ("E-mail", attendee.email), ("Phone", attendee.phone)]


def _answers(booking: BookingShown) -> list[tuple[str, str | None]]:
    return [(one_line(key), _answer_text(value)) for key, value in booking.answers.items()]


def _answer_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(filter(None, map(_answer_text, value)))
    return None if value is None else str(value)


def _button(mail: BookingMail) -> Button | None:
    if mail.is_for_attendee and mail.manage_url and mail.kind != MailKind.CANCELLED:
        return Button("Cancel or move this appointment", mail.manage_url)
    return None


def _closing(mail: BookingMail) -> str:
    if not mail.is_for_attendee:
        return FOR_ORGANIZATION
    return FOR_ATTENDEE_WHO_MAY_REPLY if mail.organization_email else FOR_ATTENDEE


def _invitation(mail: BookingMail) -> Invitation:
    booking = mail.booking
    link = find_link(mail.place or "")
    is_cancelled = mail.kind == MailKind.CANCELLED
    return Invitation(
        uid=f"{booking.id}@kalends",
        sequence=mail.sequence,
        method=Method.CANCEL if is_cancelled else Method.REQUEST,
        status=EventStatus.CANCELLED if is_cancelled else _status(mail),
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        zone=mail.shown_zone.name,
        summary=mail.title if mail.is_for_attendee else f"{mail.title} ({mail.who})",
        description=_description(mail),
        location=mail.place,
        url=link if link and link.startswith("http") else None,
        organizer=Person(mail.organization, mail.sender),
        attendees=_attendees(mail),
        stamp=mail.happened_at,
    )


def _status(mail: BookingMail) -> EventStatus:
    if mail.kind == MailKind.REQUESTED:
        return EventStatus.TENTATIVE
    return STATUSES.get(mail.booking.status, EventStatus.CONFIRMED)


def _attendees(mail: BookingMail) -> tuple[Person, ...]:
    """A calendar takes an invitation only if its owner is among those invited."""
    attendee = Person(mail.who, mail.booking.attendee_email)
    if mail.is_for_attendee:
        return (attendee,)
    if mail.recipient.casefold() == attendee.email.casefold():
        return (attendee,)
    return (attendee, Person(mail.organization, mail.recipient))


def _description(mail: BookingMail) -> str | None:
    """What the calendar shows beside time and place."""
    skipped = {"What", "When", "Instead of", WHERE, "Booking"}
    lines = [f"{row.label}: {row.value}" for row in _rows(mail) if row.label not in skipped]
    if (button := _button(mail)) is not None:
        lines.append(f"{button.label}: {button.url}")
    return "\n".join(lines) or None
