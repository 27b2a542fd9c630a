"""Records the outcomes of writing events in their links, and reports those that need a decision."""

from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import Struct, structs

from kalends.domain.access import Mode
from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.connections import CalendarConnection, ConnectedCalendar
from kalends.domain.calendars.failures import CalendarFailure, CredentialsRefused, Unanswered
from kalends.domain.calendars.findings import FindingKind, finding_about
from kalends.domain.calendars.links import CalendarLink
from kalends.domain.calendars.states import LinkState
from kalends.domain.ids import CALENDAR, encode_id
from kalends.domain.video import VideoProvider
from kalends.formats.icalendar.written import WrittenEvent
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.runtime.waits import Waits
from kalends.services.calendars.accounts.health import note_failure
from kalends.services.calendars.accounts.logins import reason_of
from kalends.services.calendars.known.own_events import forget_event, keep_event
from kalends.services.calendars.reports import report_finding
from kalends.store.calendars import findings, links
from kalends.store.notifier import VIDEO_CHANNEL
from kalends.store.outbox.calendar_lanes import wake_other_calendars
from kalends.store.video.links import poke_subject

log = structlog.get_logger("kalends.calendars")

ACTOR: Final = "kalends"
# Providers whose calls come with the event.
CALLED: Final = (VideoProvider.GOOGLE_MEET, VideoProvider.MICROSOFT_TEAMS)


class CalendarPlace(Struct, frozen=True):
    """The calendar that events are written into, with its account and organization."""

    context: Context
    organization_id: UUID
    connection: CalendarConnection
    calendar: ConnectedCalendar
    account: CalendarAccount

    @property
    def caller(self) -> Caller:
        return caller_of(self.organization_id)


async def store_link(place: CalendarPlace, link: CalendarLink) -> None:
    async with place.context.database.tenant_connection(place.organization_id) as tenant:
        await links.update_link(tenant, link)


async def note_written(
    place: CalendarPlace, link: CalendarLink, wanted: WrittenEvent, data: bytes
) -> Waits | None:
    """Records that the event is there."""
    times = {"shown_from": wanted.starts_at, "shown_until": wanted.ends_at}
    written_at = place.context.clock()
    link = _settled(link, LinkState.WRITTEN, digest=wanted.digest, written_at=written_at, **times)
    async with place.context.database.tenant_transaction(place.organization_id) as tenant:
        await links.update_link(tenant, link)
        await keep_event(tenant, place.calendar, link, data, place.context.clock())
        await wake_other_calendars(tenant, link.subject_id, link.calendar_id)
        has_calls = await poke_subject(tenant, link.subject_id, CALLED, place.context.clock())
        await findings.end_findings_of(tenant, link, place.context.clock())
    if has_calls:
        place.context.database.notifier.notify(place.organization_id, VIDEO_CHANNEL)
    return None


async def note_removed(place: CalendarPlace, link: CalendarLink) -> Waits | None:
    """Records that there is no event."""
    gone = _settled(link, LinkState.REMOVED, digest=None, etag=None)
    async with place.context.database.tenant_transaction(place.organization_id) as tenant:
        await links.update_link(tenant, gone)
        if link.ref is not None:
            await forget_event(tenant, place.calendar.id, link.ref)
        await findings.end_findings_of(tenant, link, place.context.clock())
    return None


def _settled(link: CalendarLink, state: LinkState, **known: Any) -> CalendarLink:
    """The link of an event that is in its wanted state."""
    return structs.replace(link, state=state, is_unclear=False, error=None, missed_at=None, **known)


async def note_failed(
    place: CalendarPlace, link: CalendarLink, waits: Waits, failure: CalendarFailure | None = None
) -> Waits:
    """Records why it is not done. If the server has refused the request, nothing was written."""
    is_passing = failure is None or isinstance(failure, Unanswered | CredentialsRefused)
    link = structs.replace(
        link,
        is_unclear=link.is_unclear and is_passing,
        state=link.state if is_passing else LinkState.FAILED,
        error=waits.reason,
    )
    await change(place.context, place.caller, _write_failed, link)
    log.warning(
        "calendar_not_written",
        organization=str(place.organization_id),
        calendar=encode_id(CALENDAR, place.calendar.id),
        reason=waits.reason,
    )
    if isinstance(failure, CredentialsRefused):
        await note_refused(place.context, place.organization_id, place.connection, failure)
        return structs.replace(waits, after=timedelta(hours=1), is_postponed=True)
    return waits


async def _write_failed(work: UnitOfWork, link: CalendarLink) -> None:
    await links.update_link(work.tenant, link)
    if link.state is not LinkState.FAILED:
        return
    finding = finding_about(link, FindingKind.UNWRITABLE, work.recorded_at, link.error)
    await report_finding(work, finding)


async def note_refused(
    context: Context,
    organization_id: UUID,
    connection: CalendarConnection,
    failure: CredentialsRefused,
) -> None:
    """Records that the account needs a new sign-in; what waits for it is written after that."""
    reason = reason_of(failure)
    known = connection.id, connection.generation, reason
    await change(
        context, caller_of(organization_id), partial(note_failure, is_refused=True), *known
    )


def caller_of(organization_id: UUID) -> Caller:
    return Caller(organization_id, Mode.LIVE, ACTOR, source=ACTOR)
