"""One booking: how it stands, all that happened to it, and what can be done with it."""

from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import json

from kalends.domain.booking import MOVABLE, TRANSITIONS, Booking, Status
from kalends.domain.errors import InvalidTransition, NotFound, NotReschedulable, Stale
from kalends.domain.ids import BOOKING, decode_id, encode_id
from kalends.domain.rights import Right
from kalends.domain.values import Text
from kalends.runtime.if_match import IfMatch
from kalends.scheduling.booking_changes import BookingChanges, Cancellation, ChangeableBooking
from kalends.services import bookings
from kalends.services.booking_histories import History, get_history
from kalends.translation import gettext
from kalends.web.console.history import entries_of
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.http.errors import status_of
from kalends.web.http.locked_changes import Update, lock_update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.booking_form import is_accepted
from kalends.web.pages.faults import STALE, UNFIT
from kalends.web.pages.forms import FormFields
from kalends.web.pages.labelled_answers import answers_of

Changes = TypeVar("Changes")

PATH: Final = "/bookings/{id}"
# What a button sets; cancelling asks for a reason, so it is a form of its own.
SETTABLE: Final = (Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW)
# Somebody was faster: the page shows how the booking stands by now.
OVERTAKEN: Final = (InvalidTransition, NotReschedulable, Stale)


async def show_booking(request: ConsoleRequest) -> PageAnswer:
    return await booking_page(request)


async def set_status(request: ConsoleRequest) -> PageAnswer:
    """Confirms, completes, or notes that nobody came."""
    form, booking_id = await request.form(), booking_id_in(request)
    status = next((one for one in SETTABLE if one.value == form.get("status")), None)
    if status is None:
        return await booking_page(
            request, 422, problem=gettext("This is no status that can be set here.")
        )
    changes = BookingChanges(status=status, notify=notify_in(form))
    try:
        await change_if_unchanged(request, form, bookings.update_booking, changes)
    except OVERTAKEN as error:
        return await stale_page(request, error)
    has_mail = status is Status.CONFIRMED
    return request.go(
        url_of(booking_id), done=name_of_done(form, status) if has_mail else status.value
    )


async def cancel(request: ConsoleRequest) -> PageAnswer:
    """Cancels or rejects, with the reason that the attendee will read."""
    form, booking_id = await request.form(), booking_id_in(request)
    reason = form.text("reason") or None
    if reason is not None and not is_accepted(reason, Text):
        return await booking_page(
            request,
            422,
            problem=str(UNFIT),
        )
    cancellation = Cancellation(reason=reason, notify=notify_in(form))
    try:
        await change_if_unchanged(request, form, bookings.cancel_booking, cancellation)
    except OVERTAKEN as error:
        return await stale_page(request, error)
    return request.go(url_of(booking_id), done=name_of_done(form, Status.CANCELLED))


async def change_if_unchanged(
    request: ConsoleRequest,
    form: FormFields,
    change: Update[ChangeableBooking, Changes, Booking],
    changes: Changes,
) -> None:
    """Changes the booking that the path names, as it was when the form was made. Raises Stale for
    another version, and what `change` raises."""
    booking_id = booking_id_in(request)
    lock = partial(bookings.get_changeable, booking_id=booking_id, if_match=version_in(form))
    await request.change(lock_update(lock, change, changes))


async def booking_page(request: ConsoleRequest, status: int = 200, **more: Any) -> PageAnswer:
    """The booking with its whole history. Raises NotFound."""
    history: History = await request.read(get_history, booking_id_in(request))
    booking = history.booking
    return request.page(
        "console/booking.html",
        "bookings",
        status,
        history=history,
        booking=booking,
        path=url_of(booking.id),
        entries=entries_of(
            history.events, dict(history.actors), request.zone, request.page_request.locale
        ),
        next_statuses=_next_statuses(booking, request.page_request.context.clock()),
        may_cancel=Status.CANCELLED in TRANSITIONS[booking.status],
        may_move=booking.status in MOVABLE,
        may_reassign=booking.status in MOVABLE and request.sees_several,
        answers=answers_of(history.booking, history.event_type),
        metadata=json.decode(booking.metadata),
        attempts={d.id: json.decode(d.attempts) for d, _ in history.deliveries},
        **more,
    )


def _next_statuses(booking: Booking, now: datetime) -> list[Status]:
    """What the booking may be set to; how it went, only once it has begun."""
    offered = SETTABLE if booking.start_time <= now else (Status.CONFIRMED,)
    return [one for one in offered if one in TRANSITIONS[booking.status]]


async def stale_page(request: ConsoleRequest, error: Any) -> PageAnswer:
    """The booking as it stands by now, and that it was changed meanwhile."""
    problem = str(STALE) if isinstance(error, Stale) else error.message
    status = 409 if isinstance(error, Stale) else status_of(error)
    return await booking_page(request, status, problem=problem)


def booking_id_in(request: ConsoleRequest) -> UUID:
    """Raises NotFound for what cannot be one."""
    booking_id = decode_id(BOOKING, request.path("id"))
    if booking_id is None:
        raise NotFound.with_id(BOOKING, request.path("id"))
    return booking_id


def form_of_booking(
    request: ConsoleRequest, form: str, booking: Booking, status: int, **values: Any
) -> PageAnswer:
    """A form about the booking, which is the template of that name."""
    return request.page(
        f"console/{form}.html",
        "bookings",
        status,
        booking=booking,
        booking_id=encode_id(BOOKING, booking.id),
        path=url_of(booking.id),
        **values,
    )


def url_of(booking_id: UUID) -> str:
    return f"/bookings/{encode_id(BOOKING, booking_id)}"


def notify_in(form: FormFields) -> bool:
    """Whether mail is sent about the change: unless the form says `notify=no`."""
    return form.get("notify") != "no"


def name_of_done(form: FormFields, done: str) -> str:
    """What was done, by its words: for a change without mail, the ones that do not mention it."""
    return done if notify_in(form) else f"{done}.quiet"


def version_in(form: FormFields) -> IfMatch:
    """The version that the form was made for; any, where it says none."""
    text = form.text("seen")
    is_version = text.isascii() and text.isdigit() and len(text) < 10
    return frozenset({int(text)}) if is_version else None


PAGES: Final = (
    console_route(Right.SEE_BOOKINGS, "GET", PATH, show_booking),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH + "/status", set_status),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH + "/cancel", cancel),
)
