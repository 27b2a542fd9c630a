"""Previews of mails: writes a mail about a real booking or an example, without sending it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.access import Organization
from kalends.domain.booking import Booking, BookingFilter, Status, changeable_until
from kalends.domain.event_type import EventType, EventTypeTexts
from kalends.domain.gateways import Gateways
from kalends.domain.ids import BOOKING, ORGANIZATION, new_id
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import OwnWords, TemplateKind
from kalends.domain.translations import ORIGINAL, texts_in
from kalends.formats.bookings import BookingBody, booking_json
from kalends.formats.mails.bookings import letter_about
from kalends.formats.mails.examples import STATUS_OF, example_booking
from kalends.formats.mails.facts import BookingMail, MailedUser
from kalends.formats.mails.letters import write_html, write_text
from kalends.formats.mails.messages import Message, write_message
from kalends.runtime.mails.own import languages_of, mail_look, mail_photos
from kalends.runtime.mails.terms import message_id_of
from kalends.runtime.phones import country_of
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.accounts.organizations import find_organization
from kalends.store.availability.event_types import find_event_type
from kalends.store.availability.schedules import find_photos, find_zone_name
from kalends.store.bookings.bookings import find_booking
from kalends.store.bookings.lists import list_bookings
from kalends.translation import in_language, language_for

# A link that opens nothing: a real booking link belongs only into the attendee's mail.
NO_LINK: Final = "/booking/example"


class PreviewRequest(Struct, frozen=True, kw_only=True):
    """Which mail to preview, with which own words, and about which booking. None takes a booking to
    come, or an example if there is none."""

    kind: TemplateKind
    audience: Audience
    locale: str | None
    event_type_id: UUID | None
    words: OwnWords
    booking_id: UUID | None = None


class Preview(Struct, frozen=True):
    """The mail as it would be sent: subject, and the whole body as text and as HTML. `language` is
    the language that it is written in."""

    language: str
    subject: str
    text: str
    html: str
    message: Message


async def preview_mail(
    work: UnitOfWork, request: PreviewRequest, recipient: str | None = None
) -> Preview:
    """The preview of a mail. Raises NotFound if its booking does not exist."""
    organization: Organization = require(
        await find_organization(work.tenant), ORGANIZATION, work.organization_id
    )
    booking = await _find_booking(work, request)
    event_type_id = request.event_type_id or (booking.event_type_id if booking else None)
    event_type = await find_event_type(work.tenant, event_type_id) if event_type_id else None
    zone = await find_zone_name(work.tenant, booking.schedule_id) if booking else None
    photos = await find_photos(work.tenant, booking.schedule_ids) if booking else {}
    language = language_for([request.locale or organization.locale])
    with in_language(language):
        body = _as_of_kind(_body(work, organization, booking, event_type), request)
        mail = _mail(work, request, organization, body, recipient)
        mail = structs.replace(
            mail,
            place_zone=zone or organization.timezone,
            host_photos=mail_photos(work.context.gateways, photos, body),
            event_type_name=event_type.name if event_type else None,
            questions=event_type.questions if event_type else (),
            texts=_texts(request, body, organization, event_type),
        )
        letter = letter_about(mail)
        return Preview(
            language=language,
            subject=letter.subject,
            text=write_text(letter.content),
            html=write_html(letter.content, letter.look),
            message=write_message(letter),
        )


def _texts(
    request: PreviewRequest,
    body: BookingBody,
    organization: Organization,
    event_type: EventType | None,
) -> EventTypeTexts:
    """The event type's in the attendee's language; all others read the originals."""
    if request.audience is not Audience.ATTENDEE or event_type is None:
        return ORIGINAL
    tag = body.attendee.locale or organization.locale
    return texts_in(event_type.translations, languages_of(tag))


async def _find_booking(work: UnitOfWork, request: PreviewRequest) -> Booking | None:
    """Raises NotFound."""
    if request.booking_id is not None:
        found = await find_booking(work.tenant, request.booking_id)
        return require(found, BOOKING, request.booking_id)
    coming = BookingFilter(
        event_type_id=request.event_type_id, since=work.recorded_at, statuses=(Status.CONFIRMED,)
    )
    bookings, _ = await list_bookings(work.tenant, coming, 1, 0)
    return next(iter(bookings), None)


def _body(
    work: UnitOfWork,
    organization: Organization,
    booking: Booking | None,
    event_type: EventType | None,
) -> BookingBody:
    if booking is not None:
        return json.decode(booking_json(booking), type=BookingBody)
    place = event_type.location if event_type else None
    length = timedelta(minutes=event_type.duration_minutes if event_type else 60)
    return example_booking(work.recorded_at, organization.timezone, place, length)


def _as_of_kind(body: BookingBody, request: PreviewRequest) -> BookingBody:
    """The booking in the status that it has when such a mail is sent, with an attendee who reads
    the requested language."""
    attendee = body.attendee
    if request.locale is not None:
        attendee = structs.replace(attendee, locale=request.locale)
    status = STATUS_OF.get(request.kind, Status.CONFIRMED)
    return structs.replace(body, attendee=attendee, status=status)


def _mail(
    work: UnitOfWork,
    request: PreviewRequest,
    organization: Organization,
    body: BookingBody,
    recipient: str | None,
) -> BookingMail:
    gateways: Gateways = work.context.gateways
    before = None
    if request.kind is TemplateKind.RESCHEDULED:
        hour = timedelta(hours=1)
        before = structs.replace(
            body, start_time=body.start_time - hour, end_time=body.end_time - hour
        )
    sender = gateways.sender
    return BookingMail(
        kind=MailKind(request.kind),
        audience=request.audience,
        message_id=message_id_of(new_id(), sender),
        booking=body,
        before=before,
        sequence=0,
        happened_at=work.recorded_at,
        organization_name=organization.name,
        organization_email=organization.notify_email,
        organization_locale=organization.locale,
        look=mail_look(gateways, organization),
        user=MailedUser(locale=request.locale),
        sender=sender,
        recipient=recipient or body.attendee_email,
        zone=organization.timezone,
        country=country_of(organization),
        manage_url=f"{gateways.public_url or ''}{NO_LINK}",
        changeable_until=changeable_until(body.start_time, None),
        own_words=request.words,
        has_invitation=False,
    )
