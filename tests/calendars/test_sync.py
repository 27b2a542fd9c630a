"""Calendars of real CalDAV servers are read, and what changes there is followed."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from kalends.cli.running import run
from kalends.compose import Installation
from kalends.domain import ids
from kalends.services.calendars.reading.sync import start_due_readings
from tests.caldav_servers import PASSWORD, USER, CalDavServer
from tests.calendars.readings import use
from tests.gateways.caldav.events import event
from tests.homes import BESIDE
from tests.psql import Psql
from tests.web.pages.visitors import slug_of
from tests.world import JSON, World

pytestmark = pytest.mark.server
DAY = (datetime.now(UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
SECONDS = 60


def until(check: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.2)


class Account:
    """A calendar of a person's own on a server, and the connection to it."""

    def __init__(self, world: World, server: CalDavServer, psql: Psql) -> None:
        self.world, self.server, self.psql = world, server, psql
        self.dav = httpx.Client(auth=(USER, PASSWORD))
        self.folder = f"{server.url}{USER}/{uuid.uuid4()}/"
        assert self.dav.request("MKCALENDAR", self.folder).status_code == 201

    def put(self, name: str, *lines: str, day: datetime = DAY) -> None:
        data = event(name, f"{day:%Y%m%d}", *lines)
        answer = self.dav.put(f"{self.folder}{name}.ics", content=data)
        assert answer.status_code in (201, 204), answer.text

    def connect(self) -> None:
        body = {
            "provider": "caldav",
            "url": self.server.url,
            "username": USER,
            "password": PASSWORD,
        }
        answer = self.world.api.post("/api/v1/calendar-connections", json=body)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["data"]["id"]
        until(lambda: self.state == "active")
        (self.calendar,) = [c for c in self.calendars if self.folder.endswith(self.path_of(c))]
        self.schedule = self.world.create_schedule()
        use(self.world.api, self.schedule["id"], self.calendar)

    @property
    def state(self) -> str:
        answer = self.world.api.get(f"/api/v1/calendar-connections/{self.id}")
        return str(answer.json()["data"]["state"])

    @property
    def calendars(self) -> list[JSON]:
        listed = self.world.api.get(f"/api/v1/calendar-connections/{self.id}/calendars")
        return list(listed.json()["data"])

    def path_of(self, calendar: JSON) -> str:
        url = self.psql.ask(f"SELECT remote_id FROM calendars WHERE name = '{calendar['name']}'")
        return url.removeprefix(self.server.url)

    def look_again(self, home: Installation) -> None:
        """Has all be read anew, and waits for it."""
        # The clock of a use case shows whole seconds.
        self.psql.ask("UPDATE calendars SET due_at = now() - interval '1 second', leased_by = NULL")
        run(home, start_due_readings, BESIDE)
        unread = "SELECT count(*) FROM calendars WHERE leased_by IS NOT NULL OR due_at <= now()"
        self.psql.wait_for(unread, "0")

    def codes(self, day: datetime = DAY) -> list[str]:
        query = {
            "schedule_id": self.schedule["id"],
            "start_time": day.isoformat(),
            "duration_minutes": 60,
        }
        explained = self.world.api.get("/api/v1/slots/explain", params=query).json()["data"]
        return [reason["code"] for reason in explained["reasons"]]

    def close(self) -> None:
        self.dav.request("DELETE", self.folder)
        self.dav.close()


@pytest.fixture
def account(own_world: World, radicale: CalDavServer, psql: Psql) -> Iterator[Account]:
    account = Account(own_world, radicale, psql)
    yield account
    account.close()


def test_events_there_make_a_schedule_busy(account: Account) -> None:
    account.put("one")
    account.put("weekly", "RRULE:FREQ=WEEKLY;COUNT=4", day=DAY + timedelta(days=1))
    account.put("free", "TRANSP:TRANSPARENT", day=DAY + timedelta(days=2))
    account.connect()
    busy = [account.codes(DAY + timedelta(days=days)) for days in (0, 1, 2, 3, 8, 22, 29)]
    assert busy == [["BUSY"], ["BUSY"], [], [], ["BUSY"], ["BUSY"], []]


