"""Booking a chosen time: the hold, the form, and what happens when the form is posted.

Only a POST makes a hold, so that whatever only follows links (a prefetch, a robot, the scanner of a
mail program) takes no time from anybody.
"""

import secrets
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from kalends.availability.wallclock import Zone
from kalends.domain.booking import changeable_until
from kalends.domain.errors import (
    HoldExpired,
    Inactive,
    Invalid,
    KalendsError,
    RateLimited,
    Refused,
    SlotTaken,
)
from kalends.domain.hold import Hold
from kalends.domain.ids import HOLD, decode_id, encode_id
from kalends.domain.mail import MailKind
from kalends.scheduling.booking_creation import NewBooking
from kalends.services.booking_pages import bookings, drafts, holds, offers
from kalends.services.booking_pages.bookings import Booked, BookingRates, FormSubmission
from kalends.translation import gettext, ngettext
from kalends.web.http.errors import error_headers, status_of
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.booking_form import (
    FilledForm,
    asks_notes,
    asks_phone,
    faults_of_numbers,
    field_of,
    needs_notes,
    needs_phone,
    read_booking_form,
    typed_values,
)
from kalends.web.pages.forms import FormFields
from kalends.web.pages.limits import PageAction, count_attempt
from kalends.web.pages.picker import TimeChoice, start_in
from kalends.web.pages.refusals import refusal_words
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import Framing, open_route
from kalends.web.public import revisits
from kalends.web.public.given import begin_form, campaign_in
from kalends.web.public.offers import Offer, open_offer, times_page
from kalends.web.public.paths import EVENT_TYPE_PATH
from kalends.web.public.visitors import Visitor

FORM_ID_BYTES: Final = 12
# Errors that mean that the time is not free any more, for whatever reason.
NOT_FREE: Final = (SlotTaken, Refused, Inactive)


async def hold_time(request: PageRequest) -> PageAnswer:
    """Holds the chosen time and redirects to the form; if it is taken, shows free times near it."""
    form = await request.form()
    offer = await open_offer(request, request.query)
    if offer.needs_host:
        return redirect(offer.carried.to(offer.path))
    count_attempt(request, PageAction.HOLD)
    starts_at, visitor = start_in(form), Visitor.known_or_new(request)
    if offer.lost_host:
        return await _show_gone(offer, starts_at, None)
    try:
        hold = await offer.request.change(
            holds.hold_by_page,
            offer.event_type,
            starts_at,
            _hold_in(form),
            visitor.id,
            offer.host_id,
        )
    except NOT_FREE as error:
        return await _show_gone(offer, starts_at, error)
    to = offer.carried.to(
        f"{offer.path}/book", start=form.text("start"), hold=encode_id(HOLD, hold.id)
    )
    return redirect(to, visitor.remember(request))


async def choose_another_time(request: PageRequest) -> PageAnswer:
    """Redirects back to the times; what was typed so far is kept, right or wrong."""
    form = await request.form()
    offer = await open_offer(request, request.query)
    count_attempt(request, PageAction.HOLD)
    visitor = Visitor.known_or_new(request)
    await _keep_typed(offer, visitor, form)
    day = _local_day(start_in(form), await offer.zone())
    to = offer.carried.to(offer.path, day=day, hold=form.get("hold"))
    return redirect(to, visitor.remember(request))


async def _keep_typed(offer: Offer, visitor: Visitor, form: FormFields) -> None:
    if visitor.id is not None:
        typed = typed_values(form, offer.event_type)
        await offer.request.change(drafts.save_draft, offer.event_type, visitor.id, typed)


async def show_times_instead(request: PageRequest) -> PageAnswer:
    """Redirects a visitor who opens a URL that only takes posted forms."""
    offer = await open_offer(request, request.query)
    return redirect(offer.carried.to(offer.path))


