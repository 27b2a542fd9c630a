"""An installation that runs with another secret than what is stored was sealed with."""

from dataclasses import replace

from standardwebhooks import Webhook

from kalends.cli.doctor_secret import count_unopenable, find_unopenable, of_what_is_sealed
from kalends.compose import Installation
from kalends.runtime.deliveries import SECRET_PURPOSE, UNSEALED
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.store.sealed_values import SealedValue
from tests.conftest import run
from tests.receivers import receiving
from tests.world import JSON, World

HOOKS = "/api/v1/webhooks"
OURS, OTHER = Seal("o" * 32), Seal("x" * 32)


def sealed_webhook(seal: Seal) -> SealedValue:
    return SealedValue("webhook", "1", seal.close(b"whsec_", SECRET_PURPOSE))


def webhook_of_another_secret(world: World, home: Installation, url: str) -> JSON:
    hook: JSON = world.api.post(HOOKS, json={"url": url}).json()["data"]
    sealed = OTHER.close(b"whsec_", SECRET_PURPOSE).hex()
    run(home, f"UPDATE webhook_endpoints SET secret = '\\x{sealed}' WHERE url = '{url}'")
    return hook


def test_what_another_secret_sealed_is_counted() -> None:
    values = [sealed_webhook(OURS), sealed_webhook(OTHER), sealed_webhook(OTHER)]
    unopenable = count_unopenable(OURS, values)
    assert unopenable == {"secrets of webhooks": (2, 3)}
    (finding,) = of_what_is_sealed(unopenable)
    assert not finding.is_well
    assert "2 of 3 secrets of webhooks were stored under another one" in finding.what


def test_where_all_opens_the_secret_is_well() -> None:
    (finding,) = of_what_is_sealed(count_unopenable(OURS, [sealed_webhook(OURS)]))
    assert finding.is_well


async def test_the_doctor_looks_at_what_is_stored(context: Context, world: World) -> None:
    world.api.post(HOOKS, json={"url": "http://127.0.0.1:9/hook"})
    name = "secrets of webhooks"
    count, of = (await find_unopenable(replace(context, seal=OTHER)))[name]
    assert count == of > 0


def test_a_test_of_a_webhook_says_that_its_secret_is_another(
    world: World, home: Installation
) -> None:
    with receiving() as receiver:
        hook = webhook_of_another_secret(world, home, receiver.url)
        answer = world.api.post(f"{HOOKS}/{hook['id']}/test")
        world.api.delete(f"{HOOKS}/{hook['id']}")  # a doctor of the same installation would find it
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {
        "delivered": False,
        "status": None,
        "duration_ms": 0,
        "error": UNSEALED,
    }
    assert receiver.received == []


def test_with_a_new_secret_a_webhook_of_another_one_works_again(
    world: World, home: Installation
) -> None:
    with receiving() as receiver:
        hook = webhook_of_another_secret(world, home, receiver.url)
        made = world.api.post(f"{HOOKS}/{hook['id']}/rotate-secret").json()["data"]
        world.book(world.create_schedule())
        (came,) = receiver.wait_for(1)
    Webhook(made["secret"]).verify(came.body, came.headers)
