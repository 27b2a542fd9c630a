"""What an operator is told of webhooks that take nothing."""

from kalends.cli.jobs import lines_of_outbox
from kalends.runtime.unit_of_work import Context
from kalends.services.job_queue import get_outbox
from tests.receivers import Reply, receiving
from tests.world import World

HOOKS = "/api/v1/webhooks"


async def lines_about(context: Context, webhook_id: str) -> list[str]:
    return [line for line in lines_of_outbox(await get_outbox(context)) if webhook_id in line]


async def test_the_webhook_that_fails_is_named_with_its_reason(
    context: Context, world: World
) -> None:
    with receiving() as receiver:
        receiver.behave = lambda _: Reply(500)
        url = receiver.url + "?token=private"
        made = world.api.post(HOOKS, json={"url": url}).json()["data"]
        world.book(world.create_schedule())
        receiver.wait_for(3)  # what the first came to is noted by now
        (line,) = await lines_about(context, made["id"])
    assert "fails since" in line
    assert "1 wait for it" in line
    assert line.endswith("answered 500")
    assert "private" not in line


async def test_a_disabled_webhook_for_which_something_waits_is_named(
    context: Context, world: World
) -> None:
    with receiving() as receiver:
        made = world.api.post(HOOKS, json={"url": receiver.url}).json()["data"]
        world.api.patch(f"{HOOKS}/{made['id']}", json={"enabled": False})
        world.book(world.create_schedule())
        (line,) = await lines_about(context, made["id"])
    assert line.endswith("is disabled, 1 wait for it: by hand")
