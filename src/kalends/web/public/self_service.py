"""`/booking/{token}`: self-service for an attendee's own booking. A GET only shows it; a POST
cancels or moves it.

The token is the permission. So the log shows the path's pattern, and no page discloses its URL to
another site (Referrer-Policy).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from babel import Locale

from kalends.availability.wallclock import Zone
from kalends.domain.access import Mode
from kalends.domain.errors import (
    Inactive,
    KalendsError,
    NotFound,
    NotReschedulable,
    Refused,
    SlotTaken,
    Stale,
    TooLateToChange,
)
from kalends.domain.event_type import EventType
from kalends.domain.ids import BOOKING, encode_id
from kalends.domain.mail import MailKind
from kalends.domain.translations import event_type_in, texts_in, title_in
from kalends.domain.values import Text
from kalends.formats.locales import language_tag, locale_for
from kalends.runtime.mails.own import list_kinds_off
from kalends.runtime.phones import country_of
from kalends.services import self_service
from kalends.services.self_service import LinkedBooking
from kalends.translation import current_language, gettext
from kalends.web.http.errors import status_of
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.booking_form import is_accepted
from kalends.web.pages.faults import STALE, UNFIT
from kalends.web.pages.forms import FormFields
from kalends.web.pages.labelled_answers import answers_of
from kalends.web.pages.limits import PageAction, count_attempt
from kalends.web.pages.picker import Bounds, pick, start_in
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import Framing, open_route
from kalends.web.public.calendars import calendar_file, calendar_links, place_of
from kalends.web.public.carried import Carried
from kalends.web.public.onward import onward_url

ROOT: Final = "/booking/{token}"
# Errors that may happen to anybody, which the page of the booking explains kindly.
KIND: Final = (
    Inactive,
    NotReschedulable,
    Refused,
    SlotTaken,
    Stale,
    TooLateToChange,
)


@dataclass(frozen=True)
class LinkPage:
    """The booking that the link opens, and how to show it."""

    request: PageRequest
    token: str
    opened: LinkedBooking
    carried: Carried

    @property
    def path(self) -> str:
        return f"/booking/{self.token}"

    @property
    def zone(self) -> Zone:
        """The zone of the place, if the attendee comes to one; else the visitor's, or else the zone
        that the booking was made in."""
        if self.opened.fixed_zone is not None:
            return self.opened.fixed_zone
        booking = self.opened.booking
        zone_names = (booking.attendee_timezone, booking.timezone, "UTC")
        zones = (self.carried.zone, *map(clock_words.find_zone, zone_names))
        return next(zone for zone in zones if zone is not None)

    @property
    def locale(self) -> Locale:
        """The locale of the booking's mails, so that a time looks the same in both."""
        reads = self.opened.booking.attendee_locale
        return locale_for(reads, current_language(), country_of(self.opened.organization))

    @property
    def event_type(self) -> EventType | None:
        """The event type with its texts in the reader's language."""
        event_type = self.opened.event_type
        return None if event_type is None else event_type_in(event_type, self.request.languages)

    @property
    def title(self) -> str:
        """The title in the reader's language; empty if the booking has none."""
        event_type, title = self.opened.event_type, self.opened.booking.title or ""
        if event_type is None:
            return title
        return title_in(
            title, event_type.name, texts_in(event_type.translations, self.request.languages)
        )

    def page(self, template: str, status: int = 200, **more: Any) -> PageAnswer:
        values = {"problem": None, "was_booked": False, "done": None} | more
        booking = self.opened.booking
        return self.request.page(
            template,
            status,
            opened=self.opened,
            booking=booking,
            title=self.title,
            booking_id=encode_id(BOOKING, booking.id),
            organization=self.opened.organization,
            is_sandbox=self.opened.organization.mode is Mode.TEST,
            carried=self.carried,
            path=self.path,
            zone=self.zone,
            is_zone_fixed=self.opened.fixed_zone is not None,
            locale=self.locale,
            date_language=language_tag(self.locale),
            **values,
        )


async def open_link_page(request: PageRequest) -> LinkPage:
    """Raises NotFound, RateLimited."""
    count_attempt(request, PageAction.LINK)
    token = request.path("token")
    opened = await self_service.open_link(request.context, token)
    request.read_by(opened.booking.attendee_locale, opened.organization.locale)
    return LinkPage(request, token, opened, Carried(request, request.query))


async def show_booking(request: PageRequest) -> PageAnswer:
    """Shows the booking in its current state."""
    link = await open_link_page(request)
    was_booked = request.query.get("booked") == "1"
    return _booking_page(link, is_mailed=was_booked and await _is_confirmation_mailed(link))


async def _is_confirmation_mailed(link: LinkPage) -> bool:
    """Whether the attendee has got or will get a mail that the booking is confirmed."""
    request, opened = link.request, link.opened
    if not request.context.gateways.sends_mail_of(opened.organization.mode):
        return False
    booking = opened.booking
    acting = request.acting_as(opened.caller)
    off = await acting.read(list_kinds_off, booking.event_type_id, booking.attendee_locale)
    return MailKind.CONFIRMED not in off


