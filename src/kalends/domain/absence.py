"""Absences: when a person or a schedule is away, and the decisions about the bookings affected."""

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
    """A stored absence. With a `user_id` it covers all schedules that belonged to the user when it
    was entered; None is an absence of a single schedule."""

    id: UUID
    user_id: UUID | None
    schedule_ids: list[UUID]
    start_time: datetime
    end_time: datetime
    reason: str | None
    created_at: datetime


class AbsenceOwner(Struct, frozen=True, kw_only=True):
    """A filter of absences: those of a schedule, those entered for a user, or all."""

    schedule_id: UUID | None = None
    user_id: UUID | None = None

    def owns(self, absence: Absence) -> bool:
        has_schedule = self.schedule_id is None or self.schedule_id in absence.schedule_ids
        return has_schedule and self.user_id in (None, absence.user_id)


class CountedAbsence(Struct, frozen=True, kw_only=True):
    """An absence with its busy times, the number of bookings that it affects, and how many of these
    are not decided yet (`open_total`)."""

    absence: Absence
    busy_time_ids: list[UUID]
    affected_total: int
    open_total: int


class Decision(Struct, frozen=True, kw_only=True):
    """What to do with an affected booking; `schedule_id` is the one to reassign it to."""

    booking_id: UUID
    action: Action
    schedule_id: UUID | None = None


class Decided(Struct, frozen=True):
    """A decision that was carried out, and when."""

    action: Action
    schedule_id: UUID | None
    decided_at: datetime

    def is_of(self, decision: Decision) -> bool:
        return (self.action, self.schedule_id) == (decision.action, decision.schedule_id)


class AffectedBooking(Struct, frozen=True, kw_only=True):
    """A booking that an absence affects. `alternatives` are the schedules that could take it in
    place of `absent_id`, in the order of assignment; for a seat, those that could take all seats
    of its group session."""

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
    """The result of carrying out a decision, with the error's code and message if it failed."""

    booking_id: UUID
    result: Result
    code: str | None = None
    message: str | None = None
