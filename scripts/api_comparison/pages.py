"""The rest of the tour: the pages, signing in, Cal.com, and what arrives elsewhere."""

import re
from typing import Final

from scripts.api_comparison.calls import attendee
from scripts.api_comparison.tour import (
    EMAIL,
    JSON,
    PASSWORD,
    Tour,
    mail_of,
    signature_of,
    webhook_of,
)

_CONNECTION: Final = "/api/integrations/calcom"
_SYNC: Final = "/api/bookings/sync-calcom"
_CONSOLE: Final = (
    "",
    "/calendar",
    "/bookings",
    "/bookings.csv",
    "/bookings/new",
    "/charts",
    "/event-types",
    "/event-types/new",
    "/schedules",
    "/webhooks",
    "/integrations",
    "/keys",
    "/users",
    "/notifications",
    "/settings",
    "/mail",
    "/nothing",
)


def public_pages(tour: Tour, event_type: JSON) -> None:
    """Book by the form and change it by the link in its page, as a browser without scripts."""
    slug = tour.peek("/organization")["data"]["slug"]
    path = f"/{slug}/{event_type['slug']}"
    for page in ("/robots.txt", "/llms.txt", "/embed.js", f"/{slug}", f"/{slug}.md", path):
        tour.call("GET", page)
    for page in (f"{path}.md", f"{path}/times", f"/{slug}/nothing", "/nobody", "/booking/wrong"):
        tour.call("GET", page)
    tour.call("GET", path, params={"day": tour.day(1)})
    tour.call("POST", f"{path}/hold", data={"start": tour.at(20)})
    tour.call("POST", f"{path}/hold", data={"start": tour.at(8, 1)})
    form = tour.call("GET", f"{path}/book", params={"start": tour.at(8, 1)})
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    filled = {**hidden, "name": "Page", "email": "page@example.com", "answer.topic": "Knee"}
    tour.call("POST", f"{path}/book", data=hidden)
    tour.call("POST", f"{path}/book", data={**filled, "answer.terms": "yes"})
    for kind in ("text/html", "application/json", "text/markdown"):
        tour.call("GET", path, headers={"accept": kind})
    tour.call("GET", tour.world.keys["feed"])
    tour.call("GET", "/feeds/wrong.ics")


