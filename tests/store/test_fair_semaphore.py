"""Who gets a connection next, and that nobody gets all."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from kalends.store.fair_semaphore import FairSemaphore, Holder

ANN, BOB, CLEO = (UUID(int=number) for number in (1, 2, 3))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 5))


async def entered(semaphore: FairSemaphore, who: Holder, times: int) -> int:
    """How many of so many who come at once get a turn at once; the others go away again."""
    tasks = [asyncio.create_task(semaphore.acquire(who)) for _ in range(times)]
    await asyncio.sleep(0)
    count = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return count


@pytest.mark.parametrize(("size", "work"), [(10, 8), (4, 2), (3, 2), (2, 1)])
def test_an_organization_alone_has_all_but_what_is_kept(size: int, work: int) -> None:
    async def come() -> None:
        semaphore = FairSemaphore(size)
        assert await entered(semaphore, ANN, size) == work
        assert await entered(semaphore, None, size) == size - work

    run(come())


def test_one_organization_holds_half_while_another_wants_some() -> None:
    async def come() -> None:
        semaphore = FairSemaphore(10)
        assert await entered(semaphore, BOB, 1) == 1
        assert await entered(semaphore, ANN, 9) == 5
        assert await entered(semaphore, BOB, 9) == 2

    run(come())


def test_who_waits_gets_what_comes_free_before_who_holds_half() -> None:
    async def come() -> None:
        semaphore = FairSemaphore(10)
        assert await entered(semaphore, ANN, 8) == 8
        more = [asyncio.create_task(semaphore.acquire(ANN)) for _ in range(3)]
        other = asyncio.create_task(semaphore.acquire(BOB))
        await asyncio.sleep(0)
        semaphore.release(ANN)
        await other
        for _ in range(2):
            semaphore.release(ANN)
        await asyncio.sleep(0)
        assert not any(task.done() for task in more)
        semaphore.release(ANN)
        await asyncio.sleep(0)
        assert [task.done() for task in more] == [True, False, False]
        for task in more:
            task.cancel()

    run(come())


def test_those_who_wait_take_turns_by_organization() -> None:
    async def come() -> None:
        semaphore = FairSemaphore(2)
        order: list[UUID] = []

        async def take(who: UUID) -> None:
            await semaphore.acquire(who)
            order.append(who)
            await asyncio.sleep(0)
            semaphore.release(who)

        await semaphore.acquire(CLEO)
        tasks = [asyncio.create_task(take(who)) for who in (ANN, ANN, ANN, BOB, BOB)]
        await asyncio.sleep(0)
        semaphore.release(CLEO)
        await asyncio.gather(*tasks)
        assert order == [ANN, BOB, ANN, BOB, ANN]

    run(come())


def test_who_goes_away_while_waiting_leaves_no_turn_behind() -> None:
    async def come() -> None:
        semaphore = FairSemaphore(2)
        await semaphore.acquire(ANN)
        waiting = [asyncio.create_task(semaphore.acquire(BOB)) for _ in range(2)]
        await asyncio.sleep(0)
        semaphore.release(ANN)  # the first has its turn now, and is ended before it learns of it
        waiting[0].cancel()
        await asyncio.wait_for(waiting[1], 1)
        semaphore.release(BOB)
        assert await entered(semaphore, ANN, 1) == 1

    run(come())


def test_a_turn_comes_free_while_those_who_wait_are_ended() -> None:
    async def come() -> None:
        semaphore = FairSemaphore(2)
        await semaphore.acquire(ANN)
        waiting = [asyncio.create_task(semaphore.acquire(who)) for who in (ANN, BOB, CLEO)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        semaphore.release(ANN)
        await asyncio.wait_for(waiting[2], 1)

    run(come())
