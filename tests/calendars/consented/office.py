"""Kalends at work with accounts that are reached by consent: in a browser, and an office that has
given one."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

import httpx

from kalends.compose import Installation
from tests.calendars.difficult import DifficultOffice
from tests.calendars.readings import use
from tests.calendars.test_busy import at
from tests.conftest import fetch, run
from tests.fakes.consented import CLIENT_SECRET, ConsentedFake
from tests.fakes.quirks import Quirk
from tests.transport import PlainTransport
from tests.world import JSON, World

PUBLIC_URL = "https://book.example.com"
CALLBACK = f"{PUBLIC_URL}/connect/callback"
CONNECTIONS = "/api/v1/calendar-connections"
AUTHORIZE = f"{CONNECTIONS}/authorize"


def settings_for(*fakes: ConsentedFake) -> dict[str, str]:
    """Settings of a server that asks the fakes in place of the providers."""
    settings = {"OUTBOUND_ALLOW": "127.0.0.1", "PUBLIC_URL": PUBLIC_URL}
    for fake in fakes:
        fake.redirect_uris = {CALLBACK}
        name = fake.NAME.upper()
        settings[f"{name}_CLIENT_ID"] = fake.CLIENT_ID
        settings[f"{name}_CLIENT_SECRET"] = CLIENT_SECRET
        settings[f"{name}_TEST_URL"] = fake.url
    return settings


class Browser:
    """Somebody's browser, which meets our server where it is and keeps its cookie."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(transport=PlainTransport(), timeout=30)
        self.url = url
        self.cookie = ""

    def open(self, address: str) -> httpx.Response:
        """An address of ours, or the provider's."""
        is_ours = address.startswith(PUBLIC_URL)
        headers = {"cookie": self.cookie} if is_ours and self.cookie else {}
        answer = self._client.get(address.replace(PUBLIC_URL, self.url), headers=headers)
        if "kalends_connect" in answer.headers.get("set-cookie", ""):
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def consent(self, page_url: str) -> str:
        """From our page to the provider's, whose answer leads back to this address."""
        page = self.open(page_url)
        assert page.status_code == 200, page.text
        answer = self.open(link_in(page.text))
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def close(self) -> None:
        self._client.close()


def link_in(page: str) -> str:
    """Where the page's button leads."""
    return page.partition('class="button wide" href="')[2].partition('"')[0].replace("&amp;", "&")


def said_in(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def page_for(world: World, provider: str, **asked: Any) -> str:
    answer = world.api.post(AUTHORIZE, json={"provider": provider, **asked})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["url"])


def connected(world: World, provider: str, **asked: Any) -> str:
    """The path of a connection that was consented to."""
    browser = Browser(world.url)
    address = browser.consent(
        page_for(world, provider, return_url=f"{PUBLIC_URL}/console", **asked)
    )
    answer = browser.open(address)
    browser.close()
    assert answer.status_code == 303, answer.text
    said = said_in(answer.headers["location"])
    assert said["status"] == "connected"
    return f"{CONNECTIONS}/{said['connection_id']}"


def reads_alone(world: World, words: str) -> None:
    """There is one connection, which lacks the consent of those words, and writes nothing."""
    (shown,) = world.api.get(CONNECTIONS).json()["data"]
    assert shown["consent_lacks"] == [words]
    assert words in shown["reason"]
    assert set(access_of(world, shown).values()) == {"read"}


def access_of(world: World, connection: JSON) -> dict[str, str]:
    """What may be done with each calendar, by its name."""
    listed = world.api.get(f"{CONNECTIONS}/{connection['id']}/calendars").json()["data"]
    return {one["name"]: one["access"] for one in listed}


class CalendarThere(Protocol):
    """A calendar of a fake, as others change it."""

    changes: int
    oldest_token: int

    def put(self, event: JSON) -> JSON: ...

    def remove(self, id_: str) -> None: ...

    def live(self) -> list[JSON]: ...


