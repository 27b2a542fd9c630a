"""Brings a calendar elsewhere to the wanted state for one booking, or for the seats of a session.

Nothing is planned in advance: the worker that holds the lane's lease reads the wanted state and
what is known of the event, and writes the difference. Before each request it marks the link as
unclear. Whoever finds an unclear link, because the answer got lost or the process was killed, looks
at what is there before sending again. UID and href of an event follow from its link and generation,
so a repeated write cannot make a second event.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import structlog
from msgspec import Raw, Struct, json, structs

from kalends.domain.booking import Booking, Status
from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.connections import (
    CalendarConnection,
    ConnectedCalendar,
    ProviderName,
)
from kalends.domain.calendars.failures import (
    CalendarFailure,
    CredentialsRefused,
    NotUnderstood,
    ObjectGone,
    UidTaken,
    Unanswered,
)
from kalends.domain.calendars.links import CalendarLink, LinkedSchedule, uid_of
from kalends.domain.calendars.policies import PendingEvents
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.calendars.states import LinkState
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from kalends.domain.ids import CALENDAR, SCHEDULE, encode_id
from kalends.formats.icalendar.written import (
    WrittenEvent,
    event_of_booking,
    event_of_session,
    written_ics,
)
from kalends.runtime.unit_of_work import Context, UnitOfWork, change
from kalends.runtime.waits import Waits
from kalends.services.calendars.accounts.logins import open_account, reason_of
from kalends.services.calendars.accounts.sandbox_account import SandboxAccount
from kalends.services.calendars.known.seen_times import span_of
from kalends.services.calendars.queue import enqueue_look
from kalends.services.calendars.writing.outcomes import (
    CalendarPlace,
    note_failed,
    note_refused,
    note_removed,
    note_written,
    store_link,
)
from kalends.store.accounts.organizations import find_organization
from kalends.store.calendars import calendars, connections, links
from kalends.store.outbox.calendar_lanes import DueCalendarLane
from kalends.translation import in_language
from kalends.translation.readers import language_for

log = structlog.get_logger("kalends.calendars")

MOST_STEPS: Final = 4
NEW_COMES_FIRST: Final = "The event in the new calendar comes first."
RESTLESS: Final = "The event changes all the time."
DOUBTED: Final = "Somebody has changed the event there, which is looked at first."
# A little over a minute, since an event counts as gone only if it still is a minute later.
LOOKED_AT_WITHIN: Final = timedelta(seconds=75)


class KeepEvent(Struct, frozen=True):
    """The event stays as it is."""


Wanted: TypeAlias = WrittenEvent | KeepEvent | None
KEEP: Final = KeepEvent()


async def settle_lane(context: Context, lane: DueCalendarLane) -> Waits | None:
    """Brings the lane's calendar to the wanted state; None when it is done. Raises Unavailable."""
    async with context.database.tenant_connection(lane.organization_id) as tenant:
        calendar = await calendars.find_calendar(tenant, lane.calendar_id)
        if calendar is None:
            return None
        connection = await connections.find_connection(tenant, calendar.connection_id)
        found = await links.list_links_of_lane(tenant, lane.calendar_id, lane.lane_id)
        if connection is None or not found:
            return None
        booked = await links.list_bookings_of_link(tenant, found[0][0])
        has_seats = bool(
            booked
            and booked[0].event_type_id
            and await links.has_seats(tenant, booked[0].event_type_id)
        )
        organization = await find_organization(tenant)
    account = account_of(context, lane.organization_id, connection, calendar)
    if isinstance(account, CredentialsRefused):
        await note_refused(context, lane.organization_id, connection, account)
        return Waits(reason_of(account), timedelta(hours=1), is_postponed=True)
    place = CalendarPlace(context, lane.organization_id, connection, calendar, account)
    now, waits = context.clock(), None
    with in_language(language_for([organization.locale if organization else None])):
        for link, schedule in found:
            wanted = wanted_event(link, schedule, booked, now, has_seats=has_seats)
            waits = await _reach(place, link, schedule, wanted) or waits
    await _show_all(place, lane.lane_id, booked)
    return waits


