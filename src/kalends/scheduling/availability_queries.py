"""What is loaded of the calendars, for slots to list or for a time to claim."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from kalends.domain.event_type import EventType, Requirement
from kalends.store.availability.calendars import CalendarDetail


class AvailabilityQuery(Struct, frozen=True, kw_only=True):
    """What is loaded of the calendars.

    `required_id` has to be among the schedules taken, `preferred_ids` are taken before others,
    `excluded_booking_id` is the booking that moves, `leaving_ids` are bookings that go with it,
    `own_holds` are those of the caller. `override` asks whether the time is free, and no rule.
    With `keeps_time` the time is booked already and another schedule takes it: the rules on when
    something is booked (grid, notice, horizon, the event type's limit) were asked then.
    `shared_claim` is one that an imported seat shares with the others of its session.
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
        """The bookings and holds that are in nobody's way."""
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
        """Whether time is refused of which the calendars are not known: wherever slots are, which a
        booking directly on a schedule, at any start, has none of."""
        return self.event_type is not None or self.step_minutes is not None

    @property
    def detail(self) -> CalendarDetail:
        """What has to be read to know whose a time is: the claims, where one is shared."""
        return CalendarDetail.NONE if self.shared_claim is None else CalendarDetail.CLAIMS

    @property
    def is_counted(self) -> bool:
        """Whether bookings of the event type are counted: for its limit, or as seats."""
        has_limit = self.event_type is not None and self.event_type.max_per_day is not None
        return has_limit or self.has_seats

    @property
    def has_times_alone(self) -> bool:
        """Whether all times of the calendars are looked at, whosever they are."""
        return not self.excluded_ids and self.detail is CalendarDetail.NONE

    @property
    def needs_calendars_alone(self) -> bool:
        """Whether slots follow from the calendars of the schedules: nothing is left out of them,
        and no claims of the event type are counted, for its limit, as seats or for whose turn it
        is."""
        has_choice = self.event_type is not None and any(
            len(needed.schedule_ids) > needed.count for needed in self.requirements
        )
        return self.has_times_alone and not self.is_counted and not has_choice


def event_type_query(
    event_type: EventType, requirements: Sequence[Requirement]
) -> AvailabilityQuery:
    """The query that an event type asks by its own rules."""
    return AvailabilityQuery(
        requirements=requirements,
        duration=timedelta(minutes=event_type.duration_minutes),
        event_type=event_type,
        step_minutes=event_type.slot_step_minutes or event_type.duration_minutes,
        buffer_before=event_type.buffer_before_minutes,
        buffer_after=event_type.buffer_after_minutes,
    )
