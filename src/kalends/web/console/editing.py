"""Changing the details of a booking: who comes, where, and how it is called."""

from typing import Any, Final

from kalends.domain.booking import Booking, LocationType
from kalends.domain.errors import Invalid
from kalends.domain.rights import Right
from kalends.scheduling.booking_changes import AttendeeChanges, BookingChanges
from kalends.services import bookings
from kalends.web.console.attendees import Details, read_details
from kalends.web.console.booking import (
    OVERTAKEN,
    booking_id_in,
    change_if_unchanged,
    form_of_booking,
    notify_in,
    stale_page,
    url_of,
)
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

PATH: Final = "/bookings/{id}/edit"


async def show_form(request: ConsoleRequest) -> PageAnswer:
    booking: Booking = await request.read(bookings.get_booking, booking_id_in(request))
    return _form_page(request, booking, _as_typed(booking))


async def edit(request: ConsoleRequest) -> PageAnswer:
    form, booking_id = await request.form(), booking_id_in(request)
    booking: Booking = await request.read(bookings.get_booking, booking_id)
    details = read_details(form)
    if details.faults:
        return _form_page(request, booking, form, 422, faults=details.faults)
    changes = _changes(details, notify=notify_in(form))
    try:
        await change_if_unchanged(request, form, bookings.update_booking, changes)
    except OVERTAKEN as error:
        return await stale_page(request, error)
    except Invalid as error:
        return _form_page(request, booking, form, 422, problem=error.message)
    return request.go(url_of(booking_id), done="edited")


def _changes(details: Details, *, notify: bool) -> BookingChanges:
    return BookingChanges(
        notify=notify,
        **details.of_place(),
        attendee=AttendeeChanges(**details.of_attendee()),
    )


def _form_page(
    request: ConsoleRequest, booking: Booking, typed: FormFields, status: int = 200, **more: Any
) -> PageAnswer:
    return form_of_booking(
        request,
        "edit",
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
