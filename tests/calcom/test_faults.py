"""A Cal.com that misbehaves: after each fault the state here is that of there."""

from typing import Any

import pytest
from aiohttp import web

from kalends.gateways.calcom.paging import PAGE
from tests.calcom.conftest import Desk
from tests.calcom.oracle import check_same
from tests.fakes.calcom import CLOSE, CUT, CalcomRequest, failing, once, too_many
from tests.servers import free_port

SAME_MOMENT = "2026-03-01T00:00:00.000Z"


def fill(desk: Desk, count: int, **changes: Any) -> None:
    for _ in range(count):
        desk.calcom.book(**changes)


def test_many_pages_are_walked_to_their_end(desk: Desk) -> None:
    fill(desk, 2 * PAGE + 30)
    assert desk.sync()["synced"] == 2 * PAGE + 30
    check_same(desk)


@pytest.mark.parametrize("pagination", ["old", "none"])
def test_older_servers_with_fewer_fields_are_read_to_the_end(desk: Desk, pagination: str) -> None:
    desk.calcom.pagination, desk.calcom.most_on_page = pagination, 100
    fill(desk, PAGE + 30)
    assert desk.sync()["synced"] == PAGE + 30
    assert desk.sync()["synced"] == 0
    check_same(desk)


def test_a_server_with_smaller_pages_is_read_to_the_end(desk: Desk) -> None:
    desk.calcom.most_on_page, desk.calcom.refuses_large_pages = 7, False
    fill(desk, 50)
    assert desk.sync()["synced"] == 50
    check_same(desk)


@pytest.mark.parametrize("pagination", ["new", "none"])
def test_equal_timestamps_across_pages_are_all_read(desk: Desk, pagination: str) -> None:
    desk.calcom.pagination = pagination
    fill(desk, 60)
    fill(desk, 2 * PAGE + 50, createdAt=SAME_MOMENT, updatedAt=SAME_MOMENT)
    assert desk.sync()["synced"] == 2 * PAGE + 110
    check_same(desk)


def test_equal_timestamps_of_changes_are_all_read(desk: Desk) -> None:
    fill(desk, 2 * PAGE + 50)
    desk.sync()
    moment = desk.calcom.now()
    for uid in desk.calcom.rows:
        desk.calcom.change(uid, title="Renamed", updatedAt=moment)
    assert desk.sync()["synced"] == 2 * PAGE + 50
    assert {b["title"] for b in desk.bookings()} == {"Renamed"}


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_deletion_inside_equal_timestamps_hides_nobody(desk: Desk, at: int) -> None:
    fill(desk, 3 * PAGE, createdAt=SAME_MOMENT, updatedAt=SAME_MOMENT)
    first = next(iter(desk.calcom.rows))

    def delete(request: CalcomRequest) -> None:
        if request.is_list and len(desk.calcom.pages) == at and first in desk.calcom.rows:
            desk.calcom.delete(first)

    desk.calcom.after = delete
    desk.sync()
    uids = {b["external"]["uid"] for b in desk.bookings()}
    assert len(desk.calcom.rows) == 3 * PAGE - 1
    assert set(desk.calcom.rows) <= uids


def test_deletions_during_the_sync_hide_nobody(desk: Desk) -> None:
    fill(desk, 4 * PAGE)

    def delete(request: CalcomRequest) -> None:
        if request.is_list:
            for uid in list(desk.calcom.rows)[:20]:
                desk.calcom.delete(uid)

    desk.calcom.after = delete
    desk.sync()
    desk.calcom.after = None
    uids = {b["external"]["uid"] for b in desk.bookings()}
    assert 0 < len(desk.calcom.rows) < 4 * PAGE
    assert set(desk.calcom.rows) <= uids


def lies(desk: Desk, **counts: Any) -> None:
    desk.calcom.lie = lambda body: {**body, "pagination": {**body["pagination"], **counts}}


@pytest.mark.parametrize(
    "counts",
    [
        {"totalItems": 3, "remainingItems": 0, "totalPages": 1},
        {"totalItems": 10**9, "remainingItems": 10**9},
        {"hasNextPage": True},
        {"hasNextPage": None},
        {"totalItems": "many", "returnedItems": -1},
    ],
    ids=str,
)
def test_counts_that_lie_are_not_believed(desk: Desk, counts: dict[str, Any]) -> None:
    fill(desk, PAGE + 20)
    lies(desk, **counts)
    assert desk.sync()["synced"] == PAGE + 20
    check_same(desk)


def test_a_full_page_that_says_it_is_the_last_is_not_believed(desk: Desk) -> None:
    fill(desk, PAGE + 20)
    lies(desk, hasNextPage=False)
    assert desk.sync()["synced"] == PAGE + 20


def test_rows_that_are_dropped_after_the_limit_make_short_pages(desk: Desk) -> None:
    fill(desk, 3 * PAGE)
    hidden = set(list(desk.calcom.rows)[50:90])
    desk.calcom.dropped = lambda row: row["uid"] in hidden
    assert desk.sync()["synced"] == 3 * PAGE - len(hidden)


def test_rows_shown_twice_count_once(desk: Desk) -> None:
    fill(desk, 30)
    desk.calcom.lie = lambda body: {**body, "data": [*body["data"], *body["data"]]}
    answer = desk.sync()
    assert (answer["synced"], answer["skipped"]) == (30, 0)
    check_same(desk)


