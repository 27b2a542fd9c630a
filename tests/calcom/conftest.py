"""A server that may call loopback, a fake Cal.com, and an admin who connects the two."""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from kalends.cli.running import run
from kalends.compose import Installation
from kalends.domain.ids import ORGANIZATION, RUN, encode_id
from kalends.runtime.unit_of_work import Context
from tests.conftest import PASSWORD, fetch, make_organization
from tests.fakes.calcom import FakeCalcom
from tests.homes import BESIDE, migrated
from tests.servers import Server
from tests.transport import PlainTransport
from tests.world import JSON, World

SYNC = "/api/bookings/sync-calcom"
CONNECTION = "/api/integrations/calcom"


@dataclass
class Desk:
    """An admin at work: an organization, its connection, and the Cal.com behind it."""

    world: World
    calcom: FakeCalcom
    home: Installation
    schedule: JSON = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.admin = self.sign_in(self.world.setup.admin_email)
        self.schedule = self.world.create_schedule(timezone="Europe/Berlin")

    def sign_in(self, email: str) -> httpx.Client:
        client = httpx.Client(base_url=self.world.url, timeout=60, transport=PlainTransport())
        body = {"email": email, "password": PASSWORD}
        assert client.post("/api/auth/login", json=body).status_code == 200
        return client

    @property
    def organization_id(self) -> str:
        return encode_id(ORGANIZATION, self.world.setup.organization_id)

    def body(self, **changes: Any) -> JSON:
        return {
            "organizationId": self.organization_id,
            "apiKey": self.calcom.key,
            "baseUrl": self.calcom.url,
            "defaultScheduleId": self.schedule["id"],
            "intervalMinutes": 0,
            **changes,
        }

    def connect(self, **changes: Any) -> JSON:
        answer = self.admin.put(CONNECTION, json=self.body(**changes))
        assert answer.status_code == 200, answer.text
        made: JSON = answer.json()["data"]
        return made

    def try_sync(self, **fields: Any) -> httpx.Response:
        return self.admin.post(SYNC, json={"organizationId": self.organization_id, **fields})

    def sync(self, **fields: Any) -> JSON:
        """The run when it is over, which may be after the call on a machine that is busy."""
        answer = self.try_sync(**fields)
        assert answer.status_code in (200, 202), answer.text
        done: JSON = answer.json()
        return done if answer.status_code == 200 else wait_until_over(self, done["run_id"])

    def bookings(self, **query: Any) -> list[JSON]:
        bookings: list[JSON] = []
        while True:
            page = self.world.api.get(
                "/api/v1/bookings", params={"limit": 500, "offset": len(bookings), **query}
            ).json()
            bookings += page["data"]
            if not page["meta"]["hasMore"]:
                return bookings

    def booking(self, uid: str) -> JSON:
        (booking,) = [b for b in self.bookings() if b["external"]["uid"] == uid]
        return booking

    def count_mails(self) -> int:
        """How many mails there are, sent or not, for the organization."""
        ((count,),) = self.fetch(
            "SELECT count(*) FROM mails WHERE organization_id = $1",
            self.world.setup.organization_id,
        )
        return int(count)

    def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        """Asks the database behind the server's back."""

        return fetch(self.home, sql, *arguments)

    def runs(self) -> list[str]:
        """The ids of the organization's runs, the latest first."""
        sql = "SELECT id FROM calcom_runs WHERE organization_id = $1 ORDER BY id DESC"
        return [encode_id(RUN, row[0]) for row in self.fetch(sql, self.world.setup.organization_id)]

    def jobs(self, entrypoint: str) -> int:
        """How many such jobs of the organization wait or run."""
        sql = "SELECT count(*) FROM pgqueuer WHERE entrypoint = $1 AND position($2 in payload) > 0"
        organization_id = str(self.world.setup.organization_id).encode()
        return int(self.fetch(sql, entrypoint, organization_id)[0][0])

    def wait_for_jobs(self, entrypoint: str) -> None:
        until = time.monotonic() + 90
        while self.jobs(entrypoint):
            assert time.monotonic() < until
            time.sleep(0.1)

    def forget_jobs(self) -> None:
        """Those that still wait would go on asking a Cal.com that has gone."""
        sql = "DELETE FROM pgqueuer WHERE status = 'queued' AND position($1 in payload) > 0"
        self.fetch(sql, str(self.world.setup.organization_id).encode())

    def events(self) -> list[JSON]:
        """The event log, oldest first."""
        events: list[JSON] = []
        after: str | None = None
        while True:
            query = {"limit": 500} | ({"after": after} if after else {})
            answer = self.world.api.get("/api/v1/event-log", params=query).json()
            events += answer["data"]
            if not answer["meta"]["hasMore"]:
                return events
            after = events[-1]["id"]


T = TypeVar("T")


def call(home: Installation, ask: Callable[[Context], Awaitable[T]]) -> T:
    """What `ask` gives, with connections of its own."""
    return run(home, ask, BESIDE)


@pytest.fixture
def calcom() -> Iterator[FakeCalcom]:
    with FakeCalcom() as fake:
        yield fake


NewDesk = Callable[[], Desk]


@pytest.fixture
def new_desk(
    home: Installation, server: Server, calcom: FakeCalcom
) -> Iterator[Callable[[], Desk]]:
    desks: list[Desk] = []

    def make() -> Desk:
        world = World(server.url, make_organization(home), PASSWORD)
        desks.append(Desk(world, calcom, home))
        return desks[-1]

    yield make
    for desk in desks:
        desk.forget_jobs()
        desk.admin.close()
        desk.world.close()


@pytest.fixture
def desk(new_desk: Callable[[], Desk]) -> Desk:
    """A desk whose connection is made."""
    desk = new_desk()
    desk.connect()
    return desk


def wait_until_over(desk: Desk, run: str) -> JSON:
    """The run as it is shown when it is over."""
    until = time.monotonic() + 90
    while True:
        body: JSON = desk.admin.get(f"{SYNC}/{run}").json()
        if body["status"] != "running":
            return body
        assert time.monotonic() < until, body
        time.sleep(0.2)


Fragile = tuple[Installation, dict[str, str], Path]


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Fragile]:
    """An installation of its own, whose servers may be killed."""
    environment = {
        "KALENDS_DATA_DIR": str(tmp_path / "data"),
        "KALENDS_OUTBOUND_ALLOW": "127.0.0.1",
        "KALENDS_RATE_LIMIT_READ": "none",
    }
    with migrated(environment) as home:
        yield home, environment, tmp_path