def wanted_event(
    link: CalendarLink,
    schedule: LinkedSchedule,
    booked: Sequence[Booking],
    now: datetime,
    *,
    has_seats: bool,
) -> Wanted:
    """What the calendar is to show for the link. Pure."""
    taking = [b for b in booked if link.schedule_id in b.schedule_ids and not b.conflict]
    over = [b for b in taking if b.status in (Status.COMPLETED, Status.NO_SHOW)]
    live = [b for b in taking if _is_shown(b, schedule)]
    is_here = schedule.writes_id == link.calendar_id and has_seats == (link.booking_id is None)
    if over and not live:
        return KEEP
    if not live or not is_here:
        return None
    if max(b.end_time for b in live) <= now:
        return KEEP
    details = schedule.policy.details
    if link.booking_id is None:
        return event_of_session([*live, *over], details)
    return event_of_booking(live[0], details)


def _is_shown(booking: Booking, schedule: LinkedSchedule) -> bool:
    if booking.status == Status.PENDING:
        return schedule.policy.pending is PendingEvents.TENTATIVE
    return booking.status == Status.CONFIRMED


def account_of(
    context: Context,
    organization_id: UUID,
    connection: CalendarConnection,
    calendar: ConnectedCalendar,
) -> CalendarAccount | CredentialsRefused:
    """The account that the calendar belongs to; sends no request yet."""
    if connection.provider is ProviderName.TEST:
        return SandboxAccount(context, organization_id, connection.id, calendar)
    return open_account(context, organization_id, connection)


async def _reach(
    place: CalendarPlace, link: CalendarLink, schedule: LinkedSchedule, wanted: Wanted
) -> Waits | None:
    """Does what the wanted state needs: nothing, a write, or a removal. An event that another
    calendar is to have is removed only once it is there."""
    if isinstance(wanted, KeepEvent):
        return None
    if wanted is not None:
        return await _write(place, link, wanted)
    if link.state is LinkState.REMOVED:
        return None
    moves_on = schedule.writes_id is not None and schedule.writes_id != link.calendar_id
    if moves_on and link.may_be_there and not schedule.is_written_elsewhere:
        return Waits(NEW_COMES_FIRST)
    return await _remove(place, link)


async def _write(place: CalendarPlace, link: CalendarLink, wanted: WrittenEvent) -> Waits | None:
    """Creates or changes the event."""
    is_right = link.state is LinkState.WRITTEN and link.digest == wanted.digest
    if link.state is LinkState.ASKING or (is_right and not link.is_unclear):
        return None
    if link.missed_at is not None:
        return Waits(DOUBTED, LOOKED_AT_WITHIN)
    if link.state is LinkState.REMOVED:
        link = next_generation(link)
    for _ in range(MOST_STEPS):
        link = _named(place, link)
        step = await _send(place, link, wanted)
        if not isinstance(step, CalendarLink):
            return step
        link = step
    return await note_failed(place, link, Waits(RESTLESS))


async def _send(
    place: CalendarPlace, link: CalendarLink, wanted: WrittenEvent
) -> CalendarLink | Waits | None:
    """One step of writing: None when the event is there, else the link to go on with, or why
    not."""
    data = written_ics(wanted, link.uid or "")
    if link.is_unclear:
        known = await _look(place, link, data)
        if isinstance(known, ObjectGone):
            return await _doubt(place, link)
        if isinstance(known, Waits):
            return await note_failed(place, link, known)
        if not known.is_unclear:
            return await note_written(place, known, wanted, data)
        link = known
    link = structs.replace(link, is_unclear=True)
    await store_link(place, link)
    answer = await place.account.write_object(
        place.calendar.remote_id, link.ref or "", data, link.etag
    )
    match answer:
        case ObjectWritten(href=href, etag=etag, stored=stored):
            link = structs.replace(link, ref=href, etag=etag)
            return await note_written(place, link, wanted, stored.data if stored else data)
        case Conflict(current=current, is_ours=True):
            if await _was_moved_there(place, link, wanted, current):
                return await _doubt(place, link)
            # The server has the very version that we named, and yet refuses it.
            is_known = current.etag is None or current.etag == link.etag
            etag = ANY_VERSION if is_known else current.etag
            return structs.replace(link, ref=current.href, etag=etag, is_unclear=False)
        case ObjectGone() if link.digest is not None:
            return await _doubt(place, link)
        case Conflict() | UidTaken() | ObjectGone():
            return next_generation(link)
        case _:
            return await note_failed(place, link, _waits(answer), answer)