def test_a_server_that_does_not_filter_is_read_all_the_same(desk: Desk) -> None:
    desk.calcom.ignores_filters = True
    fill(desk, 3 * PAGE + 10)
    assert desk.sync()["synced"] == 3 * PAGE + 10
    desk.calcom.cancel(next(iter(desk.calcom.rows)))
    assert desk.sync()["synced"] == 1
    check_same(desk)


def test_changes_of_rows_without_a_time_of_change_are_seen(desk: Desk) -> None:
    fill(desk, 20, updatedAt=None)
    desk.sync()
    first, second, *_ = desk.calcom.rows
    desk.calcom.cancel(first)
    desk.calcom.change(second, status="pending", updatedAt=None)
    assert desk.sync()["synced"] == 2
    check_same(desk)


def test_new_rows_without_a_time_of_change_are_seen(desk: Desk) -> None:
    fill(desk, 3)
    desk.sync()
    fill(desk, 3, updatedAt=None)
    assert desk.sync()["synced"] == 3
    check_same(desk)


@pytest.mark.parametrize("page", [1, 2])
def test_429_waits_for_the_reset_and_goes_on(desk: Desk, page: int) -> None:
    fill(desk, PAGE + 20)
    desk.calcom.fault = once(lambda: too_many(1), on=page)
    assert desk.sync()["synced"] == PAGE + 20
    check_same(desk)


@pytest.mark.parametrize("how", [CUT, CLOSE])
@pytest.mark.parametrize("page", [1, 2])
def test_a_connection_that_breaks_is_made_again(desk: Desk, how: str, page: int) -> None:
    fill(desk, PAGE + 20)
    desk.calcom.fault = once(lambda: how, on=page)
    assert desk.sync()["synced"] == PAGE + 20
    check_same(desk)


@pytest.mark.parametrize("error", ["500_trpc", "500_bare_nest"])
def test_errors_of_the_server_are_survived(desk: Desk, error: str) -> None:
    fill(desk, PAGE + 20)
    left = [3]

    def fault(request: CalcomRequest) -> Any:
        left[0] -= 1
        return failing(error) if left[0] >= 0 else None

    desk.calcom.fault = fault
    assert desk.sync()["synced"] == PAGE + 20
    check_same(desk)


def test_an_older_api_is_recognized_and_nothing_is_written(desk: Desk) -> None:
    fill(desk, 3)
    desk.calcom.is_old_api = True
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (502, "CALCOM_UNSUPPORTED")
    assert desk.bookings() == []
    assert desk.runs() == []


def test_an_older_api_midway_ends_the_run_and_keeps_imported_rows(desk: Desk) -> None:
    fill(desk, PAGE + 20)
    switched = desk.calcom

    def fault(request: CalcomRequest) -> None:
        switched.is_old_api = len(switched.pages) >= 2

    switched.fault = fault
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (502, "CALCOM_UNSUPPORTED")
    assert len(desk.bookings()) == PAGE
    switched.fault, switched.is_old_api = None, False
    assert desk.sync()["synced"] == 20
    check_same(desk)


@pytest.mark.parametrize("path", ["", "/elsewhere", "/v1"])
def test_an_address_that_is_not_the_api_is_unsupported(desk: Desk, path: str) -> None:
    desk.connect(baseUrl=desk.calcom.url.removesuffix("/v2") + path)
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (502, "CALCOM_UNSUPPORTED")


def test_a_refused_key_is_reported_at_once(desk: Desk) -> None:
    desk.connect(apiKey="cal_wrong_key")
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (409, "CALCOM_KEY_REFUSED")
    assert desk.runs() == []


def test_a_key_that_expires_midway_keeps_imported_rows(desk: Desk) -> None:
    fill(desk, PAGE + 20)
    desk.calcom.fault = once(lambda: failing("401_bad_key"), on=2)
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (409, "CALCOM_KEY_REFUSED")
    assert len(desk.bookings()) == PAGE
    (run,) = desk.runs()
    path = f"/api/bookings/sync-calcom/{run}"
    run_answer = desk.admin.get(path)
    assert run_answer.status_code == 200
    assert run_answer.json() | {"error": ""} == {
        "success": False,
        "run_id": run,
        "status": "failed",
        "synced": PAGE,
        "skipped": 0,
        "unchanged": 0,
        "left_out": 0,
        "skips": [],
        "error": "",
        "code": "CALCOM_KEY_REFUSED",
    }


def test_an_unreachable_server_is_reported_at_once(desk: Desk) -> None:
    desk.connect(baseUrl=f"http://127.0.0.1:{free_port()}/v2")
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (502, "CALCOM_UNAVAILABLE")
    assert desk.runs() == []


def test_a_server_without_words_of_json_is_unsupported(desk: Desk) -> None:
    desk.calcom.fault = lambda _: web.Response(text="<html>Welcome</html>")
    answer = desk.try_sync()
    assert (answer.status_code, answer.json()["code"]) == (502, "CALCOM_UNSUPPORTED")


def test_what_is_sent_is_exactly_what_the_api_wants(desk: Desk) -> None:
    fill(desk, 3)
    desk.sync()
    desk.sync()
    assert {request.version for request in desk.calcom.requests} == {"2024-08-13"}
    first, *later = desk.calcom.pages
    assert "afterCreatedAt" not in first.query
    assert [sorted(a.query) for a in later] == [
        ["afterCreatedAt", "skip", "sortCreated", "take"],
        ["afterUpdatedAt", "skip", "sortUpdatedAt", "take"],
    ]
