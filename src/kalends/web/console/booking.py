"""The page of one booking: its state, its history, and the buttons that change it."""

from datetime import datetime
from typing import Any, Final

from msgspec import json

from kalends.domain.booking import MOVABLE, TRANSITIONS, Booking, Status
from kalends.domain.errors import InvalidTransition, NotReschedulable, NotSaved, Stale
from kalends.domain.mail import MailKind
from kalends.domain.rights import Right
from kalends.domain.values import Text
from kalends.formats.calendar_words import FINDINGS, RESOLUTIONS
from kalends.scheduling.booking_changes import BookingChanges, Cancellation, ChangeableBooking
from kalends.services import bookings
from kalends.services.booking_histories import History, get_history
from kalends.translation import gettext
from kalends.web.console.booking_forms import (
    Changes,
    PostedForm,
    booking_id_in,
    is_attendee_mailed,
    read_posted,
    url_of,
)
from kalends.web.console.history import entries_of
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.http.errors import status_of
from kalends.web.http.locked_changes import Update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.booking_form import is_accepted
from kalends.web.pages.faults import STALE, UNFIT
from kalends.web.pages.labelled_answers import answers_of
from kalends.web.pages.refusals import refusal_words

PATH: Final = "/bookings/{id}"
# The statuses that a button sets. Cancelling asks for a reason, so it has a form of its own.
SETTABLE: Final = (Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW)
# Raised when somebody else has changed the booking first; the page then shows its current state.
OVERTAKEN: Final = (InvalidTransition, NotReschedulable, Stale)


async def show_booking(request: ConsoleRequest) -> PageAnswer:
    return await booking_page(request)


async def set_status(request: ConsoleRequest) -> PageAnswer:
    """Confirms or completes the booking, or marks it as a no-show."""
    posted = await read_posted(request)
    status = next((one for one in SETTABLE if one.value == posted.fields.get("status")), None)
    if status is None:
        return await booking_page(
            request, 422, problem=gettext("This is no status that can be set here.")
        )
    changes = BookingChanges(status=status, notify=posted.notify)
    if refusal := await _change(posted, bookings.update_booking, changes):
        return refusal
    if status is not Status.CONFIRMED:
        return request.go(url_of(posted.booking_id), done=status)
    booking = await posted.read_booking()
    is_mailed = await is_attendee_mailed(request, booking, MailKind.CONFIRMED)
    return posted.done(status, is_mailed=is_mailed)


async def cancel(request: ConsoleRequest) -> PageAnswer:
    """Cancels the booking, or rejects a request, with a reason that the attendee will read."""
    posted = await read_posted(request)
    reason = posted.fields.text("reason") or None
    if reason is not None and not is_accepted(reason, Text):
        return await booking_page(request, 422, problem=str(UNFIT), reason=reason)
    changes = Cancellation(reason=reason, notify=posted.notify)
    if refusal := await _change(posted, bookings.cancel_booking, changes, reason=reason):
        return refusal
    return posted.done(Status.CANCELLED)


async def _change(
    posted: PostedForm,
    change: Update[ChangeableBooking, Changes, Booking],
    changes: Changes,
    **typed: Any,
) -> PageAnswer | None:
    """Changes the booking, or answers with the page that says why it was not changed, and shows
    what was typed."""
    try:
        await posted.change(change, changes)
    except OVERTAKEN as error:
        return await stale_page(posted.request, error)
    except NotSaved:
        return await booking_page(posted.request, 422, **typed)
    return None


async def booking_page(request: ConsoleRequest, status: int = 200, **more: Any) -> PageAnswer:
    """The booking with its whole history; `reason` is what was typed for a cancellation. Raises
    NotFound."""
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
        finding_words=FINDINGS,
        resolution_words=RESOLUTIONS,
        answers=answers_of(history.booking, history.event_type),
        metadata=json.decode(booking.metadata),
        call=None if booking.video is None else json.decode(booking.video),
        attempts={d.id: json.decode(d.attempts) for d, _ in history.deliveries},
        **({"reason": None} | more),
    )


def _next_statuses(booking: Booking, now: datetime) -> list[Status]:
    """The statuses that the booking may be set to; COMPLETED and NO_SHOW only once it has begun."""
    offered = SETTABLE if booking.start_time <= now else (Status.CONFIRMED,)
    return [status for status in offered if status in TRANSITIONS[booking.status]]


async def stale_page(request: ConsoleRequest, error: Any) -> PageAnswer:
    """The booking in its current state, with the message that it was changed meanwhile."""
    problem = str(STALE) if isinstance(error, Stale) else refusal_words(error)
    status = 409 if isinstance(error, Stale) else status_of(error)
    return await booking_page(request, status, problem=problem)


PAGES: Final = (
    console_route(Right.SEE_BOOKINGS, "GET", PATH, show_booking),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH + "/status", set_status),
    console_route(Right.CHANGE_BOOKINGS, "POST", PATH + "/cancel", cancel),
)
