"""The form for the details of a booking: attendee, location and title."""

from typing import Any, Final

from kalends.domain.booking import Booking, LocationType
from kalends.domain.errors import Invalid
from kalends.domain.rights import Right
from kalends.scheduling.booking_changes import BookingChanges
from kalends.services import bookings
from kalends.web.console.attendees import Details, read_details
from kalends.web.console.booking import OVERTAKEN, stale_page
from kalends.web.console.booking_forms import booking_id_in, form_page, read_posted, url_of
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import refusal_words

PATH: Final = "/bookings/{id}/edit"


async def show_form(request: ConsoleRequest) -> PageAnswer:
    booking: Booking = await request.read(bookings.get_booking, booking_id_in(request))
    return _form_page(request, booking, _as_typed(booking))


async def edit(request: ConsoleRequest) -> PageAnswer:
    posted = await read_posted(request)
    booking, typed = await posted.read_booking(), posted.fields
    details = read_details(typed)
    if details.faults:
        return _form_page(request, booking, typed, 422, faults=details.faults)
    changes = _changes(details, notify=posted.notify)
    try:
        await posted.change(bookings.update_booking, changes)
    except OVERTAKEN as error:
        return await stale_page(request, error)
    except Invalid as error:
        return _form_page(request, booking, typed, 422, problem=refusal_words(error))
    return request.go(url_of(booking.id), done="edited")


def _changes(details: Details, *, notify: bool) -> BookingChanges:
    return BookingChanges(
        notify=notify,
        details=details.of_place(),
        attendee=details.of_attendee(),
    )


def _form_page(
    request: ConsoleRequest, booking: Booking, typed: FormFields, status: int = 200, **more: Any
) -> PageAnswer:
    return form_page(
        request,
        "console/edit.html",
        PATH,
        booking,
        status,
        seen=typed.get("seen") or str(booking.version),
        typed=typed,
        location_types=list(LocationType),
        **{"faults": {}, **more},
    )


def _as_typed(booking: Booking) -> FormFields:
    values = {
        "name": booking.attendee_name,
        "email": booking.attendee_email,
        "phone": booking.attendee_phone,
        "timezone": booking.attendee_timezone,
        "notes": booking.attendee_notes,
        "title": booking.title,
        "location": booking.location,
        "location_type": booking.location_type,
    }
    return FormFields([(name, value) for name, value in values.items() if value])


PAGES: Final = (
    console_route(Right.CHANGE_BOOKINGS, "GET", PATH, show_form),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH, edit),
)
