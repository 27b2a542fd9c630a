"""Decides which mails the hosts of a booking get: its hosts now, and those it had before.

As for all readers, that depends on the last mail that the host got, so a mail after a quiet change
(`notify` false) reports that change, too. A host gets no mail of a kind that they have turned off.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import json

from kalends.domain.booking import MOVABLE, Booking, Status
from kalends.domain.ids import USER, decode_id, encode_id, new_id
from kalends.domain.mail import Audience, MailKind
from kalends.domain.notifications import Notification, NotifiedUser
from kalends.formats.bookings import BookingBody
from kalends.formats.mails.facts import CHANGES, user_ids_of
from kalends.formats.mails.invitations import is_invitation_changed
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.accounts.notifications import list_hosts_to_mail
from kalends.store.outbox.events import NewMail
from kalends.store.outbox.mails import LastMail, LastMails

# After one of these the host has no invitation left to withdraw.
OVER: Final = frozenset({MailKind.WITHDRAWN, MailKind.CANCELLED})


class HostMail(NamedTuple):
    """A kind of mail for a host, and the notification setting that turns it off."""

    kind: MailKind
    notification: Notification


# These are sent whatever the host's last mail was.
OF_KIND: Final = {
    MailKind.REQUESTED: HostMail(MailKind.REQUESTED, Notification.REQUESTED),
    MailKind.CONFIRMED: HostMail(MailKind.CONFIRMED, Notification.CONFIRMED),
    MailKind.CANCELLED: HostMail(MailKind.CANCELLED, Notification.CANCELLED),
}


async def choose_host_mails(
    work: UnitOfWork,
    kind: MailKind,
    booking: BookingBody,
    before: Booking | None,
    last_mails: LastMails,
) -> list[NewMail]:
    """The mails to hosts about an event of that kind; `before` is the booking before it. Runs no
    query if the booking neither has nor had hosts."""
    known = _hosts_known(before, last_mails)
    ids = user_ids_of(booking) | known
    for mail in last_mails.by_host.values():
        ids |= user_ids_of(json.decode(mail.data, type=BookingBody))
    if not ids or kind == MailKind.REMINDER:
        return []
    user_ids = [decoded for id_ in sorted(ids) if (decoded := decode_id(USER, id_))]
    hosts = await list_hosts_to_mail(work.tenant, user_ids)
    return decide_host_mails(kind, booking, known, last_mails.by_host, hosts)


def decide_host_mails(
    kind: MailKind,
    booking: BookingBody,
    known: frozenset[str],
    last_mails: Mapping[str, LastMail],
    hosts: Sequence[NotifiedUser],
) -> list[NewMail]:
    """Mails to those of `hosts` for whom there is news that they want. `known` are the ids of the
    hosts that the latest mails named; `last_mails` are by address in lower case."""
    if kind in CHANGES and booking.status not in MOVABLE:
        return []
    current = user_ids_of(booking)
    mails: list[NewMail] = []
    for host in hosts:
        user_id = encode_id(USER, host.notifications.user_id)
        last, was_host = last_mails.get(host.email.lower()), user_id in known
        if user_id in current:
            news = _news_for_host(kind, booking, last, was_host)
        else:
            news = _news_for_former_host(last, was_host)
        wanted = (mail.kind for mail in news if host.notifications.wants(mail.notification))
        if chosen := next(iter(wanted), None):
            mails.append(_mail(chosen, host.email))
    return mails


def _hosts_known(before: Booking | None, last_mails: LastMails) -> frozenset[str]:
    """The ids of the hosts in the latest mail to any reader, else in the booking before."""
    latest = last_mails.latest
    if latest is not None:
        return user_ids_of(json.decode(latest.data, type=BookingBody))
    hosts = before.hosts if before else ()
    return frozenset(encode_id(USER, host.user_id) for host in hosts)


def _news_for_host(
    kind: MailKind, booking: BookingBody, last: LastMail | None, was_host: bool
) -> Iterator[HostMail]:
    """The news that could be mailed to a host, the most important first: only one mail is sent, and
    it reports everything."""
    if kind in OF_KIND:
        is_made = kind == MailKind.REQUESTED and booking.status == Status.CONFIRMED
        yield OF_KIND[MailKind.CONFIRMED if is_made else kind]
    elif last is not None and last.kind != MailKind.WITHDRAWN:
        yield from _news_after(json.decode(last.data, type=BookingBody), booking)
    elif not was_host or last is not None:
        yield HostMail(MailKind.UPDATED, Notification.REASSIGNED)
    elif kind == MailKind.RESCHEDULED:
        yield HostMail(kind, Notification.RESCHEDULED)


def _news_after(before: BookingBody, booking: BookingBody) -> Iterator[HostMail]:
    """The news of a change, for a host whose last mail was about `before`."""
    if before.status == Status.PENDING and booking.status == Status.CONFIRMED:
        yield HostMail(MailKind.CONFIRMED, Notification.CONFIRMED)
    if (before.start_time, before.end_time) != (booking.start_time, booking.end_time):
        yield HostMail(MailKind.RESCHEDULED, Notification.RESCHEDULED)
    if user_ids_of(before) != user_ids_of(booking):
        yield HostMail(MailKind.UPDATED, Notification.REASSIGNED)
    is_news = is_invitation_changed(before, booking, Audience.HOST)
    if booking.status == Status.CONFIRMED and is_news:
        yield HostMail(MailKind.UPDATED, Notification.RESCHEDULED)


def _news_for_former_host(last: LastMail | None, was_host: bool) -> Iterator[HostMail]:
    if was_host if last is None else last.kind not in OVER:
        yield HostMail(MailKind.WITHDRAWN, Notification.REASSIGNED)


def _mail(kind: MailKind, address: str) -> NewMail:
    return NewMail(id=new_id(), kind=kind, audience=Audience.HOST, recipient=address, ordinal=0)
