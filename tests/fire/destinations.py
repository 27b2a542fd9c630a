"""Where messages go: an HTTP receiver and an SMTP server, each in a process of its own that can
fail, hang, die and come back.

python -m tests.fire.destinations CHANNEL PORT FILE STEADY|UNSTEADY
"""

import base64
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import Envelope

from tests.forking import start_python
from tests.receivers import Received, Reply, receiving
from tests.servers import free_port, stopped
from tests.smtp import TAKEN, post_office

STEADY, UNSTEADY = "steady", "unsteady"
# The events of a booking that is changed as `bookings.change_often` does.
EVENTS = (
    "booking.created",
    "booking.confirmed",
    "booking.rescheduled",
    "booking.updated",
    "booking.cancelled",
)
# A message that failed more often would be given up, which is another thing.
MOST_FAILURES = 4
SLOW_SECONDS = 0.05
MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)
INVITATION = re.compile(rb"Content-Type: text/calendar.*?\r\n\r\n(.*?)\r\n--", re.DOTALL)
UID = re.compile(rb"^UID:(\S+)@kalends", re.MULTILINE)
SEQUENCE = re.compile(rb"^SEQUENCE:(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class TakenMessage:
    """A message as it was taken: `id` is the same at each try, `step` is the place of its event
    among those of the booking, from 0."""

    id: str
    address: str
    booking: str
    step: int


@dataclass(frozen=True)
class DestinationKind:
    """How messages of a channel are taken, and at how many addresses each event arrives."""

    serve: Callable[[int, "Notebook"], AbstractContextManager[Any]]
    addresses: int


class Notebook:
    """Notes what is taken, in its order. Unsteady, it fails half of the time."""

    def __init__(self, file: Path, mood: str) -> None:
        self.is_unsteady = mood == UNSTEADY
        self._notes = file.open("a", buffering=1)
        self._failures: Counter[str] = Counter()
        self._lock = threading.Lock()

    def takes(self, message: TakenMessage) -> bool:
        with self._lock:
            may_fail = self.is_unsteady and self._failures[message.id] < MOST_FAILURES
            if may_fail and random.random() < 0.5:
                self._failures[message.id] += 1
                return False
            self._notes.write(json.dumps(asdict(message)) + "\n")
            return True


def serve_webhooks(port: int, desk: Notebook) -> AbstractContextManager[Any]:
    seconds = SLOW_SECONDS if desk.is_unsteady else 0.0

    def behave(received: Received) -> Reply:
        event = received.event
        step = EVENTS.index(event["type"])
        message = TakenMessage(
            received.headers["webhook-id"], received.path, event["data"]["id"], step
        )
        return Reply(200 if desk.takes(message) else 500, after_seconds=seconds)

    return receiving(behave, port)


def serve_mail(port: int, desk: Notebook) -> AbstractContextManager[Any]:
    def answer(envelope: Envelope) -> str:
        return TAKEN if desk.takes(read_mail(envelope)) else "451 4.3.0 Not now"

    return post_office(answer, port, SLOW_SECONDS if desk.is_unsteady else 0.0)


def read_mail(envelope: Envelope) -> TakenMessage:
    """A mail without an invitation is about no booking. Reading it as mail and as a calendar would
    keep this server busier than the one that sends it."""
    content = envelope.content
    assert isinstance(content, bytes)
    (address,) = envelope.rcpt_tos
    message_id = MESSAGE_ID.findall(content)[0].decode()
    invitation = INVITATION.search(content)
    if invitation is None:
        return TakenMessage(message_id, address, "", 0)
    calendar = base64.b64decode(invitation[1])
    booking, step = UID.findall(calendar), SEQUENCE.findall(calendar)
    return TakenMessage(message_id, address, booking[0].decode(), int(step[0]))


CHANNELS = {"webhook": DestinationKind(serve_webhooks, 1), "mail": DestinationKind(serve_mail, 2)}


@dataclass
class Destination:
    """Such a process, and what it has taken."""

    channel: str
    file: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None
    _messages: list[TakenMessage] = field(default_factory=list)
    _by_booking: dict[str, list[TakenMessage]] = field(default_factory=lambda: defaultdict(list))
    _read: int = 0

    def start(self, mood: str = STEADY) -> Self:
        """Starts it anew if it ran."""
        self.die()
        self.file.touch()
        words = (self.channel, str(self.port), str(self.file), mood)
        self._process = start_python(
            *("-m", "tests.fire.destinations", *words),
            env=os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def hanging(self) -> AbstractContextManager[None]:
        assert self._process
        return stopped(self._process)

    @contextmanager
    def dead(self) -> Iterator[None]:
        """While the block lasts it refuses connections."""
        self.die()
        try:
            yield
        finally:
            self.start()

    def die(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.die()

    @property
    def messages(self) -> list[TakenMessage]:
        """All that was taken, in its order; what arrived twice is here twice."""
        self._read_on()
        return self._messages

    def _read_on(self) -> None:
        with self.file.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            message = TakenMessage(**json.loads(line))
            self._messages.append(message)
            self._by_booking[message.booking].append(message)

    def steps(self, bookings: Collection[str]) -> dict[tuple[str, str], list[int]]:
        """What was taken about each of the bookings at each address, in its order."""
        steps: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._read_on()
        for booking in set(bookings) & self._by_booking.keys():
            for message in self._by_booking[booking]:
                steps[booking, message.address].append(message.step)
        return steps

    def out_of_order(self, bookings: Collection[str]) -> list[list[int]]:
        """What was taken about a booking at an address, where a step came before an earlier one.
        One that came twice is in order, where nothing lies between."""
        return [steps for steps in self.steps(bookings).values() if steps != sorted(steps)]

    def out_of_order_at_last(
        self, changed: Collection[str], within_seconds: float
    ) -> list[list[int]]:
        """The same of bookings that were changed, once all their events have arrived."""
        self.wait_for(changed, len(EVENTS), within_seconds)
        return self.out_of_order(changed)

    def wait_for(self, bookings: Collection[str], events: int, within_seconds: float = 60) -> None:
        """Until all events of each of the bookings have arrived at each address."""
        expected = len(bookings) * events * CHANNELS[self.channel].addresses
        until = time.monotonic() + within_seconds
        while True:
            arrived = sum(len(set(steps)) for steps in self.steps(bookings).values())
            if arrived >= expected:
                return
            assert time.monotonic() < until, f"{arrived} of {expected} in {within_seconds} s"
            time.sleep(0.05)


def main(channel: str, port: str, file: str, mood: str) -> None:
    desk = Notebook(Path(file), mood)
    with CHANNELS[channel].serve(int(port), desk):
        print("ready", flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