def test_what_changes_there_is_followed(account: Account, own_home: Installation) -> None:
    account.put("one")
    account.put("two", day=DAY + timedelta(days=1))
    account.connect()
    account.put("one", day=DAY + timedelta(days=2))
    account.dav.delete(f"{account.folder}two.ics")
    account.put("three", day=DAY + timedelta(days=3))
    account.look_again(own_home)
    busy = [account.codes(DAY + timedelta(days=days)) for days in range(4)]
    assert busy == [[], [], ["BUSY"], ["BUSY"]]


def test_a_wrong_password_is_said_at_once(own_world: World, radicale: CalDavServer) -> None:
    body = {"provider": "caldav", "url": radicale.url, "username": USER, "password": "wrong"}
    answer = own_world.api.post("/api/v1/calendar-connections", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "CALENDAR_CREDENTIALS_REFUSED")


def test_a_password_is_neither_shown_nor_stored_as_it_is(account: Account) -> None:
    account.connect()
    shown = account.world.api.get(f"/api/v1/calendar-connections/{account.id}").text
    assert PASSWORD not in shown
    stored = account.psql.ask("SELECT encode(sealed, 'hex') FROM calendar_connections")
    assert PASSWORD.encode().hex() not in stored
    assert stored


def test_what_was_known_stays_while_the_server_is_away(
    account: Account, own_home: Installation
) -> None:
    account.put("one")
    account.connect()
    account.dav.request("DELETE", account.folder)
    account.look_again(own_home)
    shown = account.world.api.get(f"/api/v1/calendar-connections/{account.id}").json()["data"]
    assert shown["reason"] == "There is no such calendar any more."
    assert shown["stale_since"] is not None
    assert account.codes() == ["BUSY"]


def test_a_sync_says_what_it_has_brought(account: Account) -> None:
    account.connect()
    account.put("one")
    path = f"/api/v1/calendar-connections/{account.id}"
    answer = account.world.api.post(f"{path}/sync")
    assert answer.status_code == 202, answer.text
    run = f"{path}/syncs/{answer.json()['data']['run_id']}"
    until(lambda: account.world.api.get(run).json()["data"]["state"] == "done")
    counts = account.world.api.get(run).json()["data"]
    assert counts["calendars_read"] == counts["calendars_total"] == len(account.calendars)
    assert (counts["calendars_failed"], counts["events_changed"]) == (0, 1)
    assert account.codes() == ["BUSY"]


def test_an_opened_page_has_calendars_read_that_are_old(account: Account) -> None:
    account.connect()
    event_type = account.world.create_event_type(schedule_id=account.schedule["id"])
    page = f"{account.world.url}/{slug_of(account.world)}/{event_type['slug']}"
    account.psql.ask(
        "UPDATE calendars SET due_at = now() + interval '1 hour',"
        " last_synced_at = now() - interval '1 minute'"
    )
    account.put("one")
    assert httpx.get(page).status_code == 200
    until(lambda: account.codes() == ["BUSY"])
    # They were read just now, so the next one that opens it changes nothing.
    waiting = "SELECT count(*) FROM calendars WHERE leased_by IS NOT NULL OR due_at <= now()"
    account.psql.wait_for(waiting, "0")
    assert httpx.get(page).status_code == 200
    assert account.psql.ask(waiting) == "0"


