"""Reports problems with calendars elsewhere: as findings, as events for webhooks, and by mail to
the user or the organization that they concern."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import Raw, structs

from kalends.domain.calendars.connections import CalendarConnection
from kalends.domain.calendars.consent import lacking_words
from kalends.domain.calendars.findings import (
    CalendarFinding,
    FindingKind,
    FindingNames,
    finding_of_account,
)
from kalends.domain.gateways import link_if_known
from kalends.domain.ids import new_id
from kalends.domain.mail import MailKind
from kalends.domain.webhook import EventName
from kalends.formats.calendar_findings import show_finding
from kalends.formats.calendars import show_connection
from kalends.formats.encoding import encode_raw
from kalends.formats.mails.calendars import CalendarMail, calendar_message
from kalends.runtime.mails.terms import mail_terms
from kalends.runtime.posting import list_readers, post_message
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.accounts.organizations import find_organization
from kalends.store.availability.schedules import find_schedule
from kalends.store.bookings.bookings import find_booking
from kalends.store.calendars import calendars, connections, findings
from kalends.store.outbox.events import Event

log = structlog.get_logger("kalends.calendars")

# One mail reports all findings of a calendar within this time, such as after it was deleted.
ONE_MAIL_FOR: Final = timedelta(hours=1)
PAGE: Final = "/calendar-findings"
NOTHING_BEFORE: Final = Raw(b"{}")


async def report_finding(work: UnitOfWork, finding: CalendarFinding) -> None:
    """Stores the finding and reports it by webhook and mail, unless an open one is about the
    same."""
    f = finding
    if f.connection_id is None and f.calendar_id is not None:
        calendar = await calendars.find_calendar(work.tenant, f.calendar_id)
        f = structs.replace(f, connection_id=calendar.connection_id if calendar else None)
    if not await findings.put_finding(work.tenant, f) or f.connection_id is None:
        return
    _add_event(work, EventName.CALENDAR_FINDING, f.connection_id, show_finding(f))
    since = work.recorded_at - ONE_MAIL_FOR
    if not await findings.was_seen_since(work.tenant, f, since):
        await _mail_finding(work, f, f.connection_id)
    log.info("calendar_finding", kind=f.kind.value, subject=str(f.subject_id))


async def report_failing(work: UnitOfWork, connection: CalendarConnection) -> None:
    """Reports that the account does not work. If it needs a new sign-in, that is also a finding,
    and the mail says so."""
    await _report_health(work, connection, EventName.CALENDAR_FAILING)
    await _post(
        work,
        MailKind.CALENDAR_FAILING,
        None,
        connection.id,
        connection.user_id,
        about=FindingNames(account=connection.account or connection.provider.value),
        reason=connection.reason,
    )


async def report_reconnect(
    work: UnitOfWork, connection: CalendarConnection, *, was_reported: bool
) -> None:
    """Reports that the account needs a new sign-in. `was_reported` is whether it was reported as
    failing already."""
    if not was_reported:
        await _report_health(work, connection, EventName.CALENDAR_FAILING)
    about = connection.id, FindingKind.RECONNECT, work.recorded_at
    finding = finding_of_account(*about, connection.reason)
    await report_finding(work, finding)


async def report_recovered(work: UnitOfWork, connection: CalendarConnection) -> None:
    """Reports that the account works again."""
    await findings.end_findings(work.tenant, connection.id, work.recorded_at)
    await _report_health(work, connection, EventName.CALENDAR_RECOVERED)


async def _report_health(work: UnitOfWork, connection: CalendarConnection, kind: EventName) -> None:
    totals = await calendars.count_calendars(work.tenant, [connection.id])
    provider = work.context.gateways.consents.get(connection.provider)
    lacking = lacking_words(provider, connection.scopes)
    total = totals.get(connection.id, 0)
    shown = show_connection(connection, total, connection.reason, lacking)
    _add_event(work, kind, connection.id, shown)


def _add_event(work: UnitOfWork, kind: EventName, connection_id: UUID, data: Any) -> None:
    """Records an event about an account. The account takes the place of the booking, so events
    about one account arrive in order."""
    event = Event(
        id=new_id(),
        type=kind,
        booking_id=connection_id,
        data=encode_raw(data),
        previous=NOTHING_BEFORE,
        actor_name=None,
    )
    work.add_event(event, [])


async def _mail_finding(work: UnitOfWork, finding: CalendarFinding, connection_id: UUID) -> None:
    f, tenant = finding, work.tenant
    connection = await connections.find_connection(tenant, connection_id)
    calendar = f.calendar_id and await calendars.find_calendar(tenant, f.calendar_id)
    schedule = f.schedule_id and await find_schedule(tenant, f.schedule_id)
    booking = f.booking_id and await find_booking(tenant, f.booking_id)
    owner = schedule or connection
    await _post(
        work,
        MailKind.CALENDAR_FINDING,
        f.kind,
        connection_id,
        owner.user_id if owner else None,
        about=FindingNames(
            attendee=booking.attendee_name if booking else None,
            schedule=schedule.name if schedule else None,
            calendar=calendar.name if calendar else None,
            account=None if calendar or connection is None else connection.account,
        ),
        was_from=f.booked[0] if f.booked else None,
        is_from=f.there[0] if f.there else None,
        reason=f.reason,
    )


async def _post(
    work: UnitOfWork,
    kind: MailKind,
    found: FindingKind | None,
    connection_id: UUID,
    user_id: UUID | None,
    **facts: Any,
) -> None:
    organization = await find_organization(work.tenant)
    if organization is None:
        return
    link = link_if_known(work.context.gateways, f"/console/{organization.slug}{PAGE}")
    for recipient, locale in await list_readers(work, organization, user_id):
        message = calendar_message(
            CalendarMail(
                **mail_terms(work, organization, recipient, locale),
                kind=found,
                link=link,
                **facts,
            )
        )
        await post_message(work, kind, recipient, message, connection_id)
