"""Writing the mails about a booking, from the event that they are about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.access import Organization
from kalends.domain.booking import MOVABLE, Status, changeable_until
from kalends.domain.event import LoggedEvent
from kalends.domain.event_type import EventType
from kalends.domain.gateways import link_to
from kalends.domain.ids import BOOKING, EVENT_TYPE, MAIL, SCHEDULE, decode_id, encode_id
from kalends.domain.mail import Audience, Mail, MailKind, is_same_mailbox
from kalends.formats.bookings import BookingBody
from kalends.formats.mails.bookings import booking_message
from kalends.formats.mails.facts import BookingMail
from kalends.formats.mails.messages import Message
from kalends.runtime.links import create_link
from kalends.runtime.phones import country_of
from kalends.runtime.unit_of_work import Context
from kalends.store.availability import event_types
from kalends.store.availability.schedules import find_zone_name
from kalends.store.bookings import bookings
from kalends.store.database import TenantConnection
from kalends.store.outbox import events, mails

MAIL_PURPOSE: Final = "mail"


class Story(Struct, frozen=True, kw_only=True):
    """What an event's mails are made of: the booking then, as it was before the event, as it was in
    the last mail to each audience, and by now its status and the attendee's address."""

    event: LoggedEvent
    booking: BookingBody
    previous: BookingBody | None
    last_mails: Mapping[str, BookingBody]
    now_is: Status | None
    address_now: str
    place_zone: str | None
    event_type: EventType | None

    @property
    def changeable_until(self) -> datetime:
        """The last moment at which the attendee's link changes anything."""
        notice = self.event_type.cancellation_notice_minutes if self.event_type else None
        return changeable_until(self.booking.start_time, self.booking.end_time, notice)


async def write_messages(
    context: Context,
    tenant: TenantConnection,
    organization: Organization,
    unwritten: Sequence[Mail],
) -> dict[UUID, bytes]:
    """Writes the messages (RFC 5322) down, sealed, and returns them by their mails' ids."""
    stories: dict[int, Story] = {}
    messages: dict[UUID, Message] = {}
    for mail in unwritten:
        assert mail.event_number is not None
        if mail.event_number not in stories:
            stories[mail.event_number] = await _story(tenant, mail.event_number)
        story = stories[mail.event_number]
        messages[mail.id] = await _message(context, tenant, organization, mail, story)
    written = [
        structs.replace(
            mail, subject=messages[mail.id].subject, message=sealed(context, messages[mail.id])
        )
        for mail in unwritten
    ]
    await mails.write_messages(tenant, written)
    return {id_: message.content for id_, message in messages.items()}


def sealed(context: Context, message: Message) -> bytes:
    """A message as it is kept: it holds links that open a booking."""
    return context.seal.close(message.content, MAIL_PURPOSE)


def opened(context: Context, mail: Mail) -> bytes | None:
    """The message of a mail; None where there is none."""
    return None if mail.message is None else context.seal.open(mail.message, MAIL_PURPOSE)


async def _story(tenant: TenantConnection, number: int) -> Story:
    event = await events.find_event(tenant, number)
    assert event is not None
    booking = json.decode(event.data, type=BookingBody)
    previous = await events.find_event_before(tenant, event.booking_id, number)
    last_mails = await mails.find_last_mails(tenant, event.booking_id, before=number)
    stored = await bookings.find_booking(tenant, event.booking_id)
    return Story(
        event=event,
        booking=booking,
        previous=json.decode(previous.data, type=BookingBody) if previous else None,
        last_mails={
            audience: json.decode(one.data, type=BookingBody)
            for audience, one in last_mails.items()
        },
        now_is=stored.status if stored else None,
        address_now=stored.attendee_email if stored else "",
        place_zone=await _find_place_zone(tenant, booking),
        event_type=await _find_event_type(tenant, booking),
    )


async def _find_place_zone(tenant: TenantConnection, booking: BookingBody) -> str | None:
    """The name of its first schedule's zone."""
    schedule_id = decode_id(SCHEDULE, booking.schedule_id)
    return await find_zone_name(tenant, schedule_id) if schedule_id else None


async def _find_event_type(tenant: TenantConnection, booking: BookingBody) -> EventType | None:
    event_type_id = decode_id(EVENT_TYPE, booking.event_type_id or "")
    if event_type_id is None:
        return None
    found = await event_types.find_event_types_of_bookings(tenant, [event_type_id])
    return found.get(event_type_id)


async def _message(
    context: Context, tenant: TenantConnection, organization: Organization, mail: Mail, story: Story
) -> Message:
    sender, event_type = context.gateways.sender, story.event_type
    kind, before = MailKind(mail.kind), story.last_mails.get(mail.audience, story.previous)
    return booking_message(
        BookingMail(
            kind=kind,
            audience=Audience(mail.audience),
            message_id=f"<{encode_id(MAIL, mail.id)}@{sender.rpartition('@')[2]}>",
            # An address that the attendee has left gets nothing new.
            booking=before if kind == MailKind.WITHDRAWN and before else story.booking,
            sequence=story.event.sequence,
            happened_at=story.event.created_at,
            organization_name=organization.name,
            organization_email=organization.notify_email,
            sender=sender,
            recipient=mail.recipient,
            zone=organization.timezone,
            country=country_of(organization),
            place_zone=story.place_zone,
            manage_url=await _manage_url(context, tenant, mail, story),
            changeable_until=story.changeable_until if story.booking.status in MOVABLE else None,
            before=before,
            now_is=story.now_is,
            event_type_name=event_type.name if event_type else None,
            questions=event_type.questions if event_type else (),
        )
    )


async def _manage_url(
    context: Context, tenant: TenantConnection, mail: Mail, story: Story
) -> str | None:
    """A link of its own for each mail to the attendee of a booking that can still change."""
    booking, now = story.booking, context.clock()
    is_open = booking.status in MOVABLE and story.now_is in MOVABLE
    may_change = is_open and now <= story.changeable_until
    is_attendee = mail.audience == Audience.ATTENDEE and mail.kind != MailKind.WITHDRAWN
    is_theirs = is_attendee and is_same_mailbox(mail.recipient, story.address_now)
    if not (is_theirs and may_change):
        return None
    booking_id = decode_id(BOOKING, booking.id)
    assert booking_id is not None
    token = await create_link(tenant, booking_id, now)
    return link_to(context.gateways, f"/booking/{token}")
