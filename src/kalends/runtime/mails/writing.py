"""Writes the mails about a booking, from the story of the event that they report."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from msgspec import Raw, Struct, json, structs

from kalends.domain.booking import MOVABLE, Status, changeable_until
from kalends.domain.event import LoggedEvent
from kalends.domain.event_type import EventTypeTexts
from kalends.domain.gateways import Gateways, link_to
from kalends.domain.ids import EVENT_TYPE, MAIL, SCHEDULE, USER, decode_id, encode_id
from kalends.domain.mail import Audience, Mail, MailKind, is_same_mailbox
from kalends.domain.message_template import MessageTemplate, OwnWords, find_scope
from kalends.domain.translations import ORIGINAL, texts_in
from kalends.formats.bookings import BookingBody
from kalends.formats.mails.bookings import booking_message
from kalends.formats.mails.facts import BookingMail, MailedUser, user_ids_of
from kalends.formats.mails.messages import Message
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.links import NewLink, make_link
from kalends.runtime.mails.own import languages_of, mail_look, mail_photos
from kalends.runtime.mails.terms import message_id_of
from kalends.runtime.phones import country_of
from kalends.runtime.unit_of_work import Context
from kalends.store.availability.event_types import find_event_types_of_bookings
from kalends.store.availability.schedules import find_zone_name
from kalends.store.database import TenantConnection
from kalends.store.outbox.stories import (
    MailReader,
    StoredStory,
    ToldEventType,
    WrittenMail,
    load_stories,
    write_down,
)
from kalends.store.outbox.templates import load_templates

log = structlog.get_logger("kalends.mail")

MAIL_PURPOSE: Final = "mail"
# Mails that are written before other tasks run, one or two milliseconds together. Switching after
# each mail would cost more.
MAILS_A_PIECE: Final = 10


class Story(Struct, frozen=True, kw_only=True):
    """What the mails about an event are written from: the booking at that time, and what is stored
    about it now."""

    stored: StoredStory
    booking: BookingBody
    place_zone: str | None
    event_type: ToldEventType | None
    templates: Sequence[MessageTemplate] = ()

    @property
    def event(self) -> LoggedEvent:
        return self.stored.event

    @property
    def now_is(self) -> Status | None:
        """The booking's current status; `booking` has the one at the time of the event."""
        return Status(self.stored.now.status) if self.stored.now.status else None

    @property
    def changeable_until(self) -> datetime:
        """Until when the attendee can change the booking by its link."""
        if self.booking.needs_new_time:
            # An attendee who is asked to choose another time may do so until the end of this one.
            return self.booking.end_time
        notice = self.event_type.cancellation_notice_minutes if self.event_type else None
        return changeable_until(self.booking.start_time, notice)

    def before(self, mail: Mail) -> BookingBody | None:
        """The booking as in the reader's last mail, else as it was before the event; for a host
        only if they were one then."""
        if mail.audience == Audience.HOST:
            return self._before_for_host(mail.recipient.lower(), mail.kind)
        data = self.stored.last_mails.get(mail.audience, self.stored.previous)
        return None if data is None else _booking(data)

    def reader(self, mail: Mail) -> MailReader | None:
        """The member of the organization who gets the mail; None for any other address."""
        return self.stored.readers.get(mail.recipient.lower())

    def own_words(self, mail: Mail) -> OwnWords | None:
        """The organization's own words for such a mail, in the reader's language, if it has any."""
        if not self.templates:
            return None
        reader, organization = self.reader(mail), self.stored.organization
        is_attendee = mail.audience == Audience.ATTENDEE
        tag = self.booking.attendee.locale if is_attendee else reader.locale if reader else None
        found = find_scope(
            self.templates,
            MailKind(mail.kind),
            Audience(mail.audience),
            decode_id(EVENT_TYPE, self.booking.event_type_id or ""),
            languages_of(tag or organization.locale),
        )
        return None if found is None else OwnWords(found.subject, found.body)

    def texts(self, mail: Mail) -> EventTypeTexts:
        """The texts of the event type: attendees get their language, all others the original."""
        if mail.audience != Audience.ATTENDEE or self.event_type is None:
            return ORIGINAL
        tag = self.booking.attendee.locale or self.stored.organization.locale
        return texts_in(self.event_type.translations, languages_of(tag))

    def _before_for_host(self, address: str, kind: str) -> BookingBody | None:
        mailed, reader = self.stored.hosts_mailed.get(address), self.stored.readers.get(address)
        if mailed is not None:
            return _booking(mailed)
        # A host who gets an update without any mail before is a new one.
        if kind == MailKind.UPDATED or reader is None or self.stored.previous is None:
            return None
        before = _booking(self.stored.previous)
        return before if encode_id(USER, reader.user_id) in user_ids_of(before) else None


