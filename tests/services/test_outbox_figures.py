"""What `/metrics` says of the outbox."""

from dataclasses import replace

import httpx

from kalends.compose import Installation
from kalends.runtime.unit_of_work import Context
from kalends.services.outbox_figures import (
    ChannelFigures,
    KeptFigures,
    OutboxFigures,
    read_figures,
)
from kalends.store.database import ConnectParameters, Database
from kalends.web.http.metrics import exposition
from tests.conftest import fetch, run
from tests.receivers import Reply, receiving
from tests.servers import free_port
from tests.store.postgres_world import eventually
from tests.world import World


def test_the_metrics_name_what_waits_by_channel() -> None:
    figures = OutboxFigures([ChannelFigures("mail", 4, 12.5, is_failing=True)], 2)
    lines = exposition(figures).decode().splitlines()
    for line in (
        'kalends_outbox_waiting{channel="mail"} 4.0',
        'kalends_outbox_due_seconds{channel="mail"} 12.5',
        'kalends_outbox_server_failing{channel="mail"} 1.0',
        "kalends_webhooks_failing 2.0",
    ):
        assert line in lines


def test_a_server_shows_the_figures_of_its_outbox(world: World) -> None:
    assert "\nkalends_webhooks_failing " in httpx.get(f"{world.url}/metrics").text


async def test_a_webhook_that_takes_nothing_is_counted(context: Context, world: World) -> None:
    with receiving() as receiver:
        receiver.behave = lambda _: Reply(500)
        world.api.post("/api/v1/webhooks", json={"url": receiver.url})
        world.book(world.create_schedule())
        receiver.wait_for(3)
        figures = await read_figures(context)
    assert figures.failing_webhooks >= 1
    (webhooks,) = [one for one in figures.channels if one.channel == "webhook"]
    assert webhooks.waiting >= 1
    assert not webhooks.is_failing


def test_once_mail_is_kept_no_mail_server_fails_any_more(world: World, home: Installation) -> None:
    failing = "SELECT 1 FROM channel_health WHERE channel = 'mail'"
    values = "('mail', now(), 1, now(), 'refused')"
    run(
        home,
        "INSERT INTO channel_health (channel, failing_since, failures, resume_at, reason)"
        f" VALUES {values}",
    )
    world.book(world.create_schedule())
    eventually(lambda: fetch(home, failing) == [])


async def test_while_the_database_is_away_there_are_no_figures(context: Context) -> None:
    nowhere = ConnectParameters(dsn=f"postgresql://kalends@127.0.0.1:{free_port()}/kalends")
    kept = KeptFigures(replace(context, database=Database(nowhere, 2)))
    assert await kept.read() is None
    assert b"kalends_outbox" not in exposition(await kept.read())