class ConsentedOffice(DifficultOffice):
    """An organization whose schedule writes the calendar of an account that was consented to."""

    # By which column of ours a fake knows its channels.
    CHANNEL_COLUMN: ClassVar[str]
    # What messages are answered with, and those on a channel that we do not have.
    TAKEN: ClassVar[int]
    UNKNOWN: ClassVar[int]

    def __init__(
        self, world: World, home: Installation, fake: ConsentedFake, calendar: str
    ) -> None:
        self.world, self.api, self.home, self.fake = world, world.api, home, fake
        self.organization_id = world.setup.organization_id
        self.whose = f"organization_id = '{self.organization_id}'"
        self.path = connected(world, fake.NAME)
        self.wait_for(lambda: self.connection()["state"] == "active")
        listed = self.api.get(f"{self.path}/calendars").json()["data"]
        (self.calendar,) = [one for one in listed if one["name"] == calendar]
        self.schedule = world.create_schedule()
        use(self.api, self.schedule["id"], self.calendar, reads=True, writes=True)

    @cached_property
    def event_type(self) -> JSON:
        """An hour on the schedule."""
        return self.world.create_event_type(
            name="Cut", duration_minutes=60, schedule_id=self.schedule["id"]
        )

    @property
    def there(self) -> CalendarThere:
        calendar: CalendarThere = self.fake.calendar()
        return calendar

    @property
    def channels(self) -> dict[str, JSON]:
        """Those that are open there."""
        raise NotImplementedError

    def ours(self) -> list[JSON]:
        """The events there that we have written."""
        raise NotImplementedError

    def event_at(self, id_: str, hour: float) -> JSON:
        """An hour there."""
        raise NotImplementedError

    def tell(self, channel: JSON, **said: str) -> httpx.Response:
        """That something has changed, on that channel, or what else is said of it."""
        raise NotImplementedError

    def say(self, channel: JSON, **said: str) -> None:
        """The same, as often as the fake does, of a channel that we have."""
        for _ in range(self.fake.times):
            answer = self.tell(channel, **said)
            assert answer.status_code == self.TAKEN, answer.text

    def starts(self) -> list[str]:
        texts = [event["start"]["dateTime"][:19] for event in self.ours()]
        return sorted(text.replace("-", "").replace(":", "") + "Z" for text in texts)

    def event_of(self, booking: JSON) -> JSON:
        (event,) = [one for one in self.ours() if booking["id"] in str(one)]
        return event

    def is_busy(self, hour: float) -> bool:
        """Whether the hour is refused."""
        query = {"event_type_id": self.event_type["id"], "start_time": at(hour).isoformat()}
        explained = self.api.get("/api/v1/slots/explain", params=query).json()["data"]
        return "BUSY" in [reason["code"] for reason in explained["reasons"]]

    def book_while(self, quirk: Quirk) -> None:
        """A booking cannot be written while the provider is so, and is afterwards."""
        self.fake.quirks.add(quirk)
        booking = self.booked(9)
        self.wait_for(lambda: self.error_of(booking))
        self.fake.quirks.discard(quirk)
        self.until(lambda: self.state(booking) == "written")
        self.shows(9)

    def read_when_told(self, channel: JSON, **said: str) -> None:
        """Something new there is read as soon as it is said on that channel."""
        self.there.put(self.event_at("event1", 9))
        self.say(channel, **said)
        self.wait_for(lambda: self.is_busy(9))

    def channel(self) -> JSON:
        """The channel of the office, once Kalends knows that it is open."""
        column, is_open = self.CHANNEL_COLUMN, f"expires_at > now() AND {self.whose}"
        query = f"SELECT {column} FROM calendar_channels WHERE {is_open}"
        (row,) = self.wait_for(lambda: fetch(self.home, query))
        return self.channels[str(row[0])]

    def forget_claim(self) -> None:
        """That a channel was asked for a moment ago."""
        run(self.home, f"UPDATE calendars SET watch_after = NULL WHERE {self.whose}")

    def put_off_readings(self) -> None:
        """For long, unless something comes on a channel."""
        run(self.home, f"UPDATE calendars SET due_at = '2099-01-01' WHERE {self.whose}")

    def has_put_off_readings(self) -> bool:
        put_off = f"SELECT 1 FROM calendars WHERE due_at = '2099-01-01' AND {self.whose}"
        return bool(fetch(self.home, put_off))

    def until(self, check: Callable[[], Any]) -> Any:
        """Waits, and has what waits tried again."""

        def is_so() -> Any:
            self.try_again()
            return check()

        return self.wait_for(is_so)
