"""Listing slots in a range of time, for the API, booking pages, attendees' links and the console.

`load_slots` reads on a connection; `find_slots` then computes without one.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Final

from msgspec import Struct, structs

from kalends.availability.interval import Interval
from kalends.availability.slot_inputs import SlotInputs
from kalends.availability.slots import Slot, Slots, latest_now
from kalends.domain.errors import Inactive, Invalid
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling import local_time
from kalends.scheduling.availability import (
    LoadedAvailability,
    availability_of,
    load_availability,
    look_at_calendars_of,
)
from kalends.scheduling.kept_slots import KeptSlots, SlotLookup
from kalends.scheduling.slot_queries import SlotPurpose, query_for
from kalends.scheduling.slot_search import may_be_kept, search_slots

# A date in any zone begins and ends at most this far from the same date in UTC.
ZONES_APART: Final = timedelta(hours=15)
# Bytes of 1,500 slots with one schedule each. Longer text, as of slots with many schedules, is
# written again for each request.
LONGEST_TEXT_KEPT: Final = 400_000


class SlotRange(Struct, frozen=True, kw_only=True):
    """The range as the client gave it: instants, or days in `timezone`, by default that of the
    schedule. An `end` that is a day is included; an instant is not."""

    start: date | datetime
    end: date | datetime
    timezone: str | None = None

    @property
    def length(self) -> timedelta:
        """The time between the bounds, whose days are read in UTC."""
        return _midnight(self.end) - _midnight(self.start)

    @property
    def widest(self) -> tuple[datetime, datetime]:
        """A span that contains the range in every time zone: the zone is known after reading."""
        start, end = _midnight(self.start), _midnight(self.end)
        return start - ZONES_APART, end + timedelta(days=1) + ZONES_APART

    def within(self, zone_name: str) -> Interval:
        """The range in epoch seconds, its days read in that zone. Empty for a day that does not
        exist there. Raises Invalid unless it ends after its start."""
        start = self.start if isinstance(self.start, datetime) else _day(self.start, zone_name)[0]
        end = self.end if isinstance(self.end, datetime) else _day(self.end, zone_name)[1]
        is_one_day = self.start == self.end and not isinstance(self.end, datetime)
        if end < start or (end == start and not is_one_day):
            raise Invalid.field("end", "must be after start")
        return Interval(int(start.timestamp()), int(end.timestamp()))


class ListedSlots(Struct, frozen=True):
    """Slots, ascending, in the pieces in which they were found, and the zone in which days were
    read. `texts` is the place for their JSON where the slots are cached; None where they are not.
    """

    pieces: Sequence[Slots]
    zone_name: str
    texts: list[bytes] | None = None

    @property
    def slots(self) -> Sequence[Slot]:
        """All slots in one sequence."""
        return self.pieces[0] if len(self.pieces) == 1 else [*chain.from_iterable(self.pieces)]

    def keep_text(self, text: bytes) -> None:
        """Caches the JSON of these slots with them, if they are cached and it is not too long."""
        if self.texts is not None and len(text) <= LONGEST_TEXT_KEPT:
            self.texts[:] = [text]


class LoadedSlots(Struct, frozen=True):
    """All that the slots depend on, as it was read: inputs, range, and the zone of its days. Slots
    with a `lookup` may be cached under it."""

    inputs: SlotInputs
    span: Interval
    zone_name: str
    lookup: SlotLookup | None = None


_kept: Final = KeptSlots[ListedSlots]()


async def load_slots(
    work: UnitOfWork, purpose: SlotPurpose, slot_range: SlotRange
) -> LoadedSlots | ListedSlots:
    """What the slots that start in the range depend on; or the slots themselves, if they are cached
    and nothing has changed since. Raises NotFound, Inactive, Invalid."""
    query = await query_for(work, purpose)
    span = slot_range.widest
    if not query.needs_calendars_alone:
        return _slots_of(await load_availability(work, query, span), slot_range)
    calendars = await look_at_calendars_of(work, query, span)
    lookup = SlotLookup((work.organization_id, purpose, slot_range), query, calendars)
    kept = _kept.find(lookup, work.now.timestamp())
    if kept is not None:
        return kept
    loaded = _slots_of(await availability_of(work, query, span, calendars), slot_range)
    # A calendar without a mark is not cached: it would be another object the next time.
    may_keep = all(calendar.mark is not None for calendar in calendars)
    return structs.replace(loaded, lookup=lookup) if may_keep else loaded


def _slots_of(loaded: LoadedAvailability, slot_range: SlotRange) -> LoadedSlots:
    _check_active(loaded)
    return slots_in(loaded, slot_range)


def slots_in(loaded: LoadedAvailability, slot_range: SlotRange) -> LoadedSlots:
    """What the slots of the range depend on. Days are read in the zone of the range, else in that
    of the schedules. Raises Invalid."""
    zone_name = slot_range.timezone or loaded.inputs.zone.name
    return LoadedSlots(loaded.inputs, slot_range.within(zone_name), zone_name)


async def find_slots(loaded: LoadedSlots | ListedSlots) -> ListedSlots:
    """Computes the slots that start in the range; needs no connection. Raises Invalid for more than
    20,000."""
    if isinstance(loaded, ListedSlots):
        return loaded
    pieces = await search_slots(loaded.inputs, loaded.span)
    if loaded.lookup is None or not may_be_kept(loaded.inputs, loaded.span):
        return ListedSlots(pieces, loaded.zone_name)
    latest = latest_now(loaded.inputs, loaded.span)
    if latest is None or loaded.inputs.now > latest:
        return ListedSlots(pieces, loaded.zone_name)
    listed = ListedSlots(pieces, loaded.zone_name, texts=[])
    _kept.keep(loaded.lookup, latest, listed)
    return listed


def _check_active(loaded: LoadedAvailability) -> None:
    """Raises NotFound if no schedule exists; Inactive if all of them are inactive, or the required
    one is."""
    loaded.check_schedules()
    inactive = {schedule.id for schedule in loaded.inactive}
    if not loaded.inputs.calendars or loaded.query.required_id in inactive:
        raise Inactive("This schedule is not active; it offers no slots.")


def _midnight(bound: date | datetime) -> datetime:
    if isinstance(bound, datetime):
        return bound
    return datetime(bound.year, bound.month, bound.day, tzinfo=UTC)


def _day(bound: date, zone_name: str) -> tuple[datetime, datetime]:
    return local_time.bounds_of_day(bound, zone_name)
