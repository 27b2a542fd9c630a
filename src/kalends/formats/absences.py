"""The public JSON of absences."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.absence import Action, AffectedBooking, CountedAbsence, Decided, Outcome, Result
from kalends.formats.bookings import BookingBody, show_booking
from kalends.formats.described import about
from kalends.formats.fields import fields_of

RESULTS: Final = (
    "`done`, also if it was done before; `unaffected` if the absence no longer overlaps the "
    "booking; `failed`."
)


class AbsenceBody(Struct, frozen=True):
    """A time in which a person or a schedule is away."""

    id: Annotated[str, Meta(examples=["abs_0352lF5NnllfIJ66lPpfc3"])]
    user_id: Annotated[
        str | None,
        about("The user who is away, on all of the user's schedules; null if only a schedule is."),
    ]
    schedule_ids: list[str]
    start_time: datetime
    end_time: datetime
    reason: Annotated[str | None, about("For your own use; attendees do not see it.")]
    busy_time_ids: Annotated[list[str], about("The busy times that close the time.")]
    affected_total: Annotated[int, about("How many PENDING or CONFIRMED bookings overlap it now.")]
    open_total: Annotated[int, about("How many of these still need a decision.")]
    created_at: datetime


class DecisionBody(Struct, frozen=True):
    """What was decided about a booking."""

    action: Action
    schedule_id: str | None
    decided_at: datetime


class AffectedBookingBody(Struct, frozen=True):
    """A booking that an absence overlaps, and the schedules that could take it."""

    booking: BookingBody
    absent_schedule_id: Annotated[str, about("The schedule that is away.")]
    alternatives: Annotated[
        list[str],
        about(
            "Schedules of the same requirement that are free at that time, in the order in which "
            "they would get bookings; for a group session, those with room for all its seats."
        ),
    ]
    decision: DecisionBody | None


class OutcomeErrorBody(Struct, frozen=True):
    """Why it failed."""

    code: str
    message: str


class OutcomeBody(Struct, frozen=True):
    """The result of a decision."""

    booking_id: str
    result: Annotated[Result, about(RESULTS)]
    error: OutcomeErrorBody | None


def show_absence(counted: CountedAbsence) -> dict[str, Any]:
    """The fields of `AbsenceBody`, ready to encode."""
    absence = counted.absence
    return fields_of(
        AbsenceBody,
        absence,
        {"id": ids.ABSENCE, "user_id": ids.USER},
        schedule_ids=[ids.encode_id(ids.SCHEDULE, id_) for id_ in absence.schedule_ids],
        busy_time_ids=[ids.encode_id(ids.BUSY_TIME, id_) for id_ in counted.busy_time_ids],
        affected_total=counted.affected_total,
        open_total=counted.open_total,
    )


def show_affected(affected: AffectedBooking) -> dict[str, Any]:
    """The fields of `AffectedBookingBody`, ready to encode."""
    return {
        "booking": show_booking(affected.booking),
        "absent_schedule_id": ids.encode_id(ids.SCHEDULE, affected.absent_id),
        "alternatives": [ids.encode_id(ids.SCHEDULE, id_) for id_ in affected.alternatives],
        "decision": _decision(affected.decided),
    }


def show_outcome(outcome: Outcome) -> OutcomeBody:
    error = None
    if outcome.code is not None:
        error = OutcomeErrorBody(outcome.code, outcome.message or "")
    return OutcomeBody(ids.encode_id(ids.BOOKING, outcome.booking_id), outcome.result, error)


def _decision(decided: Decided | None) -> DecisionBody | None:
    if decided is None:
        return None
    schedule_id = ids.encode_id_or_none(ids.SCHEDULE, decided.schedule_id)
    return DecisionBody(decided.action, schedule_id, decided.decided_at)
