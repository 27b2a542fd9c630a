"""Gives a booking to another host, chosen from those who could take it.

In the form, `schedule` takes the booking; `instead_of` is the schedule that it leaves, which is
only needed if it takes several. Dragging a booking to another column is in `moving.py`, as that
may change the time too.
"""

from typing import Any, Final
from uuid import UUID

from kalends.domain.booking import MOVABLE, Booking
from kalends.domain.errors import Inactive, Invalid, NotFound, Refused, SlotTaken
from kalends.domain.ids import SCHEDULE
from kalends.domain.rights import Right
from kalends.scheduling.booking_changes import BookingChanges
from kalends.services import bookings
from kalends.translation import gettext
from kalends.web.console.booking import OVERTAKEN, stale_page
from kalends.web.console.booking_forms import booking_id_in, form_page, read_posted
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.http.call import id_named
from kalends.web.http.errors import status_of
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import refusal_words

PATH: Final = "/bookings/{id}/reassign"


async def show_candidates(request: ConsoleRequest) -> PageAnswer:
    return await _page(request)


async def reassign(request: ConsoleRequest) -> PageAnswer:
    """Gives the booking to another schedule; if that is refused, the page says why."""
    posted = await read_posted(request)
    booking = await posted.read_booking()
    try:
        taken = _schedules_in(posted.fields, booking)
        changes = BookingChanges(schedule_ids=taken, notify=posted.notify)
        await posted.change(bookings.update_booking, changes)
    except OVERTAKEN as error:
        return await stale_page(request, error)
    except (SlotTaken, Refused, Inactive, Invalid, NotFound) as error:
        return await _page(request, status_of(error), problem=refusal_words(error))
    return posted.done("reassigned")


def _schedules_in(form: FormFields, booking: Booking) -> list[UUID]:
    """All schedules that the booking is to take. Raises Invalid, NotFound."""
    if not form.text("schedule"):
        raise Invalid(gettext("Please choose who takes it."))
    chosen = id_named(SCHEDULE, form.text("schedule"))
    leaving = booking.schedule_id
    if form.text("instead_of"):
        leaving = id_named(SCHEDULE, form.text("instead_of"))
    return [chosen if id_ == leaving else id_ for id_ in booking.schedule_ids]


async def _page(request: ConsoleRequest, status: int = 200, **more: Any) -> PageAnswer:
    booking_id = booking_id_in(request)
    booking: Booking = await request.read(bookings.get_booking, booking_id)
    is_open = booking.status in MOVABLE
    candidates = await request.read(bookings.list_candidates, booking_id) if is_open else []
    return form_page(
        request, "console/reassign.html", PATH, booking, status, candidates=candidates, **more
    )


PAGES: Final = (
    console_route(Right.CHANGE_BOOKINGS, "GET", PATH, show_candidates),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH, reassign),
)
