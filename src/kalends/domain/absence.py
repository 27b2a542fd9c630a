"""An absence: a time in which a person, or a schedule, is away, and what is decided about the
bookings that it meets."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from kalends.domain.booking import Booking


class Action(StrEnum):
    """What is done with a booking. `reassign`: another host takes it. `cancel`: it is cancelled.
    `offer`: the attendee is asked to choose another time. `keep`: it stays as it is."""

    REASSIGN = "reassign"
    CANCEL = "cancel"
    OFFER = "offer"
    KEEP = "keep"


class Absence(Struct, frozen=True, kw_only=True):
    """As it is stored. `user_id` is whose it is, on all the schedules that were the user's then;
    None is an absence of the one schedule."""

    id: UUID
    user_id: UUID | None
    schedule_ids: list[UUID]
    start_time: datetime
    end_time: datetime
    reason: str | None
    created_at: datetime


class AbsenceOwner(Struct, frozen=True, kw_only=True):
    """Whose absences: those that a schedule has, or those entered for a user. Neither: all."""

    schedule_id: UUID | None = None
    user_id: UUID | None = None

    def owns(self, absence: Absence) -> bool:
        has_schedule = self.schedule_id is None or self.schedule_id in absence.schedule_ids
        return has_schedule and self.user_id in (None, absence.user_id)


class CountedAbsence(Struct, frozen=True, kw_only=True):
    """An absence with its busy times, and how many bookings it meets: in all, and of those how
    many nothing was decided about yet."""

    absence: Absence
    busy_time_ids: list[UUID]
    affected_total: int
    open_total: int


class Decision(Struct, frozen=True, kw_only=True):
    """What is to be done with a booking; `schedule_id` takes it where it is reassigned."""

    booking_id: UUID
    action: Action
    schedule_id: UUID | None = None


class Decided(Struct, frozen=True):
    """What was decided, and when."""

    action: Action
    schedule_id: UUID | None
    decided_at: datetime

    def is_of(self, decision: Decision) -> bool:
        return (self.action, self.schedule_id) == (decision.action, decision.schedule_id)


class AffectedBooking(Struct, frozen=True, kw_only=True):
    """A booking that an absence meets. `alternatives` are the schedules that could take it in
    place of `absent_id`, who is next first; of a group session, its seats as a whole."""

    booking: Booking
    absent_id: UUID
    alternatives: list[UUID]
    decided: Decided | None


class Result(StrEnum):
    """`unaffected`: the absence no longer overlaps the booking, so nothing was done."""

    DONE = "done"
    UNAFFECTED = "unaffected"
    FAILED = "failed"


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a decision; code and message of the error where it failed."""

    booking_id: UUID
    result: Result
    code: str | None = None
    message: str | None = None
