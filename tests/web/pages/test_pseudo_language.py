"""Pages and mails under a pseudo-language: nothing that people read is bare English."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.booking import Status
from kalends.domain.event_type import QuestionType
from kalends.gateways.google.places import SCOPES
from kalends.web.app import PAGES
from tests.conftest import PASSWORD, make_organization
from tests.mails import StoredMail
from tests.pseudo import PSEUDO, bare_words, install_pseudo, read_page
from tests.receivers import Reply, receiving
from tests.servers import Server
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import Browser, slug_of
from tests.world import JSON, World, plus, tomorrow_at

# What nobody reads, or what has no words of ours.
NO_PAGES: Final = frozenset(
    {
        "/connect/callback",
        *("/", "/static/{name}", "/robots.txt", "/embed.js", "/console/{organization}/live"),
        "/console/{organization}/event-types/{event_type}/share/qr.svg",
        "/console/{organization}/event-types/{event_type}/share/qr.png",
        "/static/pictures/{owner}/{name}",
    }
)
PATHS: Final = sorted({one.path for one in PAGES if one.method == "GET"} - NO_PAGES)
# Of a calendar file.
READ_FIELDS: Final = ("SUMMARY", "DESCRIPTION", "LOCATION")
OF_ORGANIZATIONS: Final = [path for path in PATHS if path.count("{") == path.count("{org") == 1]
LISTS: Final = {QuestionType.SELECT, QuestionType.MULTISELECT}
CALENDAR_FILE: Final = "\r\n".join(
    (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Kalends//Tests//EN",
        "X-WR-CALNAME:Σπίτι",
        "END:VCALENDAR",
        "",
    )
).encode()
TOMORROW: Final = tomorrow_at(15)
LATER: Final = plus(TOMORROW, hours=24)
_OWN: Final = "/console/{organization}"
_OFFER: Final = "/{organization:tenant}/{event_type:slug}"
# What else a page shows, by its query.
QUERIES: Final = {
    "/password-reset": ("", "?sent=1"),
    "/console/sign-in": ("?out=1",),
    f"{_OWN}/calendar": tuple(
        f"?view={view}&day={TOMORROW[:10]}" for view in ("day", "week", "month")
    ),
    f"{_OWN}/bookings": ("", "?search=Άντα", "?status=NO_SHOW&since=2030-01-01"),
    f"{_OWN}/bookings/new": (
        "",
        "?event_type={event_type_id}",
        "?schedule={schedule}&minutes=30",
        f"?schedule={{schedule}}&minutes=30&start={plus(TOMORROW, hours=4)}",
    ),
    f"{_OWN}/welcome/event-type": ("?schedule={schedule}",),
    f"{_OWN}/welcome/share": ("?event_type={event_type_id}",),
    f"{_OWN}/schedules": ("", "?show=inactive"),
    f"{_OWN}/schedules/{{schedule}}/exceptions": ("?done=saved",),
    f"{_OWN}/event-types/{{event_type}}/times": ("", f"?day={TOMORROW[:10]}&time=15:00"),
    f"{_OFFER}/book": (f"?start={LATER}",),
    _OFFER: ("", "?month=2020-01"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_pseudo(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    """Of an installation of its own: a server that others use would write mails in English."""
    google = {"GOOGLE_CLIENT_ID": "kalends", "GOOGLE_CLIENT_SECRET": "secret"}
    return {"OUTBOUND_ALLOW": "127.0.0.1", "WEBHOOK_RETRY_SCALE": "0.02", **google}


@pytest.fixture(scope="module")
def world(
    site: Path,
    own_home: Installation,
    own_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """An organization on a server that knows the pseudo-language."""
    log = tmp_path_factory.mktemp("log") / "server.log"
    with Server({**own_environment, "PYTHONPATH": str(site)}, log) as server:
        world = World(server.url, make_organization(own_home), PASSWORD)
        yield world
        world.close()


@dataclass(frozen=True)
class Town:
    """Everything that pages can show. Its names are Greek, so that Latin words are ours; `known`
    are those that are not."""

    admin: SignedInBrowser
    visitor: Browser
    mailbox: StoredMail
    names: dict[str, str]
    bookings: list[str]
    known: tuple[str, ...]

    def url(self, path: str, query: str = "") -> str:
        """A page's address; what its path names, and the token by how the path begins."""
        named = {**self.names, "token": self.names.get(path.split("/")[1], "")}
        if path.startswith("/console"):
            named["event_type"] = self.names.get("event_type_id", "")
        return re.sub(r"\{(\w+)[^}]*\}", lambda match: named[match[1]], path) + query

    def bare_words(self, answer: httpx.Response) -> list[str]:
        """Of the answer, but for names and the subjects of mails, which are in other languages."""
        rows = self.mailbox.rows("SELECT DISTINCT subject FROM mails WHERE subject IS NOT NULL")
        return bare_words(_read(answer), ("First key", *(row[0] for row in rows), *self.known))

    def get(self, url: str) -> httpx.Response:
        client = self.admin if url.startswith("/console") else self.visitor
        return client.get(url)


