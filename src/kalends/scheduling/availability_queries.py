"""`AvailabilityQuery`: what to load from the calendars, to list slots or to claim a time."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from kalends.domain.event_type import EventType, Requirement
from kalends.store.availability.calendars import CalendarDetail


class AvailabilityQuery(Struct, frozen=True, kw_only=True):
    """Which schedules are needed, for how long, by which rules, and what to ignore.

    `required_id` has to be among the schedules taken; `preferred_ids` are taken before others.
    Three are ignored as if their time were free: `excluded_booking_id`, the booking that moves;
    `leaving_ids`, bookings that leave their schedule with it; and `own_holds`, the caller's holds.
    `override` asks only whether the time is free and applies no rule. With `keeps_time` another
    schedule takes a time that is booked already, so the rules on when something is booked (grid,
    notice, horizon, the event type's limit) do not apply again. `shared_claim` is the claim that
    an imported seat shares with the others of its session.
    """

    requirements: Sequence[Requirement]
    duration: timedelta
    event_type: EventType | None = None
    step_minutes: int | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    required_id: UUID | None = None
    preferred_ids: Sequence[UUID] = ()
    excluded_booking_id: UUID | None = None
    leaving_ids: Sequence[UUID] = ()
    own_holds: Sequence[UUID] = ()
    override: bool = False
    keeps_time: bool = False
    shared_claim: UUID | None = None

    @property
    def excluded_ids(self) -> Sequence[UUID]:
        """The bookings and holds to ignore: their time counts as free."""
        moving = [self.excluded_booking_id] if self.excluded_booking_id else []
        return [*self.own_holds, *moving, *self.leaving_ids]

    @property
    def schedule_ids(self) -> list[UUID]:
        if len(self.requirements) == 1 and len(self.requirements[0].schedule_ids) == 1:
            return list(self.requirements[0].schedule_ids)
        return sorted({id_ for needed in self.requirements for id_ in needed.schedule_ids})

    @property
    def has_seats(self) -> bool:
        return self.event_type is not None and self.event_type.capacity > 1

    @property
    def needs_known_calendars(self) -> bool:
        """Whether to refuse time for which calendars elsewhere have not been read. True wherever
        there are slots; a booking directly on a schedule, at any start, has none."""
        return self.event_type is not None or self.step_minutes is not None

    @property
    def detail(self) -> CalendarDetail:
        """What to read beside the times: the claim ids, where the query shares a claim."""
        return CalendarDetail.NONE if self.shared_claim is None else CalendarDetail.CLAIMS

    @property
    def is_counted(self) -> bool:
        """Whether bookings of the event type are counted: for its limit, or as seats."""
        has_limit = self.event_type is not None and self.event_type.max_per_day is not None
        return has_limit or self.has_seats

    @property
    def has_times_alone(self) -> bool:
        """Whether it ignores nothing, so that the times suffice and no ids are needed."""
        return not self.excluded_ids and self.detail is CalendarDetail.NONE

    @property
    def needs_calendars_alone(self) -> bool:
        """Whether slots depend on the calendars alone, so that unchanged calendars have unchanged
        slots: nothing is ignored, and no claims of the event type are counted, be it for its
        limit, as seats or for the fair order."""
        has_choice = self.event_type is not None and any(
            len(needed.schedule_ids) > needed.count for needed in self.requirements
        )
        return self.has_times_alone and not self.is_counted and not has_choice


def event_type_query(
    event_type: EventType, requirements: Sequence[Requirement]
) -> AvailabilityQuery:
    """The query by the event type's own duration, buffers and grid."""
    return AvailabilityQuery(
        requirements=requirements,
        duration=timedelta(minutes=event_type.duration_minutes),
        event_type=event_type,
        step_minutes=event_type.slot_step_minutes or event_type.duration_minutes,
        buffer_before=event_type.buffer_before_minutes,
        buffer_after=event_type.buffer_after_minutes,
    )