async def write_messages(
    context: Context, organization_id: UUID, unwritten: Sequence[Mail]
) -> dict[UUID, bytes | None]:
    """Writes the messages (RFC 5322) of mails about events, stores them sealed, and returns them by
    mail id. A message that cannot be written is logged and is None. Mails whose row is locked, and
    those that were written before, are left out. Raises Unavailable."""
    async with context.database.tenant_connection(organization_id) as tenant:
        stories = await _load_stories(tenant, unwritten)
        return await _write_all(context, tenant, unwritten, stories)


async def _write_all(
    context: Context,
    tenant: TenantConnection,
    unwritten: Sequence[Mail],
    stories: Mapping[int, Story],
) -> dict[UUID, bytes | None]:
    messages: dict[UUID, bytes | None] = {}
    written: list[WrittenMail] = []
    starts = range(0, len(unwritten), MAILS_A_PIECE)
    async for start in cooperatively(starts):
        for mail in unwritten[start : start + MAILS_A_PIECE]:
            try:
                messages[mail.id], row = _write(context, mail, stories[mail.event_number or 0])
            except Exception:
                # A mail that cannot be written must not stop those beside it.
                log.exception("a mail could not be written", mail=encode_id(MAIL, mail.id))
                messages[mail.id] = None
                continue
            written.append(row)
    stored_ids = await write_down(tenant, written, context.clock())
    return {id_: text for id_, text in messages.items() if text is None or id_ in stored_ids}


def sealed(context: Context, message: Message) -> bytes:
    """The message encrypted for storage, since it contains links that open a booking."""
    return context.seal.close(message.content, MAIL_PURPOSE)


def opened(context: Context, mail: Mail) -> bytes | None:
    """The decrypted message of a mail; None if it is not written yet. Raises SealBroken."""
    return None if mail.message is None else context.seal.open(mail.message, MAIL_PURPOSE)


async def _load_stories(tenant: TenantConnection, mails: Sequence[Mail]) -> dict[int, Story]:
    numbers = {mail.event_number for mail in mails if mail.event_number is not None}
    stored = await load_stories(tenant, sorted(numbers))
    stories = {number: await _story(tenant, story) for number, story in stored.items()}
    if not any(story.has_templates for story in stored.values()):
        return stories
    templates = await load_own_words(tenant, {mail.kind for mail in mails}, stories.values())
    return {n: structs.replace(story, templates=templates) for n, story in stories.items()}


async def load_own_words(
    tenant: TenantConnection, kinds: Collection[str], stories: Collection[Story]
) -> Sequence[MessageTemplate]:
    """The organization's own words for mails of those kinds about these stories."""
    ids = {decode_id(EVENT_TYPE, story.booking.event_type_id or "") for story in stories}
    tags: set[str | None] = set()
    for story in stories:
        tags |= {story.booking.attendee.locale, story.stored.organization.locale}
        tags |= {reader.locale for reader in story.stored.readers.values()}
    languages = {language for tag in tags for language in languages_of(tag)}
    return await load_templates(tenant, kinds, {id_ for id_ in ids if id_}, languages)


def _write(context: Context, mail: Mail, story: Story) -> tuple[bytes, WrittenMail]:
    message, link = _message(context, mail, story)
    return message.content, WrittenMail(
        id=mail.id,
        subject=message.subject,
        message=sealed(context, message),
        token_hash=link.token_hash if link else None,
        booking_id=story.event.booking_id,
        invites=_has_invitation(mail, story),
    )


