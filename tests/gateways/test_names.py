"""Names are looked up in threads, which one that hangs must not use up."""

import asyncio
import threading
from collections import Counter

import pytest

from kalends.gateways.guard import SystemNames


async def test_a_name_that_hangs_takes_one_thread_alone() -> None:
    ended, looked_up = threading.Event(), Counter[str]()

    def look_up(host: str) -> list[str]:
        looked_up[host] += 1
        if host == "hung.example":
            ended.wait()
        return ["192.0.2.1"]

    names = SystemNames(look_up)
    impatient = asyncio.create_task(names.resolve("hung.example"))
    waiting = [asyncio.create_task(names.resolve("hung.example")) for _ in range(300)]
    assert await names.resolve("free.example") == ["192.0.2.1"]
    threads = [one for one in threading.enumerate() if one.name.startswith("kalends-names")]
    assert {one.daemon for one in threads} == {True}  # the process may end before they do
    impatient.cancel()
    late = asyncio.create_task(names.resolve("hung.example"))
    await asyncio.sleep(0)
    ended.set()
    assert await asyncio.gather(*waiting, late) == [["192.0.2.1"]] * 301
    assert looked_up == {"hung.example": 1, "free.example": 1}
    names.close()


async def test_a_name_that_was_not_found_is_looked_up_anew() -> None:
    answers = [["192.0.2.1"]]

    def look_up(host: str) -> list[str]:
        if not answers:
            return ["192.0.2.2"]
        answers.clear()
        raise OSError("no such name")

    names = SystemNames(look_up)
    with pytest.raises(OSError, match="no such name"):
        await names.resolve("late.example")
    assert await names.resolve("late.example") == ["192.0.2.2"]
    names.close()