async def show_form(request: PageRequest) -> PageAnswer:
    """The form for the time in the URL, which a link from elsewhere may open without a hold."""
    offer = await open_offer(request, request.query)
    if not request.query.text("start") or offer.needs_host:
        return redirect(offer.carried.to(offer.path))
    starts_at, named = start_in(request.query), _hold_in(request.query)
    hold = await _find_hold(offer, starts_at, named)
    if (
        hold is None
        and named is not None
        and await revisits.is_hold_booked(offer, starts_at, named)
    ):
        return await revisits.show_booked(offer, starts_at)
    offered_to = await offer.offered_to(named)
    if hold is None and not await offer.request.read(
        offers.is_offered, offer.event_type, starts_at, offered_to
    ):
        if await revisits.own_booking(offer, starts_at) is not None:
            return await revisits.show_booked(offer, starts_at)
        return await _show_gone(offer, starts_at, None)
    typed = begin_form(offer.carried.given, offer.event_type, await _kept_typed(offer))
    return await _form_page(offer, starts_at, hold, typed, had_hold=named is not None)


async def _find_hold(offer: Offer, starts_at: datetime, named: UUID | None) -> Hold | None:
    """The visitor's hold of that time: the one that the URL names, or one from another tab."""
    request, event_type, visitor = offer.request, offer.event_type, offer.visitor.id
    hold: Hold | None = None
    if named is not None:
        hold = await request.read(holds.find_live_hold, event_type, starts_at, named)
    if hold is None and visitor is not None:
        hold = await request.read(holds.find_own_hold, event_type, starts_at, visitor)
    if hold is not None and offer.host_id not in (None, *hold.schedule_ids):
        return None
    return hold


async def _kept_typed(offer: Offer) -> FormFields:
    """What the visitor has typed into the form before."""
    if offer.visitor.id is None:
        return FormFields([])
    read = offer.request.read
    return FormFields(list(await read(drafts.find_draft, offer.event_type, offer.visitor.id)))


async def send_form(request: PageRequest) -> PageAnswer:
    """Books the time. Faults are shown in the form, with all that was typed."""
    form = await request.form()
    offer = await open_offer(request, request.query)
    count_attempt(request, PageAction.BOOKING)
    starts_at, zone = start_in(form), await offer.zone()
    visitor = Visitor.known_or_new(request)
    answer = await _send(offer, visitor, form, starts_at, zone)
    return replace(answer, headers=(*answer.headers, visitor.remember(request)))


async def _send(
    offer: Offer, visitor: Visitor, form: FormFields, starts_at: datetime, zone: Zone
) -> PageAnswer:
    filled = read_booking_form(form, offer.event_type, zone.name, offer.request.language)
    faults = filled.faults | faults_of_numbers(filled, offer.event_type, await offer.country())
    if faults:
        return await _form_again(offer, starts_at, form, 422, faults=faults)
    sending = FormSubmission(form=form.get("form"), visitor=visitor.id)
    try:
        booked = await _book(offer, _new_booking(offer, starts_at, filled, _hold_in(form)), sending)
    except NOT_FREE as error:
        own = await revisits.own_booking(offer, starts_at)
        if own is not None and own.attendee_email == filled.attendee.email:
            return await revisits.open_booked(offer.request)
        if own is not None:
            return await revisits.show_booked(offer, starts_at, status_of(error))
        near = await offer.list_near(starts_at, zone)
        status = status_of(error)
        return await _form_again(
            offer, starts_at, form, status, near=near, gone=_gone_sentence(error)
        )
    except RateLimited as error:
        wait = ngettext(
            "There were very many bookings just now. Please send the form again in "
            "{number} second; what you typed is still here.",
            "There were very many bookings just now. Please send the form again in "
            "{number} seconds; what you typed is still here.",
            error.retry_after,
        )
        answer = await _form_again(offer, starts_at, form, 429, problem=wait)
        return replace(answer, headers=tuple(error_headers(error).items()))
    except Invalid as error:
        return await _form_again(offer, starts_at, form, 422, problem=refusal_words(error))
    return redirect(offer.carried.without_given().to(f"/booking/{booked.token}", booked="1"))


async def _book(offer: Offer, new: NewBooking, sending: FormSubmission) -> Booked:
    """Books with the hold, or without it if it has just ended. Raises Inactive if the chosen host
    does not serve the event type any more, as nobody else may be booked instead."""
    if offer.lost_host or offer.needs_host:
        raise Inactive("Whoever was chosen takes no such bookings.")
    request = offer.request
    limits = BookingRates(
        address=request.address,
        per_address=request.page_context.limits.address,
        per_schedule=request.page_context.limits.schedule,
    )
    arguments = (offer.event_type, new, limits, sending)
    try:
        return await request.change(bookings.book_by_page, *arguments)
    except HoldExpired:
        return await request.change(bookings.book_by_page, *arguments)


