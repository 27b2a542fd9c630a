"""Visitors who come back to a form that they have sent, and get a way to their booking.

A GET changes nothing; a POST opens the booking, but only for the visitor who made it.
"""

from datetime import datetime
from uuid import UUID

from kalends.domain.booking import Booking
from kalends.domain.mail import MailKind
from kalends.services.booking_pages import bookings
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.limits import PageAction, count_attempt
from kalends.web.pages.picker import start_in
from kalends.web.pages.request import PageRequest
from kalends.web.public.offers import Offer, open_offer


async def is_hold_booked(offer: Offer, starts_at: datetime, hold_id: UUID) -> bool:
    """Whether the form of that hold was sent, and its booking has not been cancelled."""
    booking = await offer.request.read(bookings.find_booking_of_hold, starts_at, hold_id)
    return booking is not None


async def own_booking(offer: Offer, starts_at: datetime) -> Booking | None:
    """The booking of this visitor at that time, if it has not been cancelled."""
    booking: Booking | None = await offer.request.read(
        bookings.find_own_booking, offer.event_type, starts_at, offer.visitor.id
    )
    return booking


async def show_booked(offer: Offer, starts_at: datetime, status: int = 200) -> PageAnswer:
    """The page for a form that was sent already; only its visitor can open the booking."""
    zone = await offer.zone()
    is_request = offer.event_type.requires_confirmation
    return offer.request.page(
        "public/booked.html",
        status,
        starts_at=starts_at,
        ends_at=offer.ends_at(starts_at),
        may_open=await own_booking(offer, starts_at) is not None,
        is_mailed=await offer.is_mailed(MailKind.REQUESTED if is_request else MailKind.CONFIRMED),
        **offer.values(zone),
    )


async def open_booked(request: PageRequest) -> PageAnswer:
    """Redirects to the booking of this visitor at that time. Raises NotFound, Invalid."""
    form = await request.form()
    offer = await open_offer(request, request.query)
    count_attempt(request, PageAction.LINK)
    booked = await offer.request.change(
        bookings.open_own_booking, offer.event_type, start_in(form), offer.visitor.id
    )
    return redirect(offer.carried.without_given().to(f"/booking/{booked.token}"))
