"""Parts of an installation that fail under load, one or two at once, and come back under load."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.failover.invariants import assert_all_there_once, undelivered
from tests.failover.load import BookingLanes
from tests.failover.pair import Node
from tests.failover.stage import PairedServers, Serving, subscribe
from tests.fire.destinations import Destination
from tests.servers import Server
from tests.store.postgres_world import eventually

PARTS = ("primary", "standby", "server", "worker")
KILLED, FROZEN = "killed", "frozen"
# Of a PostgreSQL alone: a changed setting and a restart, as an operator does it; a primary that was
# frozen and wakes up after its standby was promoted, before anybody has stopped it.
RESTARTED, WOKEN = "restarted", "woken"
WAYS = (KILLED, FROZEN, RESTARTED, WOKEN)
PROMISED_SECONDS = 15
WITHIN_SECONDS = 90
# What a killed process had under way comes back when its lease is over.
ARRIVES_WITHIN_SECONDS = 240
# A lease takes half a minute to end, and each look starts a program.
LEASED_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Failure:
    """A part that is killed or frozen."""

    part: str
    way: str

    def __str__(self) -> str:
        return f"{self.part} {self.way}"


@dataclass
class Trial:
    """Load on a fleet, of which parts fail; and in seconds from the failure, until both servers
    answered again while it was not mended, until they did after it was, and the bookings."""

    fleet: PairedServers
    worker: Server
    load: BookingLanes
    answered_after: float | None = None
    mended_after: float = 0.0
    # Schedules whose bookings are written into a calendar: not all mails about them have an
    # invitation, by which they are known.
    written: frozenset[str] = frozenset()
    messages: dict[str, str] = field(default_factory=dict)

    async def run(self, failures: Sequence[Failure], answers: int, down: float) -> None:
        """Each server answers so often before and after; what failed stays down for so many
        seconds."""
        async with self.load as load:
            await load.until_each_has_answered(answers, WITHIN_SECONDS)
            since = time.monotonic()
            try:
                await self._fail(failures)
                if _is_served_meanwhile(failures):
                    await load.until_each_has_answered(answers, PROMISED_SECONDS)
                    self.answered_after = time.monotonic() - since
                await asyncio.sleep(max(since + down - time.monotonic(), 0))
            finally:
                await asyncio.to_thread(self._mend, failures)
            await load.until_each_has_answered(answers, WITHIN_SECONDS)
            self.mended_after = time.monotonic() - since

    def assert_nothing_was_lost(self) -> None:
        assert_all_there_once(self.fleet.pair.primary, self.fleet.world, self.load)

    def assert_arrived(self, destination: Destination) -> None:
        """Each event at each address, and what came first about a booking in the order of its
        events. What nobody recorded comes again, from a process that was frozen also late."""
        lanes = self._wait_for(destination)
        for steps in lanes.values():
            first = list(dict.fromkeys(steps))
            assert first == sorted(first), steps
        again = sum(len(steps) - len(set(steps)) for steps in lanes.values())
        late = sum(steps != sorted(steps) for steps in lanes.values())
        total = sum(len(set(steps)) for steps in lanes.values())
        self.messages[destination.channel] = f"{total}, {again} twice, {late} lanes late"

    def assert_all_is_recorded(self) -> None:
        """No message waits that has arrived."""
        node, world = self.fleet.pair.primary, self.fleet.world
        eventually(
            lambda: undelivered(node, world) == 0, ARRIVES_WITHIN_SECONDS, LEASED_PAUSE_SECONDS
        )

    def _wait_for(self, destination: Destination) -> dict[tuple[str, str], list[int]]:
        unknown = self.written if destination.channel == "mail" else frozenset()
        by_events: dict[int, list[str]] = {}
        for one in self.load.answered.values():
            if one.shown["schedule_id"] not in unknown:
                by_events.setdefault(one.events, []).append(one.shown["id"])
        for events, bookings in by_events.items():
            destination.wait_for(bookings, events, ARRIVES_WITHIN_SECONDS)
        return destination.steps(list(itertools.chain(*by_events.values())))

    async def _fail(self, failures: Sequence[Failure]) -> None:
        """A primary that fails alone has its standby promoted, by hand as it were."""
        pair = self.fleet.pair
        for failure in failures:
            part = self._parts[failure.part]
            if failure.way == KILLED:
                part.kill()
            elif failure.way == RESTARTED:
                await asyncio.to_thread(restart_with_another_setting, part)
            else:
                part.freeze()
        ways = {failure.part: failure.way for failure in failures}
        if ways.get("primary", RESTARTED) != RESTARTED and "standby" not in ways:
            await asyncio.to_thread(pair.promote)
        if ways.get("primary") == WOKEN:
            pair.primary.wake()

    def _mend(self, failures: Sequence[Failure]) -> None:
        """Databases first, without which no process starts."""
        pair = self.fleet.pair
        if pair.has_failed_over:
            pair.rejoin()
        else:
            for failure in failures:
                self._parts[failure.part].wake()
            pair.primary.ensure_running()
            pair.standby.ensure_running()
            pair.wait_until_in_sync()
        for process in (*self.fleet.servers, self.worker):
            process.wake()
            process.ensure_running()

    @property
    def _parts(self) -> dict[str, Node | Server]:
        pair, server = self.fleet.pair, self.fleet.servers[0]
        return dict(zip(PARTS, (pair.primary, pair.standby, server, self.worker), strict=True))


def restart_with_another_setting(node: Node | Server) -> None:
    assert isinstance(node, Node)
    node.psql("ALTER SYSTEM SET wal_buffers = '2MB'")  # only read at a start
    node.stop_cleanly()
    node.ensure_running()


def _is_served_meanwhile(failures: Sequence[Failure]) -> bool:
    """Whether both servers have to answer before anything is mended. A primary that wakes up goes
    on being found, and confirms nothing."""
    parts = {failure.part for failure in failures}
    is_away = any(failure.part == "standby" and failure.way != RESTARTED for failure in failures)
    return not (is_away or "server" in parts or any(one.way == WOKEN for one in failures))


def prepared(
    fleet: PairedServers, serving: Serving, worker: Server, lanes: int, pause_seconds: float
) -> Trial:
    """One whose events go to the destinations."""
    subscribe(fleet.world, serving.destinations["webhook"])
    load = fleet.load(lanes, changing=True, pause_seconds=pause_seconds)
    return Trial(fleet, worker, load)
