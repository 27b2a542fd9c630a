"""Kalends at work with accounts that are reached by consent: in a browser, and an office that has
given one."""

from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from kalends.compose import Installation
from tests.calendars.difficult import DifficultOffice
from tests.calendars.readings import use
from tests.transport import PlainTransport
from tests.world import JSON, World

PUBLIC_URL = "https://book.example.com"
CALLBACK = f"{PUBLIC_URL}/connect/callback"
AUTHORIZE = "/api/v1/calendar-connections/authorize"


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
    return f"/api/v1/calendar-connections/{said['connection_id']}"


class ConsentedOffice(DifficultOffice):
    """An organization whose schedule writes the calendar of an account that was consented to."""

    def __init__(self, world: World, home: Installation, provider: str, calendar: str) -> None:
        self.world, self.api, self.home = world, world.api, home
        self.organization_id = world.setup.organization_id
        self.path = connected(world, provider)
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

    def ours(self) -> list[JSON]:
        """The events there that we have written."""
        raise NotImplementedError

    def starts(self) -> list[str]:
        texts = [event["start"]["dateTime"][:19] for event in self.ours()]
        return sorted(text.replace("-", "").replace(":", "") + "Z" for text in texts)

    def event_of(self, booking: JSON) -> JSON:
        (event,) = [one for one in self.ours() if booking["id"] in str(one)]
        return event

    def until(self, check: Callable[[], Any]) -> Any:
        """Waits, and has what waits tried again."""

        def is_so() -> Any:
            self.try_again()
            return check()

        return self.wait_for(is_so)
