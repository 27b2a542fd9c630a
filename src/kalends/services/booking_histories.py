"""The history of a booking: its events, and the mails and deliveries that followed from them."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.booking import Booking
from kalends.domain.calendars.findings import CalendarFinding, FindingNames
from kalends.domain.event import LoggedEvent
from kalends.domain.event_type import EventType
from kalends.domain.ids import API_KEY, USER, decode_id
from kalends.domain.mail import Mail
from kalends.domain.schedule import Schedule
from kalends.domain.webhook import Delivery
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.booking_changes import get_booking
from kalends.store.accounts.actors import name_actors
from kalends.store.availability import event_types, schedules
from kalends.store.calendars import findings
from kalends.store.outbox import deliveries, events, mails

MOST_IN_A_HISTORY: Final = 200


class History(Struct, frozen=True, kw_only=True):
    """A booking with its history. Events, mails, deliveries (each with its URL) and calendar
    findings are in order, the latest first. `actors` has the names of users and keys by public id.
    """

    booking: Booking
    event_type: EventType | None
    schedules: Sequence[Schedule]
    events: Sequence[LoggedEvent]
    actors: Mapping[str, str]
    mails: Sequence[Mail]
    deliveries: Sequence[tuple[Delivery, str]]
    findings: Sequence[tuple[CalendarFinding, FindingNames]]


async def get_history(work: UnitOfWork, booking_id: UUID) -> History:
    """The history of a booking. Deliveries are only for callers who see all schedules. Raises
    NotFound."""
    tenant = work.tenant
    booking = await get_booking(work, booking_id)
    schedule_by_id = await schedules.find_schedules(tenant, booking.schedule_ids)
    happened = await events.list_events_of_booking(tenant, booking_id, MOST_IN_A_HISTORY)
    sent, _ = await mails.list_mails(tenant, booking_id, MOST_IN_A_HISTORY, 0)
    return History(
        booking=booking,
        event_type=await event_types.find_event_type_of(tenant, booking),
        schedules=[schedule_by_id[id_] for id_ in booking.schedule_ids if id_ in schedule_by_id],
        events=happened,
        actors=await _names(work, happened),
        mails=sent,
        deliveries=await _deliveries(work, booking_id),
        findings=await _findings(work, booking_id),
    )


async def _findings(
    work: UnitOfWork, booking_id: UUID
) -> list[tuple[CalendarFinding, FindingNames]]:
    found = await findings.list_findings_of_booking(work.tenant, booking_id, MOST_IN_A_HISTORY)
    names = await findings.name_findings(work.tenant, [finding.id for finding in found])
    return [(finding, names[finding.id]) for finding in found]


async def _deliveries(work: UnitOfWork, booking_id: UUID) -> list[tuple[Delivery, str]]:
    if work.caller.only_schedules is not None:
        return []
    return await deliveries.list_deliveries_of_lane(work.tenant, booking_id, MOST_IN_A_HISTORY)


async def _names(work: UnitOfWork, happened: Sequence[LoggedEvent]) -> dict[str, str]:
    actors = {event.actor for event in happened}
    users = {a: id_ for a in actors if (id_ := decode_id(USER, a))}
    keys = {a: id_ for a in actors if (id_ := decode_id(API_KEY, a))}
    named = await name_actors(work.tenant, list(users.values()), list(keys.values()))
    return {actor: named[id_] for actor, id_ in (users | keys).items() if id_ in named}
