"""Whom a notification names, and that it is sent."""

import asyncio
import json
from time import monotonic
from uuid import UUID

import asyncpg
import pytest
from tests.homes import BESIDE

from kalends.compose import Installation
from kalends.domain.ids import new_id
from kalends.store.notifier import (
    GATHER_SECONDS_OF_MANY,
    JOBS_CHANNEL,
    MAILS_CHANNEL,
    MANY_COMMITS,
    MOST_NAMED,
    named_in,
    organizations_of,
)


def test_a_notification_names_whose_work_was_committed() -> None:
    organizations = {new_id() for _ in range(MOST_NAMED)}
    payload = named_in(organizations)
    assert len(payload) < 8000
    assert set(organizations_of(payload) or ()) == organizations


@pytest.mark.parametrize("among", [{None}, {None, new_id()}, {new_id() for _ in range(201)}])
def test_a_notification_of_anybody_names_nobody(among: set[UUID | None]) -> None:
    assert organizations_of(named_in(among)) is None


def test_a_notification_of_the_release_before_may_be_for_anybody() -> None:
    assert organizations_of(json.dumps({"channel": "kalends_deliveries"})) is None


async def test_what_a_process_commits_as_it_ends_is_notified(home: Installation) -> None:
    context = home.context(BESIDE)
    listener = await asyncpg.connect(**context.database.parameters.as_arguments())
    told = asyncio.Event()
    # Others in this database notify of jobs, too; the process that sent it tells whose it is.
    async with context.database.connection() as tx:
        own = tx.get_server_pid()

    def hear(_: object, pid: int, __: str, ___: object) -> None:
        if pid == own:
            told.set()

    await listener.add_listener(JOBS_CHANNEL, hear)
    context.database.notifier.notify(None, JOBS_CHANNEL)
    await context.database.close()
    await asyncio.wait_for(told.wait(), 60)
    await listener.close()


async def test_mails_of_many_commits_are_notified_together(home: Installation) -> None:
    context = home.context(BESIDE)
    payloads: list[str] = []
    listener = await asyncpg.connect(**context.database.parameters.as_arguments())
    async with context.database.connection() as tx:
        own = tx.get_server_pid()

    def hear(_: object, pid: int, __: str, payload: object) -> None:
        if pid == own:
            payloads.append(str(payload))

    await listener.add_listener(MAILS_CHANNEL, hear)
    for _ in range(MANY_COMMITS):
        context.database.notifier.notify(None, MAILS_CHANNEL)
    while not payloads:
        await asyncio.sleep(0.01)
    began = monotonic()
    context.database.notifier.notify(None, MAILS_CHANNEL)
    while len(payloads) < 2:
        await asyncio.sleep(0.01)
    await context.database.close()
    await listener.close()
    assert monotonic() - began >= GATHER_SECONDS_OF_MANY[MAILS_CHANNEL]