def test_an_event_of_an_imported_booking_is_its_own(
    account: Account, own_home: Installation
) -> None:
    """By its UID, and by the very same times."""
    account.connect()
    for name, day in (("row-1", DAY), ("another", DAY + timedelta(days=1))):
        booked = account.world.book(account.schedule, f"{day:%Y-%m-%dT%H:%M:%SZ}")
        account.psql.ask(
            f"WITH b AS (UPDATE bookings SET source = 'calcom' WHERE id ="
            f" '{ids.decode_id(ids.BOOKING, booked['id'])}' RETURNING organization_id, id)"
            f" INSERT INTO calcom_seats SELECT organization_id, '{name[:5]}' || id, '', id, '{{}}'"
            " FROM b"
        )
        account.put(name, day=day)
    account.look_again(own_home)
    owned = account.psql.ask("SELECT count(*) FROM calendar_busy WHERE own_id IS NOT NULL")
    assert owned == "2"


class TestANewPassword:
    def change(self, account: Account, password: str) -> tuple[int | str, str]:
        path = f"/api/v1/calendar-connections/{account.id}"
        answer = account.world.api.patch(path, json={"password": password}).json()
        if "data" in answer:
            return 200, answer["data"]["state"]
        return answer["code"], ",".join(each["field"] for each in answer.get("details", []))

    def test_it_is_tried_first_and_then_reads(self, account: Account) -> None:
        account.connect()
        account.psql.ask("UPDATE calendar_connections SET state = 'reconnect', sealed = 'x'")
        account.put("one")
        assert self.change(account, "wrong") == ("CALENDAR_CREDENTIALS_REFUSED", "")
        assert account.state == "reconnect"
        assert self.change(account, PASSWORD) == (200, "reading")
        until(lambda: account.state == "active")
        assert account.codes() == ["BUSY"]

    def test_it_has_to_be_that_of_the_same_account(self, account: Account) -> None:
        account.connect()
        account.psql.ask("UPDATE calendars SET remote_id = remote_id || 'of-somebody-else/'")
        assert self.change(account, PASSWORD) == ("VALIDATION_ERROR", "password")


def test_nothing_that_an_event_says_is_kept(account: Account) -> None:
    account.put("one", "LOCATION:Secret place", "DESCRIPTION:Secret words")
    account.connect()
    kept = account.psql.ask("SELECT string_agg(e::text, ' ') FROM calendar_events e")
    for word in ("Lunch", "Secret"):
        assert word.encode().hex() not in kept
        assert word not in kept


def test_a_calendar_is_empty_when_it_was_seen_so_twice(
    account: Account, own_home: Installation
) -> None:
    account.put("one")
    account.connect()
    account.dav.delete(f"{account.folder}one.ics")
    account.psql.ask("UPDATE calendars SET compared_at = now() - interval '2 days'")
    account.look_again(own_home)
    assert account.codes() == ["BUSY"]
    account.look_again(own_home)
    assert account.codes() == []


def test_a_booking_is_one_event_that_invites_nobody_and_is_followed(
    account: Account, own_home: Installation
) -> None:
    account.connect()
    use(account.world.api, account.schedule["id"], account.calendar, writes=True)
    booking = account.world.book(account.schedule, f"{DAY:%Y-%m-%dT%H:%M:%SZ}")
    path = f"/api/v1/bookings/{booking['id']}"
    account.world.api.patch(path, json={"status": "CONFIRMED"})
    written = "SELECT ref FROM calendar_links WHERE state = 'written' AND booking_id IS NOT NULL"
    until(lambda: account.psql.ask(written) != "")
    href = account.server.url.rstrip("/") + account.psql.ask(written)
    text = account.dav.get(href).text
    assert "ORGANIZER" not in text
    assert "ATTENDEE" not in text
    moved = text.replace(f"DTSTART:{DAY:%Y%m%d}", f"DTSTART:{DAY + timedelta(days=1):%Y%m%d}")
    moved = moved.replace(f"DTEND:{DAY:%Y%m%d}", f"DTEND:{DAY + timedelta(days=1):%Y%m%d}")
    assert account.dav.put(href, content=moved).status_code in (201, 204)
    account.look_again(own_home)
    start = f"{DAY + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    until(lambda: bool(account.world.api.get(path).json()["data"]["start_time"] == start))
