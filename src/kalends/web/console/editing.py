"""Changing the details of a booking: who comes, where, and how it is called."""

from typing import Any, Final

from kalends.domain.booking import Booking, LocationType
from kalends.domain.errors import Invalid
from kalends.scheduling.booking_changes import AttendeeChanges, BookingChanges
from kalends.services import bookings
from kalends.web.console.attendees import Details, read_details
from kalends.web.console.booking import (
    OVERTAKEN,
    booking_id_in,
    change_seen,
    form_of_booking,
    notify_in,
    overtaken_page,
    url_of,
)
from kalends.web.console.request import ConsoleRequest, member_route
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

PATH: Final = "/bookings/{id}/edit"


async def show_form(request: ConsoleRequest) -> PageAnswer:
    booking: Booking = await request.read(bookings.get_booking, booking_id_in(request))
    return _form_page(request, booking, _as_typed(booking))


async def edit(request: ConsoleRequest) -> PageAnswer:
    form, booking_id = await request.form(), booking_id_in(request)
    booking: Booking = await request.read(bookings.get_booking, booking_id)
    given = read_details(form)
    if given.faults:
        return _form_page(request, booking, form, 422, faults=given.faults)
    changes = _changes(given, notify=notify_in(form))
    try:
        await change_seen(request, form, bookings.update_booking, changes)
    except OVERTAKEN as error:
        return await overtaken_page(request, error)
    except Invalid as error:
        return _form_page(request, booking, form, 422, problem=error.message)
    return request.go(url_of(booking_id), done="edited")


def _changes(given: Details, *, notify: bool) -> BookingChanges:
    return BookingChanges(
        notify=notify,
        **given.of_place(),
        attendee=AttendeeChanges(**given.of_attendee()),
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
    member_route("GET", PATH, show_form),
    member_route("POST", PATH, edit),
)
