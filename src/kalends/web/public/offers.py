"""`/{organization}` lists what can be booked; `/{organization}/{event type}` shows free times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import structlog

from kalends.availability.wallclock import Zone
from kalends.domain.access import Mode, Organization
from kalends.domain.errors import Unavailable
from kalends.domain.event_type import EventType, HostChoice
from kalends.domain.ids import HOLD, decode_id
from kalends.domain.location import is_in_person
from kalends.domain.mail import MailKind
from kalends.domain.translations import event_type_in
from kalends.formats.countries import country_of_zone
from kalends.runtime.mails.own import list_kinds_off
from kalends.runtime.phones import country_of
from kalends.scheduling.slots import ListedSlots, SlotRange
from kalends.services.booking_pages import holds, offers
from kalends.services.booking_pages.offers import OfferedHosts, OfferedTo, attendee_of
from kalends.services.calendars.reading import nudges
from kalends.web.pages import clock_words
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.forms import FormFields
from kalends.web.pages.picker import Bounds, TimeChoice, pick, times_of
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import Framing, open_route
from kalends.web.public.carried import Carried
from kalends.web.public.given import given_in
from kalends.web.public.paths import EVENT_TYPE_PATH, ORGANIZATION_PATH
from kalends.web.public.visitors import Visitor

log = structlog.get_logger("kalends.pages")

NEAR_COUNT: Final = 6


@dataclass(frozen=True)
class Offer:
    """The event type in the path, the request within its organization, and what is carried along.

    The event type has the texts of the reader's language. `lost_host` says that the URL names a
    host who does not serve the event type any more, or never did.
    """

    request: PageRequest
    organization: Organization
    event_type: EventType
    carried: Carried
    hosts: OfferedHosts
    lost_host: bool = False

    @property
    def host_id(self) -> UUID | None:
        """The schedule that the visitor has chosen, or that the link names."""
        return None if self.hosts.chosen is None else self.hosts.chosen.id

    @property
    def needs_host(self) -> bool:
        """Whether a host has to be chosen before a time."""
        is_required = self.event_type.host_choice is HostChoice.REQUIRED
        return is_required and self.hosts.chosen is None and bool(self.hosts.choices)

    @property
    def path(self) -> str:
        return f"/{self.organization.slug}/{self.event_type.slug}"

    @property
    def visitor(self) -> Visitor:
        return Visitor.of(self.request)

    async def offered_to(self, named: UUID | None) -> OfferedTo:
        """The visitor with the hold that the page names and, by the cookie, all other holds."""
        own: list[UUID] = [] if named is None else [named]
        if self.visitor.id is not None:
            own += await self.request.read(holds.list_own_hold_ids, self.visitor.id)
        return OfferedTo(own, self.host_id)

    @property
    def is_sandbox(self) -> bool:
        return self.organization.mode is Mode.TEST

    def ends_at(self, starts_at: datetime) -> datetime:
        return starts_at + timedelta(minutes=self.event_type.duration_minutes)

    @property
    def is_zone_fixed(self) -> bool:
        """Whether times are shown in the zone of the place, whatever the visitor's is."""
        return is_in_person(self.event_type.kind_of_place)

    async def zone(self) -> Zone:
        """The zone of the times: the first schedule's if the attendee comes to a place, else the
        visitor's, if that is known."""
        if self.carried.zone is not None and not self.is_zone_fixed:
            return self.carried.zone
        zone: Zone = await self.request.read(offers.find_zone, self.event_type)
        return zone

    async def country(self) -> str | None:
        """The country whose phone numbers need no `+` in the form."""
        own_country = country_of(self.organization)
        if own_country is not None:
            return own_country
        return country_of_zone(await self.request.read(offers.find_zone_name, self.event_type))

    async def is_mailed(self, kind: MailKind) -> bool:
        """Whether the visitor will get this kind of mail about the booking."""
        request = self.request
        if not request.context.gateways.sends_mail_of(self.organization.mode):
            return False
        off = await request.read(list_kinds_off, self.event_type.id, request.language)
        return kind not in off

    async def list_near(self, starts_at: datetime, zone: Zone) -> list[TimeChoice]:
        """Free times near one that is taken."""
        near = await self.request.read(
            offers.list_times_near, self.event_type, starts_at, NEAR_COUNT, self.host_id
        )
        return times_of(near, zone, self.request.locale)

    def values(self, zone: Zone) -> dict[str, Any]:
        """The values that the template of every page about this offer needs."""
        return {
            "organization": self.organization,
            "event_type": self.event_type,
            "carried": self.carried,
            "hosts": self.hosts,
            "path": self.path,
            "zone": zone,
            "is_zone_fixed": self.is_zone_fixed,
            "is_sandbox": self.is_sandbox,
        }


