"""`/api/v1/schedules/{id}/absences` and `/api/v1/users/{id}/absences`: enter, list, settle."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, structs

from kalends.domain import ids
from kalends.domain.absence import AbsenceOwner, Action, CountedAbsence, Decision
from kalends.domain.changes import values_to_change
from kalends.domain.closed_times import ClosedTime
from kalends.domain.errors import Invalid
from kalends.domain.values import Instant, Line
from kalends.formats.absences import (
    AbsenceBody,
    AffectedBookingBody,
    OutcomeBody,
    show_absence,
    show_affected,
    show_outcome,
)
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import absences
from kalends.services.absences import AbsenceChanges
from kalends.web.api.listing import answer_page
from kalends.web.http.answers import DataOf, data, deleted, page_of
from kalends.web.http.call import Call, id_named
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import BOOKING_SCOPES, Handler, Resource, Route

MOST_DECISIONS: Final = 200
ACTIONS: Final = (
    "`reassign`: `schedule_id` takes the booking. `cancel`: it is cancelled. `offer`: the "
    "attendee is asked by mail to choose another time, whatever the notice; until then the "
    "booking keeps its time and has `needs_new_time`. `keep`: it stays as it is."
)


class CreateAbsence(RequestModel, frozen=True):
    start_time: Instant
    end_time: Annotated[Instant, about("The end; after `start_time`, by five years at most.")]
    reason: Annotated[Line | None, Meta(examples=["Ill"])] = None


class UpdateAbsence(RequestModel, frozen=True):
    """What is left out stays as it is; null clears."""

    start_time: Instant | UnsetType = UNSET
    end_time: Instant | UnsetType = UNSET
    reason: Line | None | UnsetType = UNSET


class DecisionInput(RequestModel, frozen=True):
    """What to do with a booking."""

    booking_id: str
    action: Annotated[Action, about(ACTIONS)]
    schedule_id: Annotated[str | None, about("Required for `reassign`.")] = None


class ResolveAbsence(RequestModel, frozen=True):
    decisions: Annotated[list[DecisionInput], Meta(min_length=1, max_length=MOST_DECISIONS)]


async def create_absence(call: Call) -> HttpAnswer:
    """Enter an absence

    The time is busy at once, on the schedule or on all schedules of the user, and holds within it
    end. Existing bookings in that time stay until they are settled; `affected` lists them.
    """
    closed = ClosedTime(**structs.asdict(await call.body(CreateAbsence)))
    return await call.change(
        partial(_answer, status=201), absences.create_absence, _owner_in(call), closed
    )


async def list_absences(call: Call) -> HttpAnswer:
    """List absences

    Sorted by `start_time`, then id.
    """
    use_case = partial(absences.list_absences, owner=_owner_in(call), ends_after=None)
    return await answer_page(call, call.query(PageQuery), use_case, show_absence)


async def get_absence(call: Call) -> HttpAnswer:
    """Get an absence"""
    return _answer(await call.read(absences.get_absence, _owner_in(call), _absence_in(call)))


async def update_absence(call: Call) -> HttpAnswer:
    """Change an absence

    Its busy times change with it.
    """
    parse = partial(_parse_changes, await call.raw_json())
    owner, absence_id = _owner_in(call), _absence_in(call)
    lock = partial(absences.lock_absence, owner=owner, absence_id=absence_id)
    return await call.change(_answer, lock_parse_update(lock, parse, absences.update_absence))


async def delete_absence(call: Call) -> HttpAnswer:
    """Delete an absence

    Its busy times are deleted. Decisions about bookings that were carried out stay as they are.
    """
    return await call.change(
        partial(deleted, ids.ABSENCE), absences.delete_absence, _owner_in(call), _absence_in(call)
    )


async def list_absence_bookings(call: Call) -> HttpAnswer:
    """List the bookings during an absence

    The bookings that overlap the absence now, also those that have begun, each with the schedules
    that could take it and what was decided about it. Sorted by `start_time`, then id. Buffers
    count as part of a booking; each seat of a group session is a booking.
    """
    use_case = partial(absences.list_affected, owner=_owner_in(call), absence_id=_absence_in(call))
    return await answer_page(call, call.query(PageQuery), use_case, show_affected)


async def resolve_absence(call: Call) -> HttpAnswer:
    """Settle the bookings during an absence

    Decisions are carried out one by one, in order, and each attendee gets one mail. Seats of a
    group session that go to the same schedule go together: all of them, or none. Sending the
    request again continues where it stopped: nothing is done twice.
    """
    decisions = [_decision(one) for one in (await call.body(ResolveAbsence)).decisions]
    outcomes = await absences.settle_all(
        call.context, call.caller, _owner_in(call), _absence_in(call), decisions
    )
    return data([show_outcome(one) for one in outcomes])


def _owner_in(call: Call) -> AbsenceOwner:
    """The user or schedule that the path names."""
    if call.scope["route_path"].startswith(_OF_USER):
        return AbsenceOwner(user_id=call.id(ids.USER))
    return AbsenceOwner(schedule_id=call.id(ids.SCHEDULE))


def _absence_in(call: Call) -> UUID:
    return call.id(ids.ABSENCE, "absence_id")


def _parse_changes(body: bytes) -> AbsenceChanges:
    """Raises Invalid."""
    return AbsenceChanges(**values_to_change(read_body(body or b"{}", UpdateAbsence)))


def _decision(body: DecisionInput) -> Decision:
    """Raises Invalid, NotFound."""
    schedule_id = None
    if body.action is Action.REASSIGN:
        if body.schedule_id is None:
            raise Invalid.field("decisions", "need a schedule_id for reassign")
        schedule_id = id_named(ids.SCHEDULE, body.schedule_id)
    booking_id = id_named(ids.BOOKING, body.booking_id)
    return Decision(booking_id=booking_id, action=body.action, schedule_id=schedule_id)


def _answer(absence: CountedAbsence, status: int = 200) -> HttpAnswer:
    return data(show_absence(absence), status)


_OF_USER: Final = "/api/v1/users/"


def _named_by(owner: str) -> Callable[[Handler], Handler]:
    """A decorator that names a handler after the owner in its path. Both paths share the handlers,
    but each API call needs a name of its own."""

    def named(handler: Handler) -> Handler:
        async def handle(call: Call) -> HttpAnswer:
            return await handler(call)

        handle.__name__ = handler.__name__.replace("absence", f"{owner}_absence")
        handle.__doc__ = handler.__doc__
        return handle

    return named


def _routes(path: str, owner: str) -> tuple[Route, ...]:
    named = _named_by(owner)
    call = Resource("Absences", path, BOOKING_SCOPES, item="/{absence_id}")
    answer: Any = DataOf[list[OutcomeBody]]
    return (
        call.list(named(list_absences), AbsenceBody),
        call.create(named(create_absence), AbsenceBody, CreateAbsence),
        call.get(named(get_absence), AbsenceBody),
        call.update(named(update_absence), AbsenceBody, UpdateAbsence),
        call.delete(named(delete_absence)),
        call(
            "GET /{absence_id}/affected",
            named(list_absence_bookings),
            {200: page_of(AffectedBookingBody)},
            query=PageQuery,
        ),
        call(
            "POST /{absence_id}/resolve",
            named(resolve_absence),
            {200: answer},
            body=ResolveAbsence,
            repeatable=True,
        ),
    )


ROUTES: Final[tuple[Route, ...]] = (
    *_routes("/api/v1/schedules/{id}/absences", "schedule"),
    *_routes("/api/v1/users/{id}/absences", "user"),
)
