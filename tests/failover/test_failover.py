"""The primary fails under load, the standby is promoted, and nothing that was answered is lost."""

import asyncio
from collections.abc import Callable

import pytest

from tests.failover.conftest import PairedServers
from tests.failover.invariants import assert_all_there_once
from tests.failover.pair import Node

BEFORE = 12
AFTER = 8
PROMISED_SECONDS = 15


@pytest.mark.parametrize("fail", [Node.kill, Node.freeze], ids=["killed", "frozen"])
def test_a_primary_that_fails_under_load_loses_no_answered_booking(
    fleet: PairedServers, fail: Callable[[Node], None]
) -> None:
    load = fleet.load()

    async def fail_over() -> None:
        async with load:
            await load.until_each_has_answered(BEFORE, within=60)
            fail(fleet.pair.primary)
            await asyncio.to_thread(fleet.pair.promote)
            await load.until_each_has_answered(AFTER, within=PROMISED_SECONDS)

    asyncio.run(fail_over())
    assert_all_there_once(fleet.pair.standby, fleet.world, load)
