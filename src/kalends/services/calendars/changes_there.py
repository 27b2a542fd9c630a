"""Follows changes that somebody made to our events in calendars elsewhere, but only on proof.

A reading marks events as suspicious (`missed_at`): gone, or at another time. A job then asks for
each of them by itself. An event counts as gone only if it is still missing a minute later and is in
no other calendar of the account. A failure proves nothing, and neither does the account of another
person. The schedule's policy decides what follows. Many changes at once always become findings,
since a calendar that was deleted or restored is no decision about bookings.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, TypeAlias
from uuid import UUID

import structlog
from msgspec import Struct, json, structs

from kalends.domain.access import Mode
from kalends.domain.booking import MOVABLE, Booking
from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.connections import CalendarConnection, ConnectedCalendar
from kalends.domain.calendars.failures import (
    AnotherAccount,
    CalendarGone,
    CredentialsRefused,
    ObjectGone,
)
from kalends.domain.calendars.findings import FindingKind, finding_about
from kalends.domain.calendars.links import CalendarLink, LinkedSchedule
from kalends.domain.calendars.policies import OnDelete, OnMove
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.calendars.states import ConnectionState, LinkState
from kalends.domain.errors import KalendsError, Unavailable
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.scheduling import booking_changes
from kalends.scheduling.booking_changes import BookingChanges, Cancellation, ChangeableBooking
from kalends.services.calendars.accounts.identity import ask_whose
from kalends.services.calendars.known.seen_times import span_of
from kalends.services.calendars.queue import DueCalendar
from kalends.services.calendars.reports import report_finding
from kalends.services.calendars.writing.events import account_of, next_generation
from kalends.services.calendars.writing.outcomes import note_refused
from kalends.store.calendars import calendars, connections, findings, links
from kalends.store.database import TenantConnection
from kalends.store.notifier import CALENDARS_CHANNEL
from kalends.store.outbox.calendar_lanes import poke_lanes, wake_lane

log = structlog.get_logger("kalends.calendars")

ACTOR: Final = "calendar"
# The time between the two looks that prove that an event is gone.
LOOKS_APART: Final = timedelta(seconds=60)
AGAIN_AFTER_FAILURE: Final = timedelta(minutes=5)
LINKS_AT_ONCE: Final = 200
# The time for all requests of one look. Each has its own timeout, but many to a host that hangs
# must not occupy a place for hours. The next look does the rest.
LOOK_SECONDS: Final = 120.0
# Changes of more events than this number and this share of a calendar are taken for an accident.
# They are counted in the database over an hour, since a single look may see only some of them.
FEW, FEW_SHARE = 3, 0.2
AT_ONCE: Final = timedelta(hours=1)


class Gone(Struct, frozen=True):
    """The event does not exist."""


class MovedTo(Struct, frozen=True):
    """The event is at another time; None if that is not a single span of time any more."""

    span: tuple[datetime, datetime] | None


class Unmoved(Struct, frozen=True):
    """The event is where it was written; `etag` is its version."""

    etag: str | None


class Unknown(Struct, frozen=True):
    """The look has proved nothing."""


Seen: TypeAlias = Gone | MovedTo | Unmoved | Unknown


async def follow_changes(context: Context, payload: bytes) -> timedelta | None:
    """The job: looks at the suspicious events of a calendar. Returns when to run again, None if
    not."""
    due = json.decode(payload, type=DueCalendar)
    async with context.database.tenant_connection(due.organization_id) as tenant:
        calendar = await calendars.find_calendar(tenant, due.calendar_id)
        if calendar is None:
            return None
        connection = await connections.find_connection(tenant, calendar.connection_id)
        suspicious = await links.list_suspicious(tenant, calendar.id, LINKS_AT_ONCE)
        now = context.clock()
        total = await links.count_written(tenant, calendar.id, now)
        doubted = await findings.count_doubted(tenant, calendar.id, now - AT_ONCE)
        others = await calendars.list_calendars(tenant, calendar.connection_id)
    idle = (ConnectionState.PAUSED, ConnectionState.RECONNECT, ConnectionState.REMOVING)
    if connection is None or connection.state in idle or not suspicious:
        return None
    account = account_of(context, due.organization_id, connection, calendar)
    if isinstance(account, CredentialsRefused):
        return None
    until = monotonic() + LOOK_SECONDS
    follower = Follower(context, due.organization_id, connection, calendar, account, until)
    looks = [(link, schedule, await follower.look(link)) for link, schedule in suspicious]
    if any(isinstance(seen, Gone) for _, _, seen in looks) and not await follower.is_same_account():
        return None
    doubted -= sum(isinstance(seen, Unmoved) for _, _, seen in looks)
    is_mass, again = doubted > max(FEW, FEW_SHARE * total), None
    for link, schedule, seen in looks:
        again = await follower.follow(link, schedule, seen, others, is_mass=is_mass) or again
    return again


class Follower(Struct, frozen=True):
    """A look at one calendar. It sends no request after `until`, a time of the clock
    `monotonic`."""

    context: Context
    organization_id: UUID
    connection: CalendarConnection
    calendar: ConnectedCalendar
    account: CalendarAccount
    until: float

    async def follow(
        self,
        link: CalendarLink,
        schedule: LinkedSchedule,
        seen: Seen,
        others: Sequence[ConnectedCalendar],
        *,
        is_mass: bool,
    ) -> timedelta | None:
        """Acts on what was seen of one event; returns when to look again, None if not."""
        if isinstance(seen, Unknown):
            return AGAIN_AFTER_FAILURE
        if isinstance(seen, Gone):
            assert link.missed_at is not None
            if self.context.clock() < link.missed_at + LOOKS_APART:
                return LOOKS_APART
            elsewhere = await self._is_elsewhere(link, others)
            if elsewhere is None:
                return AGAIN_AFTER_FAILURE
            if elsewhere:
                seen = MovedTo(None)
        caller = Caller(self.organization_id, Mode.LIVE, ACTOR, source=ACTOR)
        try:
            await change(self.context, caller, _settle, link, schedule, seen, is_mass)
        except Unavailable:
            return AGAIN_AFTER_FAILURE
        except KalendsError as error:
            log.info("calendar_change_not_followed", reason=error.message)
            await change(self.context, caller, _ask, link, seen, error.message)
        return None

    async def look(self, link: CalendarLink) -> Seen:
        """Asks the provider for this one event."""
        if monotonic() >= self.until:
            return Unknown()
        found = await self.account.read_object(self.calendar.remote_id, link.ref or "")
        if isinstance(found, ObjectGone):
            return Gone()
        if not isinstance(found, CalendarObject):
            return Unknown()
        span = await span_of(self.context, self.organization_id, self.calendar.id, found)
        if span is None:
            return MovedTo(None)
        if span == link.shown:
            return Unmoved(found.etag)
        return MovedTo(span)

    async def is_same_account(self) -> bool:
        """Whether the account is still the same person's. Another person's lacks all that we have
        written; its connection then waits for somebody to reconnect."""
        whose = await ask_whose(self.account, self.connection)
        if isinstance(whose, AnotherAccount):
            await note_refused(self.context, self.organization_id, self.connection, whose)
        return not isinstance(whose, AnotherAccount)

    async def _is_elsewhere(
        self, link: CalendarLink, others: Sequence[ConnectedCalendar]
    ) -> bool | None:
        """Whether another calendar of the account has the event; None if that is unknown."""
        for other in others:
            if other.id == self.calendar.id:
                continue
            if monotonic() >= self.until:
                return None
            found = await self.account.find_objects(other.remote_id, link.uid or "")
            if isinstance(found, CalendarGone):
                continue
            if not isinstance(found, list):
                return None
            if found:
                return True
        return False


class SeenThere(Struct, frozen=True):
    """What a reading has seen of our events: those that `changed`, as href and times, and those
    that are `gone`; None stands for all that are not `there`."""

    changed: Collection[tuple[str, datetime | None, datetime | None]]
    gone: Sequence[str] | None
    there: Sequence[str] = ()


async def note_changes(
    tenant: TenantConnection, calendar_id: UUID, seen: SeenThere, now: datetime
) -> bool:
    """Marks our events as suspicious that are gone or at another time than we wrote. Returns
    whether there are any."""
    moved = missing = 0
    if seen.changed:
        moved = await links.mark_moved(tenant, calendar_id, seen.changed, now)
    if seen.gone is None or seen.gone:
        missing = await links.mark_missing(tenant, calendar_id, seen.gone, seen.there, now)
    return bool(moved or missing)


async def _settle(
    work: UnitOfWork, link: CalendarLink, schedule: LinkedSchedule, seen: Seen, is_mass: bool
) -> None:
    """Does what the policy says with the current booking. Raises what changing it raises."""
    locked = await links.lock_link(work.tenant, link)
    if locked is None or locked.generation != link.generation or locked.missed_at is None:
        return
    if locked.state is not LinkState.WRITTEN or locked.is_unclear:
        return
    booked = await links.list_bookings_of_link(work.tenant, locked)
    live = [b for b in booked if b.status in MOVABLE and b.start_time > work.recorded_at]
    if isinstance(seen, Unmoved) or not live:
        await links.update_link(work.tenant, structs.replace(locked, missed_at=None))
        await wake_lane(work.tenant, locked.calendar_id, locked.subject_id)
        return
    if is_mass or locked.booking_id is None or _has_several_hosts(live[0]):
        await _ask(work, locked, seen)
    elif isinstance(seen, MovedTo):
        await _follow_move(work, locked, schedule, live[0], seen)
    else:
        await _follow_deletion(work, locked, schedule, live[0])


def _has_several_hosts(booking: Booking) -> bool:
    return len({host.user_id for host in booking.hosts}) > 1


async def _follow_move(
    work: UnitOfWork,
    link: CalendarLink,
    schedule: LinkedSchedule,
    booking: Booking,
    seen: MovedTo,
) -> None:
    on_move = schedule.policy.on_move
    if on_move is OnMove.RESTORE:
        await restore_event(work, link, is_there=True)
    elif on_move is OnMove.ASK or seen.span is None:
        await _ask(work, link, seen)
    else:
        await move_booking(work, link, booking, seen.span)


async def move_booking(
    work: UnitOfWork, link: CalendarLink, booking: Booking, span: tuple[datetime, datetime]
) -> None:
    """Moves the booking to the time of its event, past the rules. Raises what `update_booking`
    does."""
    changes = BookingChanges(start_time=span[0], end_time=span[1], override=True)
    await booking_changes.update_booking(
        work, ChangeableBooking(booking, frozenset({booking.version})), changes
    )
    await links.update_link(
        work.tenant,
        structs.replace(link, missed_at=None, shown_from=span[0], shown_until=span[1]),
    )
    await wake_lane(work.tenant, link.calendar_id, link.subject_id)


async def _follow_deletion(
    work: UnitOfWork, link: CalendarLink, schedule: LinkedSchedule, booking: Booking
) -> None:
    on_delete = schedule.policy.on_delete
    if on_delete is OnDelete.ASK:
        await _ask(work, link, Gone())
    elif on_delete is OnDelete.RESTORE:
        await restore_event(work, link, is_there=False)
    else:
        await cancel_booking(work, link, booking)


async def cancel_booking(work: UnitOfWork, link: CalendarLink | None, booking: Booking) -> None:
    """Cancels the booking. `link` is that of the event that led to it, if it is one of ours. Raises
    what cancelling raises."""
    await booking_changes.cancel_booking(
        work, ChangeableBooking(booking, frozenset({booking.version})), Cancellation()
    )
    if link is not None:
        await links.update_link(work.tenant, structs.replace(link, missed_at=None))


async def restore_event(work: UnitOfWork, link: CalendarLink, *, is_there: bool) -> None:
    """Has the event written again for the booking as it is: in its place, or as a new event."""
    if is_there:
        restored = structs.replace(link, is_unclear=True, missed_at=None, state=LinkState.WAITING)
    else:
        restored = structs.replace(next_generation(link), missed_at=None)
    await links.update_link(work.tenant, restored)
    await _poke(work, link)


async def _poke(work: UnitOfWork, link: CalendarLink) -> None:
    place = link.calendar_id, link.subject_id
    await poke_lanes(work.tenant, [place], work.recorded_at)
    await wake_lane(work.tenant, *place)
    work.notifications.add(CALENDARS_CHANNEL)


async def _ask(work: UnitOfWork, link: CalendarLink, seen: Seen, reason: str | None = None) -> None:
    """Reports a finding for somebody to decide about. An event that is gone is not written again
    until then."""
    is_gone = isinstance(seen, Gone)
    kind = FindingKind.DELETED if is_gone else FindingKind.MOVED
    finding = structs.replace(
        finding_about(link, kind, work.recorded_at, reason),
        booked=link.shown,
        there=seen.span if isinstance(seen, MovedTo) else None,
    )
    await report_finding(work, finding)
    state = LinkState.ASKING if is_gone else link.state
    await links.update_link(work.tenant, structs.replace(link, missed_at=None, state=state))
    if is_gone:  # bookings show the state of their events
        await _poke(work, link)