def _new_booking(
    offer: Offer, starts_at: datetime, filled: FilledForm, hold_id: UUID | None
) -> NewBooking:
    return NewBooking(
        start_time=starts_at,
        attendee=filled.attendee,
        event_type_id=offer.event_type.id,
        schedule_id=offer.host_id,
        answers=filled.answers,
        hold_id=hold_id,
        metadata=campaign_in(offer.request.query),
    )


async def _form_again(
    offer: Offer, starts_at: datetime, form: FormFields, status: int, **more: Any
) -> PageAnswer:
    """The form with what was typed; the hold of its time is extended, if it has not ended."""
    await _keep_typed(offer, offer.visitor, form)
    hold, hold_id = None, _hold_in(form)
    if hold_id is not None and not more.get("gone"):
        hold = await offer.request.change(holds.renew_hold, offer.event_type, starts_at, hold_id)
    return await _form_page(offer, starts_at, hold, form, status, **more)


async def _form_page(
    offer: Offer,
    starts_at: datetime,
    hold: Hold | None,
    typed: FormFields,
    status: int = 200,
    **more: Any,
) -> PageAnswer:
    zone = await offer.zone()
    values: dict[str, Any] = {"faults": {}, "near": [], "problem": None}
    values |= {"gone": None, "had_hold": False, "is_answer": offer.request.is_post}
    near = more.get("near", ())
    return offer.request.page(
        "public/form.html",
        status,
        starts_at=starts_at,
        ends_at=offer.ends_at(starts_at),
        hold=hold,
        hold_id=encode_id(HOLD, hold.id) if hold else typed.get("hold", ""),
        typed=typed,
        form_id=typed.get("form") or secrets.token_urlsafe(FORM_ID_BYTES),
        field_of=field_of,
        asks_phone=asks_phone(offer.event_type),
        needs_phone=needs_phone(offer.event_type),
        asks_notes=asks_notes(offer.event_type),
        needs_notes=needs_notes(offer.event_type),
        locks=_is_locked(offer, starts_at),
        is_mailed=await offer.is_mailed(MailKind.CONFIRMED),
        nearest=min(near, key=lambda time: abs(_instant(time) - starts_at), default=None),
        **offer.values(zone),
        **(values | more),
    )


async def _show_gone(offer: Offer, starts_at: datetime, error: KalendsError | None) -> PageAnswer:
    """The times of that day, with a message about the one that is not free any more."""
    zone = await offer.zone()
    near = await offer.list_near(starts_at, zone)
    day = _local_day(starts_at, zone)
    query = FormFields([("day", day)])
    status = 409 if error is None else status_of(error)
    return await times_page(offer, query, status, problem=_gone_sentence(error), near=near)


def _gone_sentence(error: KalendsError | None) -> str:
    if isinstance(error, SlotTaken):
        return gettext("This time has just been taken by somebody else.")
    return gettext("This time is no longer free.")


def _instant(time: TimeChoice) -> datetime:
    return datetime.fromisoformat(time.starts_at)


def _local_day(moment: datetime, zone: Zone) -> str:
    return zone.local_text(int(moment.timestamp()))[:10]


def _is_locked(offer: Offer, starts_at: datetime) -> bool:
    """Whether the attendee of a booking at that time could not change it any more."""
    notice = offer.event_type.cancellation_notice_minutes
    return changeable_until(starts_at, notice) < offer.request.context.clock()


def _hold_in(form: FormFields) -> UUID | None:
    return decode_id(HOLD, form.text("hold"))


_route = partial(open_route, framing=Framing.EMBEDDED)


PAGES: Final = (
    _route("GET", EVENT_TYPE_PATH + "/hold", show_times_instead),
    _route("POST", EVENT_TYPE_PATH + "/hold", hold_time),
    _route("GET", EVENT_TYPE_PATH + "/book", show_form),
    _route("POST", EVENT_TYPE_PATH + "/book", send_form),
    _route("GET", EVENT_TYPE_PATH + "/times", show_times_instead),
    _route("POST", EVENT_TYPE_PATH + "/times", choose_another_time),
    _route("GET", EVENT_TYPE_PATH + "/booked", show_times_instead),
    _route("POST", EVENT_TYPE_PATH + "/booked", revisits.open_booked),
)
