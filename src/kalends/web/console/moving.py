"""Moving a booking to one of its free times, or to any other day and time.

The calendar's script posts the same form after a booking was dragged and the user has confirmed.
In a day with several schedules, that may also move it to another host.
"""

from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, UnsetType

from kalends.domain.booking import MOVABLE
from kalends.domain.errors import Inactive, Invalid, NotFound, Refused, SlotTaken
from kalends.domain.ids import SCHEDULE, decode_id
from kalends.domain.rights import Right
from kalends.domain.scopes import Scope
from kalends.scheduling.booking_changes import BookingChanges
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.services import bookings
from kalends.web.console.booking import OVERTAKEN, stale_page
from kalends.web.console.booking_forms import booking_id_in, form_page, read_posted
from kalends.web.console.moments import AmbiguousTime, moment_in
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.times import PickerParameters, pick_time
from kalends.web.http.errors import status_of
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import refusal_words

PATH: Final = "/bookings/{id}/reschedule"


async def show_times(request: ConsoleRequest) -> PageAnswer:
    return await _times_page(request)


async def move(request: ConsoleRequest) -> PageAnswer:
    """Moves the booking; if that is refused, the page says why."""
    posted = await read_posted(request)
    form = posted.fields
    try:
        starts_at = moment_in(form, request.zone)
        changes = BookingChanges(
            start_time=starts_at,
            schedule_ids=await _schedules_in(request, form),
            override=may_override(request, form),
            notify=posted.notify,
        )
        await posted.change(bookings.update_booking, changes)
    except OVERTAKEN as error:
        return await stale_page(request, error)
    except AmbiguousTime as error:
        return await _times_page(
            request, 422, form, problem=refusal_words(error), twice=error.instants
        )
    except (SlotTaken, Refused, Inactive, Invalid) as error:
        return await _times_page(request, status_of(error), form, problem=refusal_words(error))
    return posted.done("moved")


async def _schedules_in(request: ConsoleRequest, form: FormFields) -> list[UUID] | UnsetType:
    """All schedules of the booking after it moves `from` one of them to `schedule`; UNSET if it
    stays on the same ones."""
    new_id, old_id = (decode_id(SCHEDULE, form.get(name, "")) for name in ("schedule", "from"))
    if new_id is None or old_id is None or new_id == old_id:
        return UNSET
    booking = await request.read(bookings.get_booking, booking_id_in(request))
    return [new_id if id_ == old_id else id_ for id_ in booking.schedule_ids]


def may_override(request: ConsoleRequest, form: FormFields) -> bool:
    """Whether the booking is made past the rules, as the form of an admin may say."""
    return form.get("override") == "yes" and Scope.ALL.value in request.page_request.caller.scopes


async def _times_page(
    request: ConsoleRequest, status: int = 200, typed: FormFields | None = None, **more: Any
) -> PageAnswer:
    booking_id = booking_id_in(request)
    booking = await request.read(bookings.get_booking, booking_id)
    values: dict[str, Any] = {"twice": []} | more
    picker = None
    if booking.status in MOVABLE:
        try:
            picker = await pick_time(
                request, SlotPurpose(booking_id=booking_id), booking.start_time
            )
        except (Inactive, NotFound) as error:
            values.setdefault("problem", refusal_words(error))
    return form_page(
        request,
        "console/move.html",
        PATH,
        booking,
        status,
        picker=picker,
        carried=PickerParameters(),
        may_move=booking.status in MOVABLE,
        typed=typed or FormFields([]),
        now=clock_words.seconds_of(request.page_request.context.clock()),
        **values,
    )


PAGES: Final = (
    console_route(Right.CHANGE_BOOKINGS, "GET", PATH, show_times),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH, move),
)