def _booking_page(link: LinkPage, status: int = 200, **more: Any) -> PageAnswer:
    query = link.request.query
    done = query.get("done", "")
    was_booked = query.get("booked") == "1"
    onward = onward_url(link.opened) if was_booked else None
    values: dict[str, Any] = {
        "is_mailed": False,
        "links": calendar_links(link.opened, link.title),
        "place": place_of(link.opened),
        "answers": answers_of(link.opened.booking, link.event_type),
        "was_booked": was_booked,
        "onward": onward,
        "done": done if done in ("cancelled", "moved") else None,
    }
    return link.page("public/booking.html", status, **(values | more))


async def cancel(request: PageRequest) -> PageAnswer:
    """Cancels the booking, with a reason if one was given."""
    link, form = await open_link_page(request), await request.form()
    reason = form.text("reason") or None
    if reason is not None and not is_accepted(reason, Text):
        return _booking_page(
            link,
            422,
            problem=str(UNFIT),
        )
    try:
        await self_service.cancel_by_link(request.context, link.token, reason, _seen_in(form))
    except KIND as error:
        return await _refused(link, error)
    return redirect(link.carried.to(link.path, done="cancelled"))


async def show_move(request: PageRequest) -> PageAnswer:
    """Shows the times to which the booking may move or, for one of them, asks for confirmation."""
    link = await open_link_page(request)
    if not link.opened.may_change:
        return _booking_page(link)
    if request.query.get("start"):
        starts_at = start_in(request.query)
        locks = link.opened.changeable_until_at(starts_at) < link.opened.now
        return link.page("public/move.html", starts_at=starts_at, locks=locks, picker=None, now=0)
    return await _times_page(link)


async def move(request: PageRequest) -> PageAnswer:
    """Moves the booking to the chosen time."""
    link, form = await open_link_page(request), await request.form()
    starts_at = start_in(form)
    try:
        await self_service.reschedule_by_link(
            request.context, link.token, starts_at, _seen_in(form)
        )
    except SlotTaken:
        return await _times_page(
            link, 409, problem=gettext("This time has just been taken by somebody else.")
        )
    except Refused as error:
        return await _times_page(
            link, status_of(error), problem=gettext("This time is no longer free.")
        )
    except KIND as error:
        return await _refused(link, error)
    return redirect(link.carried.to(link.path, done="moved"))


async def download(request: PageRequest) -> PageAnswer:
    """The booking as an iCalendar file (RFC 5545)."""
    link = await open_link_page(request)
    headers = (("content-disposition", 'attachment; filename="booking.ics"'),)
    url = f"{request.origin}{link.path}"
    body = calendar_file(link.opened, link.title, url, request.context.gateways.sender)
    return PageAnswer(body, 200, "text/calendar; charset=utf-8", headers)


async def _times_page(link: LinkPage, status: int = 200, **more: Any) -> PageAnswer:
    request = link.request
    now = clock_words.seconds_of(link.opened.now)
    list_times = partial(self_service.list_slots_by_link, request.context, link.token)
    bounds = Bounds.of(now, link.zone, None)
    try:
        picker = await pick(list_times, request.query, link.zone, bounds, link.locale)
    except (Inactive, NotFound, NotReschedulable, TooLateToChange) as error:
        return await _refused(link, error)
    return link.page("public/move.html", status, picker=picker, now=now, **more)


async def _refused(link: LinkPage, error: KalendsError) -> PageAnswer:
    """The booking in its current state, and why it was not changed."""
    opened = await self_service.open_link(link.request.context, link.token)
    current = LinkPage(link.request, link.token, opened, link.carried)
    return _booking_page(current, status_of(error), problem=_problem(opened, error))


def _problem(opened: LinkedBooking, error: KalendsError) -> str:
    """Why the booking was not changed, in the attendee's language."""
    organization = opened.organization.name
    if isinstance(error, Inactive):
        return gettext(
            "This appointment cannot be moved online at the moment. Please get in "
            "touch with {organization}.",
            organization=organization,
        )
    if isinstance(error, TooLateToChange) and opened.has_begun and not opened.is_over:
        return gettext(
            "It is too late to change this booking here: it has begun. Please get in touch "
            "with {organization}.",
            organization=organization,
        )
    if isinstance(error, TooLateToChange) and not opened.is_over:
        return gettext(
            "It is too late to change this booking here: it starts too soon. Please get in touch "
            "with {organization}.",
            organization=organization,
        )
    if opened.is_over:
        return gettext("This booking is over. It can no longer be changed.")
    return str(STALE)


def _seen_in(form: FormFields) -> int | None:
    """The version of the booking that the form was rendered from."""
    text = form.text("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


_route = partial(open_route, framing=Framing.EMBEDDED, is_secret=True)


PAGES: Final = (
    _route("GET", ROOT, show_booking),
    _route("POST", ROOT + "/cancel", cancel),
    _route("GET", ROOT + "/reschedule", show_move),
    _route("POST", ROOT + "/reschedule", move),
    _route("GET", ROOT + "/booking.ics", download),
)