async def open_offer(request: PageRequest, form: FormFields) -> Offer:
    """The offer that the path names. Raises NotFound, also if it takes no bookings."""
    organization = await request.read(offers.get_organization_to_book, request.path("organization"))
    request.read_by(of_organization=organization.locale)
    acting = request.acting_as(attendee_of(organization))
    event_type = await acting.read(offers.get_offered, request.path("event_type"))
    event_type = event_type_in(event_type, request.languages)
    carried = Carried(request, form, given_in(form, event_type.questions))
    hosts = await acting.read(offers.find_hosts, event_type, carried.host_slug)
    lost_host = hosts.chosen is None and carried.host_slug is not None
    if hosts.chosen is None:
        carried = carried.with_host(None)
    return Offer(acting, organization, event_type, carried, hosts, lost_host)


async def show_organization(request: PageRequest) -> PageAnswer:
    """Lists what can be booked. Raises NotFound."""
    organization = await request.read(offers.get_organization_to_book, request.path("organization"))
    request.read_by(of_organization=organization.locale)
    acting = request.acting_as(attendee_of(organization))
    event_types = await acting.read(offers.list_offered)
    return acting.page(
        "public/organization.html",
        organization=organization,
        event_types=[event_type_in(one, request.languages) for one in event_types],
        hosts=await acting.read(offers.find_certain_hosts, event_types),
        carried=Carried(request, request.query, given_in(request.query)),
        is_sandbox=organization.mode is Mode.TEST,
    )


async def show_times(request: PageRequest) -> PageAnswer:
    """Shows a month and the times of a day. Raises NotFound, Invalid."""
    offer = await open_offer(request, request.query)
    await _nudge_calendars(offer)
    return await times_page(offer, request.query)


async def _nudge_calendars(offer: Offer) -> None:
    """Makes calendars due that were not read lately. Nobody waits for that, and it may fail."""
    request = offer.request
    old = await request.read(nudges.list_old_calendars, offer.event_type.schedule_ids)
    if not old:
        return
    try:
        await request.change(nudges.nudge_calendars, old)
    except Unavailable as error:
        log.info("calendars_not_nudged", reason=str(error))


async def without_slash(request: PageRequest) -> PageAnswer:
    """Redirects a URL with a slash too many."""
    path = request.scope["path"].rstrip("/")
    query = quote(request.scope["query_string"], safe="%&=+,;:@/?!$'()*~")
    return redirect(f"{path}?{query}" if query else path)


async def times_page(offer: Offer, query: FormFields, status: int = 200, **more: Any) -> PageAnswer:
    """The page of times for a query; `more` says what is wrong with one of the times."""
    zone = await offer.zone()
    request, event_type = offer.request, offer.event_type
    now = clock_words.seconds_of(request.context.clock())
    bounds = Bounds.of(now, zone, event_type.max_days_ahead)

    offered_to = await offer.offered_to(decode_id(HOLD, query.get("hold", "")))

    async def list_times(span: SlotRange) -> ListedSlots:
        listed: ListedSlots = await request.read(offers.list_times, event_type, span, offered_to)
        return listed

    values = {"problem": None, "near": [], "held": query.get("hold")} | more
    return request.page(
        "public/times.html",
        status,
        picker=None
        if offer.needs_host
        else await pick(list_times, query, zone, bounds, request.locale),
        now=now,
        is_plain=not query.get("month") and not query.get("day"),
        **offer.values(zone),
        **values,
    )


_route = partial(open_route, framing=Framing.EMBEDDED)


PAGES: Final = (
    _route("GET", ORGANIZATION_PATH, show_organization),
    _route("GET", ORGANIZATION_PATH + "/", without_slash),
    _route("GET", EVENT_TYPE_PATH, show_times),
    _route("GET", EVENT_TYPE_PATH + "/", without_slash),
)
