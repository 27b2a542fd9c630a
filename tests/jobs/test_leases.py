"""Mail that takes longer to hand over than its lease lasts, and what is broken off with a lease."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from kalends.compose import Installation
from kalends.jobs.dispatcher import Dispatcher
from kalends.jobs.leases import LeaseOver, while_leased
from kalends.jobs.mail_channel import MailChannel
from kalends.runtime.unit_of_work import Context
from kalends.services.users.password_resets import send_reset
from kalends.store.jobs import queue_connection
from kalends.store.outbox.lanes import Lease
from tests.conftest import fetch, make_organization
from tests.homes import BESIDE
from tests.smtp import PostOffice, post_office
from tests.store.postgres_world import eventually

SLOW_SECONDS = 6.0


class ShortLeases(MailChannel):
    lease = timedelta(seconds=4)


@pytest.fixture(scope="module")
def slow_office() -> Iterator[PostOffice]:
    with post_office(after_seconds=SLOW_SECONDS) as office:
        yield office


@pytest.fixture(scope="module")
def own_settings(slow_office: PostOffice) -> dict[str, str]:
    return {"SMTP_URL": slow_office.url, "PUBLIC_URL": "https://book.example.com"}


async def test_a_mail_that_outlasts_its_lease_is_sent_once(
    own_home: Installation, slow_office: PostOffice
) -> None:
    """Two processes serve the lane; one hands the mail over for longer than it was leased."""
    setup = make_organization(own_home)
    context = own_home.context(BESIDE)
    async with serving(context), serving(context):
        await send_reset(context, setup.admin_email.encode())
        sent = f"SELECT state FROM mails WHERE recipient = '{setup.admin_email}'"
        await asyncio.to_thread(
            eventually, lambda: [row[0] for row in fetch(own_home, sent)] == ["sent"]
        )
    await context.close()
    assert [envelope.rcpt_tos for envelope in slow_office.taken] == [[setup.admin_email]]


async def test_work_goes_on_while_its_lease_is_renewed() -> None:
    lease = Lease(datetime.now(UTC), monotonic() + 0.1)

    async def work() -> str:
        for _ in range(5):
            await asyncio.sleep(0.05)
            lease.ours_until = monotonic() + 60
        return "done"

    assert await while_leased(lease, work()) == "done"


async def test_work_is_broken_off_when_its_lease_is_over() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("work")

    with pytest.raises(LeaseOver):
        await while_leased(Lease(datetime.now(UTC), monotonic() + 0.05), work())
    assert ended == ["work"]


@asynccontextmanager
async def serving(context: Context) -> AsyncIterator[None]:
    """A worker of mail with short leases, as one more process would be."""
    async with queue_connection(context.database.parameters) as connection:
        dispatcher = Dispatcher(connection, context, "mail", ShortLeases(context))
        await dispatcher.listen()
        running = asyncio.create_task(dispatcher.run(lambda: None))
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
