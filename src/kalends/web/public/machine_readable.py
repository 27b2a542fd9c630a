"""Pages for machines: `/robots.txt`, `/llms.txt`, each public page as Markdown, `/embed.js`.

There is no list of organizations, as each of them decides who learns of its page.
"""

import hashlib
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Final

from kalends.availability.slots import Slot
from kalends.domain.event_type import Visibility
from kalends.domain.translations import event_type_in
from kalends.scheduling.slots import SlotRange
from kalends.services.booking_pages import offers
from kalends.services.booking_pages.offers import attendee_of
from kalends.web.pages import clock_words
from kalends.web.pages.answers import MARKDOWN, PageAnswer, text
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import open_route
from kalends.web.pages.templating import render
from kalends.web.public.offers import Offer, open_offer
from kalends.web.public.paths import EVENT_TYPE_PATH, ORGANIZATION_PATH

DAYS_IN_TWIN: Final = timedelta(days=14)
EMBED: Final = (files("kalends.web.public") / "embed.js").read_bytes()
EMBED_TAG: Final = f'"{hashlib.sha256(EMBED).hexdigest()[:16]}"'
ROBOTS: Final = """\
User-agent: *
Disallow: /api/
Disallow: /booking/
Disallow: /console
Disallow: /*?
Allow: /
"""


async def robots(request: PageRequest) -> PageAnswer:
    return text(ROBOTS)


async def llms(request: PageRequest) -> PageAnswer:
    """What agents should know of this site (llmstxt.org)."""
    return text(render("public/llms.txt", {"origin": request.origin}), MARKDOWN)


async def organization_markdown(request: PageRequest) -> PageAnswer:
    """Raises NotFound."""
    organization = await request.read(offers.get_organization_to_book, request.path("organization"))
    request.read_by(of_organization=organization.locale)
    acting = request.acting_as(attendee_of(organization))
    values = {
        "organization": organization,
        "event_types": [
            event_type_in(one, request.languages) for one in await acting.read(offers.list_offered)
        ],
        "origin": request.origin,
    }
    return text(render("public/organization.md", values), MARKDOWN)


async def offer_markdown(request: PageRequest) -> PageAnswer:
    """Raises NotFound."""
    offer = await open_offer(request, request.query)
    body = render("public/times.md", await _times(offer))
    is_listed = offer.event_type.visibility is Visibility.PUBLIC
    headers = () if is_listed else (("x-robots-tag", "noindex"),)
    return replace(text(body, MARKDOWN), headers=headers)


async def _times(offer: Offer) -> dict[str, object]:
    request, zone = offer.request, await offer.zone()
    now = request.context.clock()
    span = SlotRange(start=now, end=now + DAYS_IN_TWIN, timezone=zone.name)
    listed = await request.read(offers.list_times, offer.event_type, span)
    by_day: dict[str, list[tuple[str, Slot]]] = {}
    for slot in listed.slots:
        day = zone.local_text(slot.start)[:10]
        by_day.setdefault(day, []).append((zone.local_text(slot.start), slot))
    return {
        **offer.values(zone),
        "origin": request.origin,
        "by_day": by_day,
        "clock_words": clock_words,
    }


async def embed(request: PageRequest) -> PageAnswer:
    """The script that embeds the booking page in any site. It is revalidated each time, mostly with
    a 304."""
    headers = (
        ("etag", EMBED_TAG),
        ("cache-control", "public, no-cache"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "*"),
    )
    known_tags = request.headers.get("if-none-match", "")
    if EMBED_TAG in (tag.strip().removeprefix("W/") for tag in known_tags.split(",")):
        return PageAnswer(status=304, media_type="", headers=headers)
    return PageAnswer(EMBED, 200, "text/javascript; charset=utf-8", headers)


PAGES: Final = (
    open_route("GET", "/robots.txt", robots),
    open_route("GET", "/llms.txt", llms),
    open_route("GET", "/embed.js", embed),
    open_route("GET", ORGANIZATION_PATH + ".md", organization_markdown),
    open_route("GET", EVENT_TYPE_PATH + ".md", offer_markdown),
)
