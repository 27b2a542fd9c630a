"""The agenda mail: the bookings of a user's day, once a day, at the time that the user has chosen.

The day is marked as settled in the transaction that posts the mail, under a lock on the user's
settings. So no agenda is sent twice or left out, however many processes there are.
"""

from datetime import date
from typing import Final

from msgspec import structs

from kalends.domain.access import Organization
from kalends.domain.gateways import link_if_known
from kalends.domain.ids import ORGANIZATION
from kalends.domain.mail import MailKind
from kalends.domain.notifications import NotifiedUser
from kalends.formats.mails.agenda import AgendaMail, agenda_message
from kalends.formats.times import known_zone
from kalends.runtime.due_work import change_each_due
from kalends.runtime.mails.terms import mail_terms
from kalends.runtime.posting import post_message
from kalends.runtime.unit_of_work import Context, UnitOfWork, require
from kalends.scheduling.agenda_times import decide_agenda
from kalends.scheduling.local_time import bounds_of_day
from kalends.store.accounts import notifications
from kalends.store.accounts.notifications import DueUser
from kalends.store.accounts.organizations import find_organization
from kalends.store.bookings.agenda import list_of_user

ACTOR: Final = "kalends"
AGENDAS_AT_ONCE: Final = 200
MOST_TOLD: Final = 100


async def send_due_agendas(context: Context) -> int:
    """Sends the agendas that are due. Returns how many. Raises Unavailable, as `change_each_due`
    does."""
    list_due = notifications.list_due_agendas
    return await change_each_due(context, ACTOR, AGENDAS_AT_ONCE, list_due, send_agenda)


async def send_agenda(work: UnitOfWork, due: DueUser) -> bool | None:
    """Sends the user's agenda if it is due and not empty, and stores when to check next. Returns
    whether it was sent; None if another process has taken it."""
    if not await notifications.take_agenda(work.tenant, due.user_id, work.recorded_at):
        return None
    user = await notifications.find_notified_user(work.tenant, due.user_id)
    if user is None:
        await notifications.delete_notifications(work.tenant, due.user_id)
        return False
    before, zone = user.notifications, known_zone(user.zone)
    if before.agenda_at is None:
        return False
    now = decide_agenda(before.agenda_at, before.agenda_sent_on, zone, work.recorded_at)
    sent_on = now.day or before.agenda_sent_on
    after = structs.replace(before, agenda_due_at=now.look_at, agenda_sent_on=sent_on)
    await notifications.update_notifications(work.tenant, after)
    return now.day is not None and await _post_day(work, user, now.day, zone.name)


async def _post_day(work: UnitOfWork, user: NotifiedUser, day: date, zone_name: str) -> bool:
    """Posts the mail, which expires with the day. False if the day has no bookings."""
    span = bounds_of_day(day, zone_name)
    user_id = user.notifications.user_id
    bookings = await list_of_user(work.tenant, user_id, span, MOST_TOLD + 1)
    if not bookings:
        return False
    organization: Organization = require(
        await find_organization(work.tenant), ORGANIZATION, work.organization_id
    )
    gateways = work.context.gateways
    path = f"/console/{organization.slug}/calendar?view=day&day={day.isoformat()}"
    message = agenda_message(
        AgendaMail(
            **mail_terms(work, organization, user.email, user.locale),
            day=day,
            reader_zone=zone_name,
            bookings=bookings[:MOST_TOLD],
            has_more=len(bookings) > MOST_TOLD,
            calendar_url=link_if_known(gateways, path),
        )
    )
    await post_message(work, MailKind.AGENDA, user.email, message, user_id, span[1])
    return True
