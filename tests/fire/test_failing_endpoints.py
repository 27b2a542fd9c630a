"""Webhook endpoints that fail for long, or cannot be sent anything."""

import time

from kalends.compose import Installation
from tests.conftest import fetch, run
from tests.fire.conftest import HOOKS
from tests.receivers import Reply, receiving
from tests.store.postgres_world import eventually
from tests.world import World


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
        endpoint = own_world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]
    assert "five days" in endpoint["disabled_reason"]
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
            (delivery,) = own_world.api.get(f"{HOOKS}/{hook['id']}/deliveries").json()["data"]
            if delivery["state"] == "exhausted":
                break
            assert time.monotonic() < until, delivery
            time.sleep(0.1)
    assert "KALENDS_SECRET" in delivery["attempts"][-1]["error"]
    assert receiver.received == []


def test_a_success_ends_a_time_of_failures(own_world: World, own_home: Installation) -> None:
    answers = iter([Reply(500), Reply(500)])
    with receiving(lambda _: next(answers, Reply())) as receiver:
        hook = own_world.api.post(HOOKS, json={"url": receiver.url}).json()["data"]
        own_world.book(own_world.create_schedule())
        receiver.wait_for(3)
        failing = "SELECT 1 FROM webhook_endpoints WHERE failing_since IS NOT NULL AND url = $1"
        eventually(lambda: not fetch(own_home, failing, receiver.url), pause=0.05)
        assert own_world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]["enabled"]