def sessions(tour: Tour) -> str:
    """Signs in by the API, and gives the organization's id."""
    tour.call("GET", "/api/auth/me")
    tour.call("PATCH", "/api/auth/me", {"locale": "de-CH"})
    tour.call("POST", "/api/auth/login", {"email": EMAIL, "password": "wrong"})
    tour.call("POST", "/api/auth/login", {"email": EMAIL})
    tour.call("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})
    tour.call("GET", "/api/auth/me")
    organization_id: str = tour.peek("/organization")["data"]["id"]
    return organization_id


def calcom(tour: Tour, organization_id: str, schedule: JSON) -> None:
    """Connects, brings in, syncs again, and receives a change by the hook."""
    fake, own = tour.world.calcom, {"organizationId": organization_id}
    start = tour.at(8, 10)
    fake.book("uid0000000000000000001", start=start)
    fake.book("uid0000000000000000002", start=tour.at(9, 10))
    fake.book("uid0000000000000000003", start=start)
    body = {**own, "apiKey": fake.key, "baseUrl": fake.url, "defaultScheduleId": schedule["id"]}
    tour.call("POST", _SYNC, own)
    for wrong in ({"baseUrl": "http://10.0.0.1"}, {"surprise": 1}, {"intervalMinutes": -1}):
        tour.call("PUT", _CONNECTION, {**body, **wrong})
    secret = "whsecret-123"
    made = tour.call("PUT", _CONNECTION, {**body, "intervalMinutes": 0, "webhookSecret": secret})
    tour.call("GET", _CONNECTION, params=own)
    tour.call("GET", _CONNECTION)
    done = tour.call("POST", _SYNC, own)
    tour.call("GET", f"{_SYNC}/{done['run_id']}")
    fake.cancel("uid0000000000000000001")
    tour.call("POST", _SYNC, {**own, "startDate": tour.day(10), "endDate": tour.day(11)})
    tour.call("POST", _SYNC, {**own, "startDate": "x"})
    fake.cancel("uid0000000000000000002")
    hook = fake.hook("uid0000000000000000002", "BOOKING_CANCELLED")
    path = "/" + made["data"]["hookUrl"].split("/", 3)[3]
    tour.call("POST", path, content=hook)
    signed = {"x-cal-signature-256": signature_of(secret, hook)}
    tour.call("POST", path, content=hook, headers=signed)
    tour.until("the hook", lambda: _is_cancelled(tour, "uid0000000000000000002") or None)
    tour.api("GET", "/bookings", params={"start_date": tour.day(10), "end_date": tour.day(10)})
    tour.call("DELETE", _CONNECTION, params=own)
    tour.call("DELETE", _CONNECTION, params=own)


def _is_cancelled(tour: Tour, uid: str) -> bool:
    cancelled = tour.peek("/bookings?status=CANCELLED&limit=500")["data"]
    return any(booking["external"]["uid"] == uid for booking in cancelled)


def console(tour: Tour) -> None:
    """Each page once, and the end of the session."""
    slug = tour.peek("/organization")["data"]["slug"]
    for page in _CONSOLE:
        tour.call("GET", f"/console/{slug}{page}")
    tour.call("GET", "/console")
    tour.call("POST", f"/console/{slug}/settings", data={}, headers={"origin": "https://evil.test"})
    with tour.without_session():
        tour.call("GET", f"/console/{slug}/bookings")
        tour.call("GET", "/console/sign-in")
        tour.call("POST", "/console/sign-in", data={"email": EMAIL, "password": "wrong"})
        tour.call("GET", "/password-reset")
        tour.call("GET", "/invitations/wrong")
    tour.call("POST", "/api/auth/logout")
    tour.call("POST", "/api/auth/logout")


def self_service(tour: Tour, schedule: JSON) -> None:
    """The page that the link in a mail opens; moves and cancels there."""
    body = {"schedule_id": schedule["id"], "attendee": attendee("Link"), "override": True}
    tour.api(
        "POST", "/bookings", {**body, "start_time": tour.at(15, 1), "end_time": tour.at(16, 1)}
    )
    link = tour.until("the link in a mail", lambda: _link_in_mail(tour, "link@example.com"))
    for page in ("", "/reschedule", "/booking.ics"):
        tour.call("GET", link + page)
    tour.call("POST", f"{link}/reschedule", data={"start": tour.at(20)})
    tour.call("POST", f"{link}/cancel", data={"reason": "Ill"})
    tour.call("POST", f"{link}/cancel", data={"reason": "Ill"})
    tour.call("GET", link)


def _link_in_mail(tour: Tour, address: str) -> str | None:
    for message in tour.world.office.messages:
        plain = message.get_body(("plain",))
        match = re.search(
            r"https?://[^/\s]+(/booking/[\w-]+)", plain.get_content() if plain else ""
        )
        if match and address in str(message["To"]):
            return match[1]
    return None


def arrivals(tour: Tour, endpoint: JSON) -> None:
    """What came at the receiver and at the mail server, when nothing is under way any more."""
    events = _all_events(tour)
    order = {event["id"]: number for number, event in enumerate(events)}
    path = f"/webhooks/{endpoint['id']}/deliveries"
    tour.until("the deliveries", lambda: None if tour.peek(f"{path}?state=pending")["data"] else 1)
    came = [one for one in tour.world.receiver.received if one.event["id"] in order]
    for one in sorted(came, key=lambda one: order[one.event["id"]]):
        tour.note("webhook", webhook_of(one, endpoint["secret"]))
    delivered = tour.peek(f"{path}?limit=500")["data"]
    # Those of one transaction have no order.
    tour.note("deliveries", sorted(delivered, key=lambda one: order.get(one["event_id"], -1)))
    tour.api("GET", path, params={"state": "exhausted"})
    last = tour.peek(path)["data"][0]
    tour.api("POST", f"{path}/{last['id']}/redeliver")
    tour.api("POST", f"{path}/whd_nothing/redeliver")
    tour.api("DELETE", f"/webhooks/{endpoint['id']}")
    for mail in sorted(_settled_mails(tour), key=str):
        tour.note("mail", mail)


def _all_events(tour: Tour) -> list[JSON]:
    events: list[JSON] = []
    while True:
        after = f"&after={events[-1]['id']}" if events else ""
        page = tour.peek(f"/event-log?limit=500{after}")
        events += page["data"]
        if not page["meta"]["hasMore"]:
            return events


def _settled_mails(tour: Tour) -> list[JSON]:
    """All mails, once none has come for a while."""
    counts: list[int] = []

    def is_quiet() -> bool | None:
        counts.append(len(tour.world.office.taken))
        return True if len(counts) > QUIET and counts[-QUIET] == counts[-1] else None

    tour.until("the mails", is_quiet)
    return [mail_of(message) for message in tour.world.office.messages]


# Looks of a tenth of a second.
QUIET: Final = 50