async def _was_moved_there(
    place: CalendarPlace, link: CalendarLink, wanted: WrittenEvent, current: CalendarObject
) -> bool:
    """Whether somebody has moved the event there while its booking stayed where it was."""
    if link.digest is None or (wanted.starts_at, wanted.ends_at) != link.shown:
        return False
    found = await span_of(place.context, place.organization_id, place.calendar.id, current)
    return found != link.shown


async def _doubt(place: CalendarPlace, link: CalendarLink) -> Waits:
    """Marks the event as suspicious: somebody has changed it there, which has to be followed before
    it is overwritten."""
    await change(place.context, place.caller, _suspect, link)
    return Waits(DOUBTED, LOOKED_AT_WITHIN)


async def _suspect(work: UnitOfWork, link: CalendarLink) -> None:
    """Marks the event as suspicious and queues a look at it."""
    doubted = structs.replace(
        link, is_unclear=False, state=LinkState.WRITTEN, missed_at=work.recorded_at
    )
    await links.update_link(work.tenant, doubted)
    await enqueue_look(work, link.calendar_id)


async def _look(
    place: CalendarPlace, link: CalendarLink, data: bytes
) -> CalendarLink | ObjectGone | Waits:
    """Finds out what became of a request. If the returned link is clear, the event is there as it
    was sent; ObjectGone is an event that was written once and is no longer there."""
    found = await place.account.read_object(place.calendar.remote_id, link.ref or "")
    match found:
        case ObjectGone() if link.digest is not None:
            return found
        case ObjectGone():
            return structs.replace(link, etag=None)
        case CalendarObject(href=href, etag=etag, data=stands):
            is_same = _lines(stands) == _lines(data)
            is_unclear = not is_same or etag is None
            return structs.replace(link, ref=href, etag=etag, is_unclear=is_unclear)
        case NotUnderstood():
            return link
        case _:
            return _waits(found)


def _lines(data: bytes) -> list[bytes]:
    return sorted(line.strip() for line in data.splitlines() if line.strip())


async def _remove(place: CalendarPlace, link: CalendarLink) -> Waits | None:
    """Deletes the event, if it is ours."""
    etag = link.etag
    for _ in range(MOST_STEPS):
        if not link.may_be_there or link.ref is None:
            return await note_removed(place, link)
        answer = await place.account.delete_object(place.calendar.remote_id, link.ref, etag)
        match answer:
            case ObjectDeleted():
                return await note_removed(place, link)
            case Conflict(is_ours=True, current=current) if current.etag != etag:
                etag = current.etag
            case Conflict(is_ours=True):
                etag = None
            case Conflict():
                return await note_removed(place, link)
            case _:
                return await note_failed(place, link, _waits(answer), answer)
    return await note_failed(place, link, Waits(RESTLESS))


def next_generation(link: CalendarLink) -> CalendarLink:
    """The link for a new event with another UID: a deleted event may not come back under its
    own."""
    return structs.replace(
        link,
        generation=link.generation + 1,
        uid=None,
        ref=None,
        etag=None,
        digest=None,
        is_unclear=False,
        state=LinkState.WAITING,
    )


def _named(place: CalendarPlace, link: CalendarLink) -> CalendarLink:
    if link.uid is not None:
        return link
    uid = uid_of(place.organization_id, link)
    return structs.replace(link, uid=uid, ref=place.account.href_of(place.calendar.remote_id, uid))


def _waits(failure: CalendarFailure) -> Waits:
    seconds = failure.retry_after_seconds if isinstance(failure, Unanswered) else None
    return Waits(reason_of(failure), None if seconds is None else timedelta(seconds=seconds))


async def _show_all(place: CalendarPlace, subject_id: UUID, booked: Sequence[Booking]) -> None:
    """Writes into the bookings what calendars have of them."""
    async with place.context.database.tenant_transaction(place.organization_id) as tenant:
        known = await links.list_links_of_subject(tenant, subject_id)
        for booking in booked:
            shown = Raw(json.encode([_shown(one) for one in known if _concerns(one, booking)]))
            if shown != booking.calendar_events:
                await links.show_events(tenant, booking.id, shown)


def _concerns(link: CalendarLink, booking: Booking) -> bool:
    return link.schedule_id in booking.schedule_ids


def _shown(link: CalendarLink) -> dict[str, str | None]:
    return {
        "schedule_id": encode_id(SCHEDULE, link.schedule_id),
        "calendar_id": encode_id(CALENDAR, link.calendar_id),
        "state": link.state.value,
        "url": None,
        "error": link.error,
    }
