"""One row that somebody holds: whom it blocks, for how long, and what everybody else gets."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from kalends.cli.running import run
from kalends.compose import Installation
from kalends.domain.errors import Unavailable
from kalends.domain.ids import BOOKING, decode_id
from kalends.services.reminders import send_due
from kalends.store.database import JOB_LIMITS
from tests.conftest import PASSWORD, make_organization
from tests.psql import Psql
from tests.servers import Server
from tests.world import World, plus, tomorrow_at

PATH = "/api/v1/bookings"
POOL = 10
# What one serving process may have, as docs/running/postgresql.md says: one that was cut counts
# until PostgreSQL has seen it, which may happen to a few on a machine as busy as this.
CUT = 2
MOST_CONNECTIONS = {"kalends": POOL + CUT, "kalends jobs": 7}
SECONDS = 9
COUNTER_ROW = "SELECT * FROM event_counters WHERE organization_id = '{}' FOR UPDATE"


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    return {"DATABASE_POOL": str(POOL)}


def new_world(home: Installation, server: Server) -> World:
    return World(server.url, make_organization(home), PASSWORD)


@dataclass
class BlockedAnswers:
    """What came back while the row was held."""

    answers: Counter[int] = field(default_factory=Counter)

    async def send(self, request: Any) -> None:
        answer = await request
        self.answers[answer.status_code] += 1

    @property
    def share_of_good(self) -> float:
        good = sum(count for status, count in self.answers.items() if status < 300)
        return good / self.answers.total()


@dataclass
class Attack:
    """Requests at a steady pace for one organization, while others go about their business."""

    blocked: BlockedAnswers = field(default_factory=BlockedAnswers)
    others: BlockedAnswers = field(default_factory=BlockedAnswers)
    most: Counter[str] = field(default_factory=Counter)

    async def run(self, blocked: Any, other: Any, psql: Psql) -> None:
        tasks = [asyncio.create_task(self._watch(psql))]
        for number in range(SECONDS * 15):
            tasks.append(asyncio.create_task(self.blocked.send(blocked(number))))
            if number % 2:
                tasks.append(asyncio.create_task(self.others.send(other(number))))
            await asyncio.sleep(1 / 15)
        await asyncio.gather(*tasks)

    async def _watch(self, psql: Psql) -> None:
        counting = "SELECT application_name, count(*) FROM pg_stat_activity GROUP BY 1"
        for _ in range(SECONDS * 4):
            lines = await asyncio.to_thread(psql.ask, counting)
            for name, count in (line.split("|") for line in lines.splitlines()):
                self.most[name] = max(self.most[name], int(count))
            await asyncio.sleep(0.25)


def assert_only_the_blocked_wait(attack: Attack) -> None:
    assert set(attack.blocked.answers) == {503}
    assert attack.others.share_of_good >= 0.9, attack.others
    for name, most in MOST_CONNECTIONS.items():
        assert attack.most[name] <= most, attack.most


def test_a_blocked_row_stops_nobody_but_its_organization(
    own_home: Installation, own_server: Server, psql: Psql
) -> None:
    blocked, other = new_world(own_home, own_server), new_world(own_home, own_server)
    schedules = blocked.create_schedule(), other.create_schedule()

    async def attack() -> Attack:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=own_server.url, timeout=60, limits=limits) as client:

            def book(world: World, schedule: dict[str, Any], number: int) -> Any:
                body = world.booking_body(schedule, plus(tomorrow_at(0), hours=number))
                return client.post(PATH, json=body, headers=dict(world.api.headers))

            attack = Attack()
            await attack.run(
                lambda number: book(blocked, schedules[0], number),
                lambda number: book(other, schedules[1], number),
                psql,
            )
            return attack

    with psql.holding(COUNTER_ROW.format(blocked.setup.organization_id)):
        attack_seen = asyncio.run(attack())
    assert_only_the_blocked_wait(attack_seen)
    assert blocked.api.post(PATH, json=blocked.booking_body(schedules[0])).status_code == 201


def test_an_abandoned_statement_ends_at_the_server_too(
    own_home: Installation, own_server: Server, psql: Psql
) -> None:
    world = new_world(own_home, own_server)
    schedule = world.create_schedule()
    with psql.holding(COUNTER_ROW.format(world.setup.organization_id)):
        answer = world.api.post(PATH, json=world.booking_body(schedule))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        assert psql.ask(waiting) == "0"
    assert answer.status_code == 503
    assert answer.json()["code"] == "UNAVAILABLE"


def test_a_reminder_that_is_held_up_holds_up_no_others(
    own_home: Installation, own_server: Server, psql: Psql
) -> None:
    worlds = [new_world(own_home, own_server) for _ in range(2)]
    bookings = [world.book(world.create_schedule()) for world in worlds]
    for world, booking in zip(worlds, bookings, strict=True):
        world.api.patch(f"{PATH}/{booking['id']}", json={"status": "CONFIRMED"})
    ids = [decode_id(BOOKING, booking["id"]) for booking in bookings]
    held, free = (world.setup.organization_id for world in worlds)

    with psql.holding(COUNTER_ROW.format(held)):
        psql.ask(
            "INSERT INTO reminders (organization_id, booking_id, minutes_before, remind_at) "
            f"VALUES ('{held}', '{ids[0]}', 60, now() - interval '2 minutes'), "
            f"('{free}', '{ids[1]}', 60, now() - interval '1 minute')"
        )
        with pytest.raises(Unavailable):
            run(own_home, send_due, JOB_LIMITS)
        waiting = psql.ask("SELECT organization_id FROM reminders WHERE remind_at < now()")
        assert waiting == str(held)
