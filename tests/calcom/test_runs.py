"""Runs: long ones, two at once, killed in the middle, begun by the timetable."""

import time
from concurrent.futures import ThreadPoolExecutor

from kalends.compose import Installation
from kalends.services.imports.runs import start_due_syncs
from tests.calcom.conftest import SYNC, Desk, Fragile, NewDesk, call, wait_until_over
from tests.calcom.oracle import check_same
from tests.conftest import PASSWORD, make_organization
from tests.fakes.calcom import FakeCalcom, too_many
from tests.servers import Server
from tests.world import World

ENOUGH = 90


def test_a_run_is_shown_as_its_call_was_answered(desk: Desk) -> None:
    desk.calcom.book()
    answer = desk.sync()
    assert desk.admin.get(f"{SYNC}/{answer['run_id']}").json() == answer
    assert answer["status"] == "done"


def test_a_run_that_nobody_made_is_not_found(desk: Desk) -> None:
    for id_ in ("nonsense", "run_" + "0" * 22):
        assert desk.admin.get(f"{SYNC}/{id_}").status_code == 404


def test_a_long_run_goes_on_as_a_job(desk: Desk) -> None:
    """The wait that Cal.com asks for is longer than a call may take."""
    desk.calcom.book_many(250)
    desk.calcom.fault = lambda _: too_many(23) if len(desk.calcom.pages) == 2 else None
    answer = desk.try_sync()
    assert answer.status_code == 202, answer.text
    body = answer.json()
    run = body.pop("run_id")
    assert body == {"success": True, "status": "running", "synced": 100, "skipped": 0}
    assert desk.admin.get(f"{SYNC}/{run}").json()["status"] == "running"
    done = wait_until_over(desk, run)
    assert (done["success"], done["status"], done["synced"]) == (True, "done", 250)
    check_same(desk)


def test_two_at_once_are_two_runs_one_after_the_other(desk: Desk) -> None:
    desk.calcom.book_many(250)
    desk.calcom.delay_seconds = 0.1
    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(desk.sync) for _ in range(4)]]
    assert len({answer["run_id"] for answer in answers}) == 4
    assert sum(answer["synced"] for answer in answers) == 250
    assert all(answer["synced"] + answer["skipped"] == 250 for answer in answers)
    check_same(desk)


def test_two_organizations_do_not_wait_for_each_other(new_desk: NewDesk) -> None:
    first, second = new_desk(), new_desk()
    for desk in (first, second):
        desk.connect()
    first.calcom.book("one")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda desk: desk.sync(), (first, second)))
    assert [answer["synced"] for answer in answers] == [1, 1]


def test_the_timetable_begins_runs_that_are_due(desk: Desk, home: Installation) -> None:
    desk.connect(intervalMinutes=15)
    desk.calcom.book("one")

    call(home, start_due_syncs)
    assert desk.runs() == []
    desk.fetch(
        "UPDATE calcom_connections SET due_at = now() - interval '1 minute'"
        " WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )
    for _ in range(2):  # or the server's own timetable, if it is faster
        call(home, start_due_syncs)
    (run,) = desk.runs()
    assert wait_until_over(desk, run)["synced"] == 1
    (due,) = desk.fetch(
        "SELECT due_at > now() + interval '14 minutes' FROM calcom_connections"
        " WHERE organization_id = $1",
        desk.world.setup.organization_id,
    )
    assert due[0]


def test_a_run_whose_connection_is_gone_fails_and_says_so(desk: Desk) -> None:
    desk.calcom.book_many(120)
    desk.calcom.fault = lambda _: too_many(22) if len(desk.calcom.pages) == 2 else None
    run = desk.try_sync().json()["run_id"]
    query = {"organizationId": desk.organization_id}
    assert desk.admin.delete("/api/integrations/calcom", params=query).status_code == 200
    failed = wait_until_over(desk, run)
    assert (failed["success"], failed["code"]) == (False, "CALCOM_NOT_CONFIGURED")
    assert failed["synced"] == 100


def test_a_killed_process_is_gone_on_from_where_it_was(
    fragile: Fragile, calcom: FakeCalcom
) -> None:
    home, environment, folder = fragile
    calcom.book_many(600)
    calcom.delay_seconds = 0.3
    with Server(environment, folder / "1.log") as first:
        world = World(first.url, make_organization(home), PASSWORD)
        desk = Desk(world, calcom, home)
        desk.connect()
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(desk.try_sync)
            until = time.monotonic() + ENOUGH
            while len(calcom.pages) < 4:
                assert time.monotonic() < until
                time.sleep(0.02)
            first.kill()
            assert call.exception(30) is not None
    seen_before = len(calcom.pages)
    with Server(environment, folder / "2.log", port=first.port):
        (run,) = desk.runs()
        done = wait_until_over(desk, run)
        assert (done["status"], done["synced"], done["skipped"]) == ("done", 600, 0)
        assert "afterCreatedAt" in calcom.pages[seen_before].query
        check_same(desk)
        assert len(desk.events()) == 600
        desk.admin.close()
        world.close()
