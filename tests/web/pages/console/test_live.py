"""Server-sent events: changes made elsewhere reach those they concern, while the session lasts."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from kalends.compose import Installation
from kalends.runtime import change_watcher
from tests.conftest import in_thread, run
from tests.homes import BESIDE
from tests.servers import Server
from tests.web.pages.console.desks import SignedInBrowser
from tests.world import World

SOON_SECONDS = 10.0


class Heard:
    """What came over a stream, in the order it came."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.lines: list[str] = []
        self.is_over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def wait_for(self, line: str, seconds: float = SOON_SECONDS) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: line in self.lines, seconds)
        assert came, f"no {line!r} in {self.lines}"

    def wait_for_end(self, seconds: float) -> None:
        self._thread.join(seconds)
        assert self.is_over, self.lines

    def _read(self) -> None:
        try:
            for line in self.answer.iter_lines():
                with self._changed:
                    self.lines.append(line)
                    self._changed.notify_all()
        except (httpx.HTTPError, httpx.StreamError, OSError):
            pass
        self.is_over = True


@contextmanager
def listening(user: SignedInBrowser, url: str = "", **headers: str) -> Iterator[Heard]:
    """Listens with the user's session."""
    cookie = {"cookie": f"kalends_session={user.cookies['kalends_session']}"}
    path = f"{url or str(user.base_url).rstrip('/')}/console/{user.slug}/live"
    with httpx.stream("GET", path, headers=cookie | headers, timeout=60) as answer:
        heard = Heard(answer)
        heard.wait_for("retry: 3000")
        try:
            yield heard
        finally:
            # Whatever comes next ends the reading.
            answer.close()


def test_a_booking_made_elsewhere_is_streamed(world: World, admin: SignedInBrowser) -> None:
    with listening(admin) as heard:
        assert heard.answer.headers["content-type"] == "text/event-stream"
        assert heard.answer.headers["x-accel-buffering"] == "no"
        assert heard.answer.headers["cache-control"] == "no-store"
        world.book(world.shared_schedule)
        heard.wait_for("event: change")


def test_a_reconnected_page_receives_missed_events(world: World, admin: SignedInBrowser) -> None:
    world.book(world.shared_schedule)
    with listening(admin, **{"last-event-id": "0"}) as heard:
        heard.wait_for("id: 1")


def test_nothing_of_another_organization_is_streamed(
    world: World, admin: SignedInBrowser, new_world: Callable[[], World]
) -> None:
    other = new_world()
    with listening(admin) as heard:
        other.book(other.create_schedule())
        time.sleep(2)
        assert "event: change" not in heard.lines
        world.book(world.shared_schedule)
        heard.wait_for("event: change")
        assert heard.lines.count("event: change") == 1


def test_the_stream_ends_with_the_session(world: World, admin: SignedInBrowser) -> None:
    with listening(admin) as heard:
        admin.post("/console/sign-out", data={"form_token": admin.token})
        world.book(world.shared_schedule)
        heard.wait_for_end(SOON_SECONDS)
        assert "event: change" not in heard.lines
        assert "event: end" in heard.lines


def test_it_ends_with_the_membership(
    home: Installation, world: World, admin: SignedInBrowser
) -> None:
    with listening(admin) as heard:
        id_ = world.setup.organization_id
        run(home, f"DELETE FROM memberships WHERE organization_id = '{id_}'")
        world.book(world.shared_schedule)
        heard.wait_for_end(SOON_SECONDS)
        assert "event: change" not in heard.lines


def test_it_does_not_keep_a_server_from_stopping(
    environment: dict[str, str], home: Installation, admin: SignedInBrowser, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    server = Server(environment, log).start().wait_until_ready()
    try:
        with listening(admin, server.url) as heard:
            server.stop()
            heard.wait_for_end(SOON_SECONDS)
    finally:
        server.stop()
    # What uvicorn says of answers that it waited for in vain.
    assert "graceful shutdown exceeded" not in log.read_text()


def test_streams_are_limited(
    home: Installation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_watcher, "MOST_WATCHERS", 2)
    in_thread(_fill(home, world))


async def _fill(home: Installation, world: World) -> None:
    context = home.context(BESIDE)
    watched = change_watcher.ChangeWatcher(context)
    async with AsyncExitStack() as watching:
        watching.push_async_callback(context.close)
        organization_id = world.setup.organization_id
        await watching.enter_async_context(watched.watch(organization_id, 0))
        async with watched.watch(organization_id, 0):
            assert watched.is_full
        assert not watched.is_full
