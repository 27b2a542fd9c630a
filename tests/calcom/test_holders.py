"""Who holds a run, and what ends it for good for any holder."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web
from msgspec import json

from kalends.compose import Installation
from kalends.domain.imports.sources import (
    AccountFailure,
    AccountKey,
    NoAnswer,
    Trouble,
    Unsupported,
)
from kalends.gateways.addresses import read_opened
from kalends.gateways.calcom.client import MOST_RATE_LIMITS, CalcomAccount
from kalends.gateways.http import GuardedHttp
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Context
from kalends.services.imports.connections import import_caller, sleep_here
from kalends.services.imports.hooks import LONGEST_HINT, HookHint, follow_hook
from kalends.services.imports.leases import DueRun
from kalends.services.imports.runs import (
    MISSED_AFTER,
    begin_run,
    give_up_run,
    resume_missed_runs,
    start_due_syncs,
)
from kalends.store.imports.names import RUN_JOB
from tests.calcom.conftest import CONNECTION, Desk, Fragile, NewDesk, call, wait_until_over
from tests.calcom.oracle import check_same
from tests.conftest import PASSWORD, make_organization
from tests.fakes.calcom import CalcomRequest, FakeCalcom, failing, too_many
from tests.servers import Server, stopped
from tests.world import JSON, World

ENOUGH = 60


def begin_by_timetable(desk: Desk) -> str:
    """A run that no call waits for: jobs alone work on it."""
    desk.connect(intervalMinutes=15)
    desk.fetch(
        "UPDATE calcom_connections SET due_at = now() - interval '1 minute'"
        " WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )
    call(desk.home, start_due_syncs)
    (run,) = desk.runs()
    return run


@contextmanager
def desk_at(server: Server, home: Installation, calcom: FakeCalcom, setup: Any) -> Iterator[Desk]:
    desk = Desk(World(server.url, setup, PASSWORD), calcom, home)
    yield desk
    desk.admin.close()
    desk.world.close()


def only_errors_after(calcom: FakeCalcom, pages: int) -> None:
    """It answers so many pages and then only 500."""
    is_down = False

    def fault(request: CalcomRequest) -> Any:
        nonlocal is_down
        is_down = is_down or (request.is_list and len(calcom.pages) > pages)
        return failing("500_trpc") if is_down else None

    calcom.fault = fault


@contextmanager
def desk_of_a_failing_source(
    fragile: Fragile, calcom: FakeCalcom, *, patience: int
) -> Iterator[Desk]:
    """It has 150 bookings, and fails after the first page. `patience` is in seconds."""
    home, environment, folder = fragile
    calcom.book_many(150)
    only_errors_after(calcom, pages=1)
    environment |= {"KALENDS_CALCOM_PATIENCE": str(patience)}
    setup = make_organization(home)
    with (
        Server(environment, folder / "1.log") as server,
        desk_at(server, home, calcom, setup) as desk,
    ):
        yield desk


def test_a_run_ends_where_its_server_went_away(fragile: Fragile, calcom: FakeCalcom) -> None:
    with desk_of_a_failing_source(fragile, calcom, patience=8) as desk:
        run = begin_by_timetable(desk)
        failed = wait_until_over(desk, run)
        assert (failed["status"], failed["code"]) == ("failed", "CALCOM_UNAVAILABLE")
        assert failed["synced"] == 100
        calcom.fault = None
        assert desk.sync()["synced"] == 50
        check_same(desk)


def test_a_call_and_the_jobs_after_it_share_one_patience(
    fragile: Fragile, calcom: FakeCalcom
) -> None:
    """The call is over before the patience is: what it waited for counts."""
    with desk_of_a_failing_source(fragile, calcom, patience=23) as desk:
        desk.connect()
        answer = desk.try_sync()
        assert answer.status_code == 202, answer.text
        pages_of_call = len(calcom.pages)
        failed = wait_until_over(desk, answer.json()["run_id"])
        assert failed["code"] == "CALCOM_UNAVAILABLE"
        # With patience of its own, the job alone would have asked as often as the call did.
        assert len(calcom.pages) - pages_of_call < pages_of_call - 1


def test_a_holder_that_was_stopped_changes_nothing_when_it_wakes(
    fragile: Fragile, calcom: FakeCalcom
) -> None:
    home, environment, folder = fragile
    calcom.book_many(150)
    late = calcom.book("late")
    calcom.delete("late")
    # Only the page that the first holder has on its way shows one more.
    calcom.lie = lambda body: (
        body | {"data": body["data"] + [late]} if len(calcom.pages) == 2 else body
    )
    calcom.delay_seconds = 1.0
    setup = make_organization(home)
    with (
        Server(environment, folder / "1.log") as first,
        Server(environment, folder / "2.log") as second,
        desk_at(first, home, calcom, setup) as sleeper,
        desk_at(second, home, calcom, setup) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        sleeper.connect()
        answer = pool.submit(sleeper.try_sync)
        until = time.monotonic() + ENOUGH
        while len(calcom.pages) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert first.process
        with stopped(first.process):
            time.sleep(1.5)  # until that page lies in its socket
            calcom.delay_seconds = 0.0
            lapse_leases(other)
            other.sync()
            ended, events = run_rows(other), len(other.events())
            assert [row["state"] for row in ended] == ["done", "done"]
        assert answer.result(ENOUGH).json()["synced"] == 150
        assert run_rows(other) == ended
        assert len(other.events()) == events
        check_same(other)


def lapse_leases(desk: Desk) -> None:
    desk.fetch(
        "UPDATE calcom_runs SET lease_until = now() - interval '1 s' WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )


def run_rows(desk: Desk) -> list[JSON]:
    sql = "SELECT * FROM calcom_runs WHERE organization_id = $1 ORDER BY id"
    return [dict(row) for row in desk.fetch(sql, desk.world.setup.organization_id)]


def check_after(
    calcom: FakeCalcom, trouble: Trouble, times: int = 1
) -> list[AccountFailure | None]:
    """What a worker reports that resumes a run which met that trouble."""

    async def ask() -> list[AccountFailure | None]:
        http = GuardedHttp(read_opened(["127.0.0.1"]))
        key = AccountKey(
            base_url=calcom.url,
            api_key=calcom.key,
            give_up_after_seconds=30.0,
            pause=sleep_here,
            trouble=trouble,
        )
        account = CalcomAccount(http, key)
        try:
            return [await account.check() for _ in range(times)]
        finally:
            await http.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("trouble", "answer", "failure"),
    [
        (Trouble(silent_seconds=31.0), lambda: failing("500_trpc"), NoAnswer),
        (Trouble(limits=MOST_RATE_LIMITS), lambda: too_many(0), NoAnswer),
        (Trouble(garbled=2), lambda: web.Response(text="<html>"), Unsupported),
    ],
)
def test_trouble_that_others_met_before_counts(
    calcom: FakeCalcom, trouble: Trouble, answer: Callable[[], Any], failure: type
) -> None:
    calcom.fault = lambda _: answer()
    (met,) = check_after(calcom, trouble)
    assert isinstance(met, failure)
    assert len(calcom.requests) == 1


def test_an_answer_ends_the_trouble_that_others_met(calcom: FakeCalcom) -> None:
    calcom.fault = lambda _: failing("500_trpc") if len(calcom.requests) == 2 else None
    trouble = Trouble(silent_seconds=29.0, limits=MOST_RATE_LIMITS, garbled=2)
    assert check_after(calcom, trouble, times=2) == [None, None]


def test_a_run_whose_job_is_gone_is_gone_on_with(desk: Desk) -> None:
    desk.calcom.book("one")
    run = begin_without_a_job(desk)
    age = MISSED_AFTER.total_seconds() + 5
    desk.fetch(
        f"UPDATE calcom_runs SET created_at = now() - interval '{age} s'"
        " WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )
    call(desk.home, resume_missed_runs)
    assert wait_until_over(desk, run)["status"] == "done"


def test_a_run_that_has_a_job_is_given_no_second_one(new_desk: NewDesk) -> None:
    desk = new_desk()
    run = begin_without_a_job(desk)
    desk.fetch(
        "UPDATE calcom_runs SET created_at = now() - interval '1 h' WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )
    payload = json.encode(DueRun(desk.world.setup.organization_id, id_of(desk)))
    desk.fetch(
        "INSERT INTO pgqueuer (priority, status, entrypoint, payload, execute_after)"
        " VALUES (0, 'queued', $1, $2, now() + interval '1 h')",
        RUN_JOB,
        payload,
    )
    call(desk.home, resume_missed_runs)
    assert desk.jobs(RUN_JOB) == 1
    desk.fetch("DELETE FROM pgqueuer WHERE payload = $1", payload)
    assert run


def test_a_run_whose_job_is_given_up_has_failed(desk: Desk) -> None:
    run = begin_without_a_job(desk)
    payload = json.encode(DueRun(desk.world.setup.organization_id, id_of(desk)))
    call(desk.home, lambda context: give_up_run(context, payload, "RuntimeError()"))
    failed = wait_until_over(desk, run)
    assert (failed["status"], failed["code"]) == ("failed", "INTERNAL")
    assert "RuntimeError" not in failed["error"]
    assert desk.sync()["status"] == "done"


def test_a_hint_that_became_too_old_asks_nothing(desk: Desk) -> None:
    desk.calcom.book("one")
    old = time.time() - LONGEST_HINT.total_seconds() - 60
    hint = json.encode(HookHint(desk.world.setup.organization_id, "one", old))
    assert call(desk.home, lambda context: follow_hook(context, hint)) is None
    assert desk.calcom.requests == []


def test_a_hook_during_a_rate_limit_makes_room_for_other_jobs(desk: Desk) -> None:
    desk.calcom.book("one")
    desk.calcom.fault = lambda _: too_many(50)
    hint = json.encode(HookHint(desk.world.setup.organization_id, "one", time.time()))
    again = call(desk.home, lambda context: follow_hook(context, hint))
    assert again is not None
    assert len(desk.calcom.requests) == 1
    assert desk.admin.get(CONNECTION, params={"organizationId": desk.organization_id}).is_success


def begin_without_a_job(desk: Desk) -> str:
    async def begin(context: Context) -> None:
        caller = await import_caller(context, desk.world.setup.organization_id)
        run_id = await unit_of_work.change(context, caller, begin_run, (None, None))
        async with context.database.connection() as tx:
            payload = json.encode(DueRun(caller.organization_id, run_id))
            await tx.execute("DELETE FROM pgqueuer WHERE payload = $1", payload)

    call(desk.home, begin)
    (run,) = desk.runs()
    return run


def id_of(desk: Desk) -> Any:
    sql = "SELECT id FROM calcom_runs WHERE organization_id = $1"
    return desk.fetch(sql, desk.world.setup.organization_id)[0][0]