@pytest.fixture(scope="module")
def town(world: World, own_home: Installation) -> Iterator[Town]:
    with receiving(lambda _: Reply(body=CALENDAR_FILE)) as receiver:
        yield from _settled(world, own_home, receiver.url)


def _settled(world: World, home: Installation, hook: str) -> Iterator[Town]:
    admin, visitor = SignedInBrowser(world), Browser(world.url)
    for client in (admin, visitor):
        client.headers["accept-language"] = PSEUDO
    slug = slug_of(world)
    # So that the admin has no mail but that with a link.
    world.api.patch("/api/v1/organization", json={"notify_email": "desk@example.com"})
    room = world.create_schedule(name="Αίθουσα", timezone="Europe/Berlin")
    world.create_schedule(name="Κλειστό", is_active=False)
    course = _course(world, room)
    bookings = _bookings(world, room, course)
    names = {
        "organization": slug,
        "table": "schedules",
        "schedule": room["id"],
        "id": bookings[0],
        "booking": _booked(visitor, f"/{slug}/{course['slug']}", TOMORROW),
        "webhook": _settings(world, admin, room, hook),
        "feeds": _feed(admin, room),
        "connection": _connection(world, hook),
        "absence": _absence(world, room),
        "connect": _consent(world),
        "message_template": _message(world),
        "language": "el",
        **_links_of_users(world, home, admin, visitor),
    }
    name = world.api.get("/api/v1/organization").json()["data"]["name"]
    known = (name, slug, course["slug"], "accounts.google.com", *(one.words for one in SCOPES))
    names |= {"mail": _mail(admin), "event_type": course["slug"], "event_type_id": course["id"]}
    yield Town(admin, visitor, StoredMail(home), names, bookings, known)
    admin.close()
    visitor.close()


@pytest.fixture(scope="module")
def empty(world: World, own_home: Installation) -> Iterator[Town]:
    """An organization in which nothing was done yet."""
    new = World(world.url, make_organization(own_home), PASSWORD)
    admin, visitor = SignedInBrowser(new), Browser(new.url)
    for client in (admin, visitor):
        client.headers["accept-language"] = PSEUDO
    slug = slug_of(new)
    known = (new.api.get("/api/v1/organization").json()["data"]["name"], slug)
    yield Town(admin, visitor, StoredMail(own_home), {"organization": slug}, [], known)
    new.close()
    admin.close()
    visitor.close()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_says_nothing_but_messages(town: Town, path: str) -> None:
    for query in QUERIES.get(path, ("",)):
        answer = town.get(town.url(path, query.format(**town.names)))
        assert answer.status_code == 200, answer.url
        assert "⟦" in answer.text, answer.url
        assert not _is_page(answer) or answer.text.count("<h1") == 1, answer.url
        assert town.bare_words(answer) == [], answer.url


@pytest.mark.parametrize(
    "path", [path for path in PATHS if re.findall(r"{\w+", path) == ["{organization"]]
)
def test_a_page_with_nothing_on_it_says_nothing_but_messages(empty: Town, path: str) -> None:
    answer = empty.get(empty.url(path))
    assert empty.bare_words(answer) == [], answer.url


@pytest.mark.parametrize("status", Status)
def test_a_booking_of_each_status_says_nothing_but_messages(town: Town, status: Status) -> None:
    booking = town.bookings[list(Status).index(status)]
    answer = town.admin.open(f"/bookings/{booking}")
    assert town.bare_words(answer) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/none/none", 404),
        ("/booking/none", 404),
        ("/connect/none", 404),
        ("/connect/callback", 404),
        ("/password-reset/none", 404),
        ("/invitations/none", 404),
        ("/console/none", 404),
        ("/console/{organization}/bookings/none", 404),
        ("/{organization}/{event_type}/book?start=x", 422),
    ],
)
def test_an_error_says_nothing_but_messages(town: Town, path: str, status: int) -> None:
    answer = town.get(town.url(path))
    assert answer.status_code == status
    assert town.bare_words(answer) == []


def test_a_faulty_form_says_nothing_but_messages(town: Town) -> None:
    page = town.get(town.url("/{organization}/{event_type}/book", f"?start={LATER}"))
    answer = town.visitor.fill_in(page, name="", email="x", phone="1")
    assert answer.status_code == 422
    assert town.bare_words(answer) == []


def _course(world: World, room: JSON) -> JSON:
    """A group of two seats, which asks a question of every type."""
    questions = [
        {"key": f"q_{kind.value}", "label": "Ερώτηση", "type": kind.value}
        | ({"options": ["Ναι", "Όχι"]} if kind in LISTS else {})
        for kind in QuestionType
    ]
    return world.create_event_type(
        name="Κούρεμα",
        description="Περιγραφή",
        slug="koyrema",
        schedule_id=room["id"],
        capacity=2,
        location_type="video",
        location="https://example.com/x",
        questions=questions,
        requires_confirmation=True,
        reminders_minutes_before=[60],
        cancellation_notice_minutes=60,
    )


def _bookings(world: World, room: JSON, course: JSON) -> list[str]:
    """One of each status."""
    return [_booking_of(world, room, course, status) for status in Status]


