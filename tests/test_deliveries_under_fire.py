"""Bad luck on the way of a webhook: receivers that fail, workers that are killed, restarts."""

import random
import threading
import time

import pytest

from kalends.compose import Installation
from tests.conftest import fetch, run
from tests.receivers import Behave, Received, Reply, receiving
from tests.servers import Server
from tests.world import JSON, World, plus

BOOKINGS = 40
CHANGES = 5
HOOKS = "/api/v1/webhooks"


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    return {"OUTBOUND_ALLOW": "127.0.0.1", "WEBHOOK_RETRY_SCALE": "0.0001"}


def unsteady(seed: int) -> Behave:
    """Fails half of the time."""
    dice, lock = random.Random(seed), threading.Lock()

    def behave(_: Received) -> Reply:
        with lock:
            return Reply(500) if dice.random() < 0.5 else Reply()

    return behave


def change_five_times(world: World, schedule: JSON, number: int) -> str:
    """A booking and its changes: five events."""
    booking = world.book(schedule, plus("2031-01-01T00:00:00Z", hours=3 * number))
    path = f"/api/v1/bookings/{booking['id']}"
    world.api.patch(path, json={"status": "CONFIRMED"})
    world.api.patch(path, json={"title": "Another"})
    world.api.patch(path, json={"start_time": plus(booking["start_time"], hours=1)})
    world.api.patch(path, json={"status": "NO_SHOW"})
    return str(booking["id"])


def first_seen(came: list[Received]) -> dict[str, list[str]]:
    """The types of each booking's events, in the order in which they first came."""
    seen: dict[str, dict[str, str]] = {}
    for one in came:
        event = one.event
        seen.setdefault(event["data"]["id"], {}).setdefault(event["id"], event["type"])
    return {booking: list(types.values()) for booking, types in seen.items()}


def test_killed_twice_every_event_comes_and_each_bookings_in_order(
    own_world: World, own_server: Server
) -> None:
    with receiving(unsteady(7)) as receiver:
        own_world.api.post(HOOKS, json={"url": receiver.url})
        schedule = own_world.create_schedule()
        ids = []
        for number in range(BOOKINGS):
            ids.append(change_five_times(own_world, schedule, number))
            if number in (BOOKINGS // 3, 2 * BOOKINGS // 3):
                own_server.kill()
                own_server.start().wait_until_ready()
        expected = [
            "booking.created",
            "booking.confirmed",
            "booking.updated",
            "booking.rescheduled",
            "booking.no_show",
        ]
        receiver.wait_until(
            lambda came: sum(map(len, first_seen(came).values())) >= BOOKINGS * CHANGES, 90
        )
        seen = first_seen(receiver.received)
    assert {booking: seen[booking] for booking in ids} == dict.fromkeys(ids, expected)


def test_what_waits_at_a_restart_goes_out_after_it(own_world: World, own_server: Server) -> None:
    with receiving() as receiver:
        hook = own_world.api.post(HOOKS, json={"url": receiver.url}).json()["data"]
        own_world.api.patch(f"{HOOKS}/{hook['id']}", json={"enabled": False})
        schedule = own_world.create_schedule()
        for hour in range(50):
            own_world.book(schedule, plus("2031-01-01T00:00:00Z", hours=hour))
        own_world.api.patch(f"{HOOKS}/{hook['id']}", json={"enabled": True})
        own_server.stop()
        own_server.start().wait_until_ready()
        receiver.wait_until(lambda came: len({one.headers["webhook-id"] for one in came}) == 50)


def test_an_endpoint_that_hangs_delays_no_other(own_world: World) -> None:
    hung = threading.Event()

    def hang(_: Received) -> Reply:
        hung.wait(60)
        return Reply()

    with receiving(hang) as slow, receiving() as quick:
        own_world.api.post(HOOKS, json={"url": slow.url})
        own_world.api.post(HOOKS, json={"url": quick.url})
        schedule = own_world.create_schedule()
        for hour in range(150):
            own_world.book(schedule, plus("2031-01-01T00:00:00Z", hours=hour))
        quick.wait_for(150)
        assert len(slow.received) < 150
        hung.set()


def test_five_days_of_failure_disable_an_endpoint_and_notify_the_admin(
    own_world: World, own_home: Installation
) -> None:
    with receiving(lambda _: Reply(500)) as receiver:
        hook = own_world.api.post(HOOKS, json={"url": receiver.url}).json()["data"]
        own_world.book(own_world.create_schedule())
        receiver.wait_for(1)
        run(
            own_home,
            "UPDATE webhook_endpoints SET failing_since = now() - interval '5 days'"
            f" WHERE url = '{receiver.url}'",
        )
        until = time.monotonic() + 90
        while own_world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]["enabled"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        shown = own_world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]
    assert "five days" in shown["disabled_reason"]
    mails = fetch(
        own_home,
        "SELECT recipient FROM mails WHERE kind = 'endpoint_disabled'"
        f" AND organization_id = '{own_world.setup.organization_id}'",
    )
    assert [row["recipient"] for row in mails] == [own_world.setup.admin_email]


def test_what_cannot_be_signed_is_tried_to_its_end(
    own_world: World, own_home: Installation
) -> None:
    """As after KALENDS_SECRET was changed."""
    with receiving() as receiver:
        hook = own_world.api.post(HOOKS, json={"url": receiver.url}).json()["data"]
        spoil = "UPDATE webhook_endpoints SET secret = 'sealed otherwise'"
        run(own_home, f"{spoil} WHERE url = '{receiver.url}'")
        own_world.book(own_world.create_schedule())
        until = time.monotonic() + 90
        while True:
            (shown,) = own_world.api.get(f"{HOOKS}/{hook['id']}/deliveries").json()["data"]
            if shown["state"] == "exhausted":
                break
            assert time.monotonic() < until, shown
            time.sleep(0.1)
    assert "KALENDS_SECRET" in shown["attempts"][-1]["error"]
    assert receiver.received == []


def test_a_success_ends_a_time_of_failures(own_world: World, own_home: Installation) -> None:
    answers = iter([Reply(500), Reply(500)])
    with receiving(lambda _: next(answers, Reply())) as receiver:
        hook = own_world.api.post(HOOKS, json={"url": receiver.url}).json()["data"]
        own_world.book(own_world.create_schedule())
        receiver.wait_for(3)
        time.sleep(0.3)
        run(
            own_home,
            "DO $$ BEGIN IF EXISTS (SELECT FROM webhook_endpoints WHERE failing_since IS NOT NULL"
            f" AND url = '{receiver.url}') THEN RAISE 'still failing'; END IF; END $$",
        )
        assert own_world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]["enabled"]
