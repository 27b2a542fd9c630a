"""`/api/v1/holds`: hold a time for some minutes, get a hold, give the time back."""

from functools import partial
from typing import Annotated, Final

from msgspec import Meta, structs

from kalends.domain import ids
from kalends.domain.hold import Hold
from kalends.domain.values import Instant
from kalends.formats.described import about
from kalends.formats.slots import HoldBody, show_hold
from kalends.runtime.idempotency import HttpAnswer
from kalends.scheduling.holds import NewHold
from kalends.services import holds
from kalends.web.api.bookings import RULES
from kalends.web.http.answers import data, deleted
from kalends.web.http.call import Call, id_named
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route

LONGEST_HOLD_MINUTES: Final = 30


class CreateHold(RequestModel, frozen=True):
    """The time, given as for a booking, and how long it is kept."""

    start_time: Instant
    schedule_id: str | None = None
    end_time: Instant | None = None
    event_type_id: str | None = None
    minutes: Annotated[int, Meta(ge=1, le=LONGEST_HOLD_MINUTES)] = 5
    override: Annotated[bool, about("As for a booking; needs the scope `bookings:override`.")] = (
        False
    )


async def create_hold(call: Call) -> HttpAnswer:
    """Hold a time

    Keeps the time for some minutes, while somebody fills in a form. Others get SLOT_TAKEN
    meanwhile; in a group session a hold takes one seat. A booking with this `hold_id` replaces
    the hold.
    """
    new = parse_new(await call.body(CreateHold))
    return await call.change(hold_response, holds.create_hold, new)


async def get_hold(call: Call) -> HttpAnswer:
    """Get a hold"""
    return data(show_hold(await call.read(holds.get_hold, call.id(ids.HOLD))))


async def delete_hold(call: Call) -> HttpAnswer:
    """Release a hold"""
    hold_id = call.id(ids.HOLD)
    return await call.change(partial(deleted, ids.HOLD), holds.delete_hold, hold_id)


def hold_response(hold: Hold) -> HttpAnswer:
    return data(show_hold(hold), 201)


def parse_new(body: CreateHold) -> NewHold:
    """Raises NotFound."""
    values = structs.asdict(body)
    if body.schedule_id is not None:
        values["schedule_id"] = id_named(ids.SCHEDULE, body.schedule_id)
    if body.event_type_id is not None:
        values["event_type_id"] = id_named(ids.EVENT_TYPE, body.event_type_id)
    return NewHold(**values)


_call = Resource("Holds", "/api/v1/holds", BOOKING_SCOPES)

ROUTES: Final[tuple[Route, ...]] = (
    _call.create(create_hold, HoldBody, CreateHold, errors=RULES),
    _call.get(get_hold, HoldBody),
    _call.delete(delete_hold),
)