def _booking_of(world: World, room: JSON, course: JSON, status: Status) -> str:
    attendee = {"name": "Άντα", "email": "ada@example.com", "notes": "Σημείωση", "locale": PSEUDO}
    hour = 1 + list(Status).index(status)
    is_over = status in (Status.COMPLETED, Status.NO_SHOW)
    start = f"2024-01-01T{hour:02}:00:00Z" if is_over else tomorrow_at(hour)
    values: JSON = {"attendee": attendee, "title": "Τίτλος", "start": start}
    if status == Status.PENDING:
        return str(
            world.book(event_type_id=course["id"], answers={"q_consent": True}, **values)["id"]
        )
    booking = world.book(room, **values)
    url = f"/api/v1/bookings/{booking['id']}"
    if status != Status.CANCELLED:
        assert world.api.patch(url, json={"status": Status.CONFIRMED}).status_code == 200
    if status == Status.CANCELLED:
        assert world.api.delete(url, params={"reason": "Λόγος"}).status_code == 200
    elif status != Status.CONFIRMED:
        assert world.api.patch(url, json={"status": status}).status_code == 200
    return str(booking["id"])


def _booked(visitor: Browser, path: str, start: str) -> str:
    form = visitor.hold(path, start)
    page = visitor.fill_in(form, name="Άντα", email="ada@example.com", answer__q_consent="yes")
    assert "/booking/" in str(page.url), page.text
    return page.url.path.rsplit("/", 1)[1]


def _links_of_users(
    world: World, home: Installation, admin: SignedInBrowser, visitor: Browser
) -> dict[str, str]:
    """The tokens of a new password, and of an invitation."""
    mailbox, invited = StoredMail(home), f"invited-{world.setup.admin_email}"
    admin.submit("/users", email=invited, role="member")
    visitor.post("/password-reset", data={"email": world.setup.admin_email})
    tokens = [mailbox.links_to(one)[0].split("/")[-1] for one in (world.setup.admin_email, invited)]
    return dict(zip(("password-reset", "invitations"), tokens, strict=True))


def _connection(world: World, url: str) -> str:
    body = {"provider": "ics", "url": f"{url}/calendar.ics"}
    made: str = world.api.post("/api/v1/calendar-connections", json=body).json()["data"]["id"]
    return made


def _consent(world: World) -> str:
    """The token of the page that asks for one."""
    path = "/api/v1/calendar-connections/authorize"
    made = world.api.post(path, json={"provider": "google"}).json()["data"]
    return str(made["url"]).rpartition("/")[2]


def _absence(world: World, room: JSON) -> str:
    """One that meets bookings."""
    body = {"start_time": tomorrow_at(1), "end_time": tomorrow_at(5), "reason": "Λόγος"}
    answer = world.api.post(f"/api/v1/schedules/{room['id']}/absences", json=body)
    absence: JSON = answer.json()["data"]
    assert absence["affected_total"]
    return str(absence["id"])


def _settings(world: World, admin: SignedInBrowser, room: JSON, hook: str) -> str:
    """Exceptions of the schedule, a webhook with a delivery."""
    day = tomorrow_at(10)[:10]
    path = f"/schedules/{room['id']}"
    admin.submit(f"{path}/overrides", day="2030-01-01")
    admin.submit(f"{path}/busy-times", **{"busy.start_day": day, "busy.end_day": day})
    body = {
        "url": hook,
        "events": ["booking.created"],
        "description": "Περιγραφή",
    }
    made = world.api.post("/api/v1/webhooks", json=body)
    assert made.status_code == 201, made.text
    webhook: str = made.json()["data"]["id"]
    admin.submit(f"/webhooks/{webhook}/test")
    return webhook


def _message(world: World) -> str:
    """Own words for a message."""
    own = {"kind": "reminder", "audience": "attendee", "locale": "el", "subject": "Σύντομα"}
    made: str = world.api.post("/api/v1/message-templates", json=own).json()["data"]["id"]
    return made


def _feed(admin: SignedInBrowser, room: JSON) -> str:
    made = admin.submit(f"/schedules/{room['id']}/feed")
    match = re.search(r'readonly value="https?://[^"]+/feeds/([^".]+)\.ics"', made.text)
    assert match, made.text
    return match[1]


def _mail(admin: SignedInBrowser) -> str:
    """The latest to the attendee."""
    listed = admin.open("/mail").text
    rows = listed.split("<tr>")
    ids = [re.findall(r"/mail/(mail_\w+)", row) for row in rows if "ada@" in row]
    return str(ids[0][0])


def _is_page(answer: httpx.Response) -> bool:
    return answer.headers["content-type"].startswith("text/html")


def _read(answer: httpx.Response) -> str:
    """What people read of it: of a sheet the head, of a calendar what a program shows."""
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/html":
        return read_page(answer.text)
    if kind == "text/csv":
        return answer.text.splitlines()[0]
    if kind == "text/calendar":
        lines = answer.text.replace("\r\n ", "").splitlines()
        return "\n".join(line.partition(":")[2] for line in lines if line.startswith(READ_FIELDS))
    return answer.text
