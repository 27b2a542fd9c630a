"""Decides which mails follow from an event of a booking.

That depends on the last mail that each audience got, not only on the current change. So a mail
after a quiet change (`notify` false) reports that change, too, and an invitation is sent again only
if it differs from the last one.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from msgspec import Raw, json, structs

from kalends.domain.booking import MOVABLE, Booking, Status
from kalends.domain.ids import new_id
from kalends.domain.mail import Audience, MailKind, is_same_mailbox
from kalends.formats.bookings import BookingBody
from kalends.formats.mails.facts import CHANGES, is_new_time_wanted, is_with_others
from kalends.formats.mails.invitations import is_invitation_changed
from kalends.runtime.mails.host_rules import choose_host_mails
from kalends.runtime.mails.own import without_those_off
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.outbox.events import NewMail
from kalends.store.outbox.mails import LastMail, LastMails, find_last_mails

# Sources that mail the attendees themselves.
MAILED_ELSEWHERE: Final = frozenset({"calcom"})
# A cancellation is still mailed for so long after the end of the booking.
CANCELLATION_MAILED_FOR: Final = timedelta(days=1)


async def choose_mails(
    work: UnitOfWork, kind: MailKind, booking: Booking, data: Raw, before: Booking | None
) -> list[NewMail]:
    """The mails about an event of that kind. `data` is the booking's public JSON now, `before` the
    booking before the event; None for a new one."""
    if work.caller.source in MAILED_ELSEWHERE or _is_over(work, kind, booking):
        return []
    last_mails, body = LastMails(), json.decode(data, type=BookingBody)
    if kind != MailKind.REQUESTED:
        last_mails = await find_last_mails(work.tenant, booking.id)
    chosen = decide_mails(kind, body, last_mails.by_audience)
    chosen += await choose_host_mails(work, kind, body, before, last_mails)
    chosen = await without_those_off(work, body, chosen)
    if kind == MailKind.REMINDER:
        return [structs.replace(mail, expires_at=booking.start_time) for mail in chosen]
    return chosen


def decide_mails(
    kind: MailKind, booking: BookingBody, last_mails: Mapping[str, LastMail]
) -> list[NewMail]:
    """The mails to the attendee and to the organization's addresses (recipient None). If the
    attendee has another address now, the old one gets a withdrawal and the new one an invitation.
    """
    if kind in CHANGES and booking.status not in MOVABLE:
        return []
    mails: list[NewMail] = []
    for_organization = _kind_to_send(kind, Audience.ORGANIZATION, booking, last_mails)
    for_attendee = _kind_to_send(kind, Audience.ATTENDEE, booking, last_mails)
    if left := _address_left(booking, last_mails):
        mails.append(_mail(MailKind.WITHDRAWN, Audience.ATTENDEE, left))
        for_attendee = _kind_of_invitation(booking) if kind in CHANGES else kind
    if for_attendee is not None:
        mails.append(_mail(for_attendee, Audience.ATTENDEE, booking.attendee_email))
    if for_organization is not None:
        mails.append(_mail(for_organization, Audience.ORGANIZATION, None))
    return mails


def _kind_to_send(
    kind: MailKind, audience: Audience, booking: BookingBody, last_mails: Mapping[str, LastMail]
) -> MailKind | None:
    """The kind of mail for the audience; None if there is no news for it, or if it has had no
    invitation that could change."""
    if kind == MailKind.REQUESTED:
        return _kind_of_invitation(booking)
    if kind not in CHANGES:
        return kind
    if audience not in last_mails:
        return kind if kind == MailKind.RESCHEDULED else None
    before = json.decode(last_mails[audience].data, type=BookingBody)
    if before.status == Status.PENDING and booking.status == Status.CONFIRMED:
        return MailKind.CONFIRMED
    if (before.start_time, before.end_time) != (booking.start_time, booking.end_time):
        return MailKind.RESCHEDULED
    if is_with_others(before, booking):
        return MailKind.UPDATED
    if audience == Audience.ATTENDEE and is_new_time_wanted(before, booking):
        return MailKind.UPDATED
    # Other changes of a pending booking are mailed when it is confirmed.
    if booking.status == Status.CONFIRMED and is_invitation_changed(before, booking, audience):
        return MailKind.UPDATED
    return None


def _address_left(booking: BookingBody, last_mails: Mapping[str, LastMail]) -> str | None:
    """The attendee's former address, if it still has an invitation; else None."""
    invited = last_mails.get(Audience.ATTENDEE)
    if invited is None or invited.kind == MailKind.CANCELLED:
        return None
    is_same = is_same_mailbox(invited.recipient, booking.attendee_email)
    return None if is_same else invited.recipient


def _kind_of_invitation(booking: BookingBody) -> MailKind:
    """The kind of the first mail about a booking."""
    is_confirmed = booking.status == Status.CONFIRMED
    return MailKind.CONFIRMED if is_confirmed else MailKind.REQUESTED


def _mail(kind: MailKind, audience: Audience, recipient: str | None) -> NewMail:
    return NewMail(id=new_id(), kind=kind, audience=audience, recipient=recipient, ordinal=0)


def _is_over(work: UnitOfWork, kind: MailKind, booking: Booking) -> bool:
    """Whether the booking is over, so that nobody needs a mail about it."""
    mailed_until = booking.end_time
    if kind == MailKind.CANCELLED:
        mailed_until += CANCELLATION_MAILED_FOR
    return mailed_until <= work.recorded_at
