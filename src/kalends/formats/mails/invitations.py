"""The invitation in a mail about a booking, and whether a new one has to be sent."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from kalends.domain.booking import Status
from kalends.domain.mail import Audience, MailKind, is_same_mailbox
from kalends.formats.bookings import BookingBody
from kalends.formats.cleaning import find_link
from kalends.formats.icalendar.invitations import EventStatus, Invitation, Method
from kalends.formats.mails.facts import BookingMail, detail_rows
from kalends.formats.mails.letters import FACT, LetterRow
from kalends.formats.person import Person

STATUSES: Final = {
    Status.PENDING: EventStatus.TENTATIVE,
    Status.CANCELLED: EventStatus.CANCELLED,
    Status.NO_SHOW: EventStatus.CANCELLED,
}


def invitation_of(mail: BookingMail, details: Sequence[LetterRow]) -> Invitation:
    """The invitation of a mail; `details` are the mail's `detail_rows`."""
    booking = mail.booking
    link = find_link(mail.place or "")
    return Invitation(
        uid=f"{booking.id}@kalends",
        sequence=mail.sequence,
        method=Method.CANCEL if mail.is_ending else Method.REQUEST,
        status=_status(mail),
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        zone=mail.reader_zone.name,
        summary=mail.title if mail.is_for_attendee else f"{mail.title} ({mail.who})",
        description=_description(mail, details),
        location=mail.place,
        url=link if link and link.startswith("http") else None,
        organizer=Person(mail.organization, mail.sender),
        attendees=_attendees(mail),
        recorded_at=mail.happened_at,
    )


def is_invitation_changed(before: BookingBody, after: BookingBody, audience: Audience) -> bool:
    """Whether the content of the invitation differs, so that calendars need a new one."""
    return _content(before, audience) != _content(after, audience)


def _content(booking: BookingBody, audience: Audience) -> Invitation:
    """The invitation without what is specific to a mail. Changes of the organization's name, of its
    schedules' places, or of event types' questions are no changes of a booking."""
    mail = BookingMail(
        kind=MailKind.UPDATED,
        audience=audience,
        message_id="",
        booking=booking,
        sequence=0,
        happened_at=booking.created_at,
        organization_name="",
        sender="",
        recipient="",
        zone="UTC",
        place_zone="UTC",
    )
    return structs.replace(invitation_of(mail, detail_rows(mail)), uid="")


def _status(mail: BookingMail) -> EventStatus:
    if mail.is_ending:
        return EventStatus.CANCELLED
    if mail.kind == MailKind.REQUESTED:
        return EventStatus.TENTATIVE
    return STATUSES.get(mail.booking.status, EventStatus.CONFIRMED)


def _attendees(mail: BookingMail) -> tuple[Person, ...]:
    """The invited attendees. Calendars accept an invitation only if their owner is among them."""
    attendee = Person(mail.who, mail.booking.attendee_email)
    if mail.is_for_attendee:
        return (attendee,)
    if is_same_mailbox(mail.recipient, attendee.email):
        return (attendee,)
    return (attendee, Person(mail.reader_name, mail.recipient))


def _description(mail: BookingMail, details: Sequence[LetterRow]) -> str | None:
    """The description, which calendars show beside time and place."""
    written = str(FACT)
    lines = [written.format(label=row.label, value=row.value) for row in details]
    if (button := mail.change_button) is not None:
        lines.append(written.format(label=button.label, value=button.url))
    return "\n".join(lines) or None
