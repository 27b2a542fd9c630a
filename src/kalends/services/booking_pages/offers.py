"""What an organization offers on its pages: event types, hosts and times."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct, structs

from kalends.availability.interval import Interval
from kalends.availability.slots import Slot, slots
from kalends.availability.wallclock import Zone, zone_named
from kalends.domain.access import Organization
from kalends.domain.actor import ATTENDEE
from kalends.domain.errors import NotFound
from kalends.domain.event_type import EventType, HostChoice, Requirement, Visibility
from kalends.domain.schedule import Schedule
from kalends.runtime.unit_of_work import Caller, UnitOfWork
from kalends.scheduling.availability import load_availability
from kalends.scheduling.availability_queries import event_type_query
from kalends.scheduling.slots import ListedSlots, SlotRange, find_slots, slots_in
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.accounts import organizations
from kalends.store.availability import event_types
from kalends.store.availability.schedules import find_schedule, find_schedules, list_schedules

MOST_OFFERED: Final = 500
# How far around a taken time alternatives are searched: first close to it, then farther away.
NEAR: Final = timedelta(days=3)
FAR: Final = timedelta(days=30)


def attendee_of(organization: Organization) -> Caller:
    """The caller for a visitor of a page, who is unknown and has no scopes."""
    return Caller(
        organization_id=organization.id,
        mode=organization.mode,
        actor=ATTENDEE,
        scopes=[],
        source="page",
    )


async def get_organization_to_book(work: UnitOfWork, slug: str) -> Organization:
    """The organization whose page has that slug. Raises NotFound."""
    organization = await organizations.find_organization_by_slug(work.tx, slug)
    if organization is None:
        raise NotFound("There is no such page.")
    return organization


async def list_offered(work: UnitOfWork) -> list[EventType]:
    """The event types that take bookings and are not unlisted, by position."""
    listed, _ = await event_types.list_event_types_as_placed(
        work.tenant, is_active=True, visibility=Visibility.PUBLIC, limit=MOST_OFFERED, offset=0
    )
    return listed


async def get_offered(work: UnitOfWork, slug: str) -> EventType:
    """The event type with that slug, with the schedules that it may take. Raises NotFound, also if
    it takes no bookings."""
    event_type = await event_types.find_event_type_by_slug(work.tenant, slug)
    if event_type is None or not event_type.is_active:
        raise NotFound("There is no such page.")
    return await _with_schedules(work, event_type)


async def find_zone_name(work: UnitOfWork, event_type: EventType) -> str:
    """The name of the zone in which its days are counted: that of its first schedule."""
    first = await _find_first_schedule(work, event_type)
    return first.timezone if first else "UTC"


async def find_zone(work: UnitOfWork, event_type: EventType) -> Zone:
    """The zone in which its days are counted. Raises BrokenZone."""
    first = await _find_first_schedule(work, event_type)
    return zone_of_schedule(first) if first else zone_named("UTC")


class OfferedHosts(Struct, frozen=True):
    """The hosts that visitors may choose from, in the order of the requirements; the one that is
    chosen, by the visitor or by the link; and those that every booking has."""

    choices: Sequence[Schedule] = ()
    chosen: Schedule | None = None
    certain: Sequence[Schedule] = ()

    @property
    def named(self) -> list[Schedule]:
        """The hosts that the booking will have, as far as they are known."""
        known = [self.chosen, *self.certain]
        hosts = [one for one in known if one is not None and one.user_id is not None]
        return list({one.id: one for one in hosts}.values())


class OfferedTo(NamedTuple):
    """The visitor to whom times are offered: the visitor's own holds count as free, and with a host
    only times of that schedule are offered."""

    own_holds: Sequence[UUID] = ()
    host_id: UUID | None = None


ANYBODY: Final = OfferedTo()


async def find_certain_hosts(
    work: UnitOfWork, listed: Sequence[EventType]
) -> dict[UUID, list[Schedule]]:
    """The hosts that every booking of each event type has, for event types that have such hosts."""
    needed = {one.id: _needed_schedules(one) for one in listed}
    wanted = list({id_ for ids in needed.values() for id_ in ids})
    found = await find_schedules(work.tenant, wanted) if wanted else {}
    hosts = {id_: one for id_, one in found.items() if one.is_active and one.user_id is not None}
    named = {key: [hosts[id_] for id_ in ids if id_ in hosts] for key, ids in needed.items()}
    return {key: schedules for key, schedules in named.items() if schedules}


def _needed_schedules(event_type: EventType) -> list[UUID]:
    """The schedules that every booking takes."""
    all_of = [one for one in event_type.requirements if one.count == len(one.schedule_ids)]
    return list(dict.fromkeys(id_ for one in all_of for id_ in one.schedule_ids))


async def find_hosts(work: UnitOfWork, event_type: EventType, slug: str | None) -> OfferedHosts:
    """The hosts of an event type. `slug` is the schedule in the page's address; a schedule that
    does not serve the event type is ignored."""
    may_choose = event_type.host_choice is not HostChoice.NONE
    needed = _needed_schedules(event_type)
    schedule_ids = event_type.schedule_ids if may_choose or slug else needed
    if not schedule_ids:
        return OfferedHosts()
    schedules = await find_schedules(work.tenant, schedule_ids)
    active = [
        schedules[id_] for id_ in schedule_ids if id_ in schedules and schedules[id_].is_active
    ]
    return OfferedHosts(
        [one for one in active if one.user_id is not None] if may_choose else [],
        next((one for one in active if slug and one.slug == slug), None),
        [one for one in active if one.id in needed],
    )


async def list_times(
    work: UnitOfWork,
    event_type: EventType,
    slot_range: SlotRange,
    visitor: OfferedTo = ANYBODY,
) -> ListedSlots:
    """The slots that start in the range, ascending; empty if no schedule takes bookings. Raises
    Invalid."""
    if not event_type.requirements:
        return ListedSlots((), slot_range.timezone or "UTC")
    query = event_type_query(event_type, event_type.requirements)
    query = structs.replace(query, own_holds=visitor.own_holds, required_id=visitor.host_id)
    loaded = await load_availability(work, query, slot_range.widest)
    return await find_slots(slots_in(loaded, slot_range))


async def is_offered(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: OfferedTo
) -> bool:
    """Whether the visitor can book the time now."""
    alone = SlotRange(start=starts_at, end=starts_at + timedelta(seconds=1))
    return bool((await list_times(work, event_type, alone, visitor)).slots)


async def list_times_near(
    work: UnitOfWork,
    event_type: EventType,
    starts_at: datetime,
    count: int,
    host_id: UUID | None = None,
) -> list[Slot]:
    """The slots nearest to a time, ascending."""
    for distance in (NEAR, FAR):
        near = SlotRange(start=max(starts_at - distance, work.now), end=starts_at + distance)
        if near.start >= near.end:
            continue
        listed = (await list_times(work, event_type, near, OfferedTo(host_id=host_id))).slots
        if len(listed) >= count or distance is FAR:
            start = int(starts_at.timestamp())
            nearest = sorted(listed, key=lambda slot: abs(slot.start - start))[:count]
            return sorted(nearest)
    return []


async def find_schedule_for(
    work: UnitOfWork, event_type: EventType, starts_at: datetime
) -> UUID | None:
    """The schedule to request where the event type names none: one that is free at that time, if
    any. None if the event type chooses by itself."""
    stored = await event_types.find_event_type(work.tenant, event_type.id)
    if stored is None or stored.requirements or not event_type.requirements:
        return None
    query = event_type_query(event_type, event_type.requirements)
    start = int(starts_at.timestamp())
    loaded = await load_availability(work, query, (starts_at, starts_at + query.duration))
    free = slots(loaded.inputs, Interval(start, start + 1))
    return free[0].schedule_ids[0] if free else event_type.schedule_ids[0]


async def _find_first_schedule(work: UnitOfWork, event_type: EventType) -> Schedule | None:
    ids = event_type.schedule_ids
    return await find_schedule(work.tenant, ids[0]) if ids else None


async def _with_schedules(work: UnitOfWork, event_type: EventType) -> EventType:
    """The event type with its schedules: one without requirements can take any active schedule."""
    if event_type.requirements:
        return event_type
    listed, _ = await list_schedules(work.tenant, is_active=True, limit=MOST_OFFERED, offset=0)
    if not listed:
        return event_type
    any_of = [Requirement(1, [schedule.id for schedule in listed])]
    return structs.replace(event_type, requirements=any_of)