async def _story(tenant: TenantConnection, stored: StoredStory) -> Story:
    """The story with the zone and the event type of the booking at the time of the event. They are
    read again only in the rare case that the booking has others now."""
    booking = _booking(stored.event.data)
    schedule_id = decode_id(SCHEDULE, booking.schedule_id)
    event_type_id = decode_id(EVENT_TYPE, booking.event_type_id or "")
    zone, event_type = stored.now.timezone, stored.event_type
    if schedule_id != stored.now.schedule_id:
        zone = await find_zone_name(tenant, schedule_id) if schedule_id else None
    if event_type_id != stored.now.event_type_id:
        event_type = await _find_event_type(tenant, event_type_id) if event_type_id else None
    return Story(stored=stored, booking=booking, place_zone=zone, event_type=event_type)


async def _find_event_type(tenant: TenantConnection, event_type_id: UUID) -> ToldEventType | None:
    event_type = (await find_event_types_of_bookings(tenant, [event_type_id])).get(event_type_id)
    if event_type is None:
        return None
    return ToldEventType(
        event_type.name,
        event_type.questions,
        event_type.cancellation_notice_minutes,
        event_type.translations,
    )


def _booking(data: Raw) -> BookingBody:
    return _BOOKINGS.decode(data)


_BOOKINGS: Final = json.Decoder(BookingBody)


def _message(context: Context, mail: Mail, story: Story) -> tuple[Message, NewLink | None]:
    """The message, and the booking link in it: each mail to the attendee of a booking that can
    still change has a link of its own."""
    link = make_link(story.stored.organization.id) if _has_link(context, mail, story) else None
    url = link_to(context.gateways, f"/booking/{link.token}") if link else None
    return booking_message(_facts(context.gateways, mail, story, url)), link


def _facts(gateways: Gateways, mail: Mail, story: Story, manage_url: str | None) -> BookingMail:
    """All that the mail is written from, for its reader."""
    organization, event_type = story.stored.organization, story.event_type
    kind, before = MailKind(mail.kind), story.before(mail)
    # A withdrawal shows the former address or the former host the booking as they knew it.
    booking = before if kind == MailKind.WITHDRAWN and before else story.booking
    return BookingMail(
        kind=kind,
        audience=Audience(mail.audience),
        message_id=message_id_of(mail.id, gateways.sender),
        booking=booking,
        sequence=story.event.sequence,
        happened_at=story.event.created_at,
        organization_name=organization.name,
        organization_email=organization.notify_email,
        organization_locale=organization.locale,
        look=mail_look(gateways, organization),
        host_photos=mail_photos(gateways, story.stored.photos, booking),
        user=_user(story.reader(mail)),
        sender=gateways.sender,
        recipient=mail.recipient,
        zone=organization.timezone,
        country=country_of(organization),
        place_zone=story.place_zone,
        manage_url=manage_url,
        changeable_until=story.changeable_until if story.booking.status in MOVABLE else None,
        before=before,
        own_words=story.own_words(mail),
        now_is=story.now_is,
        has_invitation=_has_invitation(mail, story),
        event_type_name=event_type.name if event_type else None,
        questions=event_type.questions if event_type else (),
        texts=story.texts(mail),
    )


def _user(reader: MailReader | None) -> MailedUser:
    if reader is None:
        return MailedUser()
    return MailedUser(encode_id(USER, reader.user_id), reader.locale, reader.timezone)


def _has_invitation(mail: Mail, story: Story) -> bool:
    """Whether the mail has an invitation. Attendees always get one. The organization and hosts need
    none if the booking is written into their calendars, and neither does a former host; but an
    address that got one before goes on getting its updates."""
    if mail.audience == Audience.ATTENDEE:
        return True
    stored, reader = story.stored, story.reader(mail)
    if mail.audience == Audience.ORGANIZATION:
        needs_none = stored.is_written
    else:
        is_written = reader is not None and reader.user_id in stored.written_for
        needs_none = is_written or mail.kind == MailKind.WITHDRAWN
    return not needs_none or mail.recipient.lower() in stored.invited


def _has_link(context: Context, mail: Mail, story: Story) -> bool:
    is_open = story.booking.status in MOVABLE and story.now_is in MOVABLE
    may_change = is_open and context.clock() <= story.changeable_until
    is_attendee = mail.audience == Audience.ATTENDEE and mail.kind != MailKind.WITHDRAWN
    address_now = story.stored.now.attendee_email or ""
    return is_attendee and may_change and is_same_mailbox(mail.recipient, address_now)
