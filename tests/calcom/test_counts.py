"""What a run's answer counts and names, and what another account leaves alone."""

import pytest

from kalends.gateways.calcom.paging import PAGE
from kalends.services.imports.leases import MOST_SKIPS
from tests.calcom.conftest import Desk, NewDesk
from tests.calcom.oracle import check_same
from tests.fakes.calcom import CalcomRequest, FakeCalcom, failing, signature
from tests.world import JSON

LONG_AGO = "2020-01-01T00:00:00.000Z"
UNSEEN = {"createdAt": LONG_AGO, "updatedAt": LONG_AGO}
ADA: JSON = {"id": 501, "email": "Ada@example.test", "username": "ada"}
BEN: JSON = {"id": 502, "email": "ben@example.test", "username": "ben"}


def counts(answer: JSON) -> tuple[int, int, int, list[str]]:
    skips = [skip["uid"] for skip in answer["skips"]]
    return answer["synced"], answer["skipped"], answer["unchanged"], skips


def three_rows(desk: Desk) -> None:
    """Of which the second is in the way of the first; later runs are not shown them again."""
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z", **UNSEEN)
    desk.calcom.book("two", start="2031-05-01T10:15:00.000Z", **UNSEEN)
    desk.calcom.book("three", start="2031-05-01T12:00:00.000Z", **UNSEEN)


def test_each_run_names_what_is_still_left_out(desk: Desk) -> None:
    three_rows(desk)
    assert counts(desk.sync()) == (2, 1, 0, ["two"])
    assert counts(desk.sync()) == (0, 1, 0, ["two"])
    assert counts(desk.sync()) == (0, 1, 0, ["two"])


def test_a_run_counts_what_came_in_without_being_shown(desk: Desk) -> None:
    three_rows(desk)
    desk.sync()
    desk.calcom.cancel("one")
    assert counts(desk.sync()) == (2, 0, 0, [])
    assert counts(desk.sync()) == (0, 1, 1, [])


def test_rows_shown_again_and_still_out_count_once(desk: Desk) -> None:
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.calcom.book("two", start="2031-05-01T10:15:00.000Z")
    assert counts(desk.sync()) == (1, 1, 0, ["two"])
    assert counts(desk.sync()) == (0, 2, 1, ["two"])


def test_a_booking_recorded_in_conflict_is_not_left_out(desk: Desk) -> None:
    desk.connect(onConflict="record")
    three_rows(desk)
    assert counts(desk.sync()) == (3, 0, 0, [])
    assert counts(desk.sync()) == (0, 0, 0, [])
    desk.calcom.cancel("one")
    assert counts(desk.sync()) == (2, 0, 0, [])


def test_more_is_left_out_than_is_named(desk: Desk) -> None:
    out = MOST_SKIPS + 20
    for _ in range(out):
        desk.calcom.book(status="on_the_moon", **UNSEEN)
    for _ in range(2):
        answer = desk.sync()
        assert (answer["skipped"], answer["unchanged"], answer["left_out"]) == (out, 0, out)
        assert len(answer["skips"]) == MOST_SKIPS


def test_a_run_that_fails_names_what_earlier_ones_left_out(desk: Desk) -> None:
    three_rows(desk)
    desk.sync()
    desk.calcom.book_many(PAGE)
    desk.calcom.fault = lambda request: (
        failing("401_bad_key")
        if request.query.get("skip", "0") != "0" or is_second(request)
        else None
    )
    assert desk.try_sync().status_code == 409
    failed = desk.admin.get(f"/api/bookings/sync-calcom/{desk.runs()[0]}").json()
    assert counts(failed) == (PAGE, 1, 0, ["two"])


def is_second(request: CalcomRequest) -> bool:
    return "sortUpdatedAt" in request.query


def test_a_range_says_nothing_of_what_lies_outside_it(desk: Desk) -> None:
    three_rows(desk)
    desk.sync()
    answer = desk.sync(startDate="2032-01-01")
    assert counts(answer) == (0, 0, 0, [])
    (skip,) = desk.sync()["skips"]
    assert "taken" in skip["reason"]


def test_a_range_names_what_is_still_left_out_in_it(desk: Desk) -> None:
    three_rows(desk)
    desk.sync()
    desk.calcom.dropped = lambda row: row["uid"] == "two"
    assert counts(desk.sync(startDate="2031-05-01", endDate="2031-05-01"))[3] == ["two"]


def connect_as(desk: Desk, owner: JSON | None, **changes: str) -> JSON:
    """Another key, and another schedule for what it brings in."""
    desk.calcom.owner = owner
    desk.calcom.key = f"cal_test_{owner['username'] if owner else 'nobody'}KEY"
    other = desk.world.create_schedule(timezone="Europe/Berlin")
    desk.connect(defaultScheduleId=other["id"], **changes)
    return other


def test_another_account_moves_no_imported_booking(desk: Desk) -> None:
    connect_as(desk, ADA)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    before = desk.booking("one")
    other = connect_as(desk, BEN)
    desk.calcom.change("one", start="2031-05-02T10:00:00.000Z", end="2031-05-02T10:30:00.000Z")
    desk.calcom.book("two", start="2031-05-03T10:00:00.000Z")
    answer = desk.sync()
    assert counts(answer) == (1, 1, 0, ["one"])
    assert "nother account" in answer["skips"][0]["reason"]
    assert desk.booking("one") == before
    assert desk.booking("two")["schedule_id"] == other["id"]


def test_each_run_names_imports_of_another_account(desk: Desk) -> None:
    connect_as(desk, ADA)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.calcom.book("ada's", start="2031-05-04T10:00:00.000Z")
    desk.sync()
    connect_as(desk, BEN)
    del desk.calcom.rows["ada's"]
    for _ in range(3):  # only the first one is shown it
        answer = desk.sync()
        assert counts(answer) == (0, 1, 0, ["one"])
        assert "nother account" in answer["skips"][0]["reason"]
    connect_as(desk, ADA)
    assert counts(desk.sync()) == (1, 0, 0, [])  # on the schedule that it names now


def test_a_reschedule_seen_by_another_account_moves_nothing(desk: Desk) -> None:
    connect_as(desk, ADA)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    before = desk.booking("one")
    connect_as(desk, BEN)
    desk.calcom.reschedule("one", "2031-05-02T10:00:00.000Z", "two")
    assert desk.sync()["synced"] == 0
    assert desk.bookings() == [before]


def test_a_new_key_of_the_same_account_goes_on(desk: Desk) -> None:
    connect_as(desk, ADA)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    other = connect_as(desk, ADA | {"username": "adas-second"})
    assert desk.sync()["synced"] == 1
    assert desk.booking("one")["schedule_id"] == other["id"]
    check_same(desk)


def test_an_account_that_comes_back_goes_on(desk: Desk) -> None:
    connect_as(desk, ADA)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    connect_as(desk, BEN)
    desk.sync()
    connect_as(desk, ADA)
    desk.calcom.cancel("one")
    desk.sync()
    assert desk.booking("one")["status"] == "CANCELLED"


def test_what_an_earlier_account_left_out_stays_out(desk: Desk) -> None:
    connect_as(desk, ADA)
    three_rows(desk)
    desk.sync()
    connect_as(desk, BEN)
    desk.calcom.rows.clear()
    assert counts(desk.sync()) == (0, 0, 0, [])
    assert {b["external"]["uid"] for b in desk.bookings()} == {"one", "three"}


def test_a_hook_of_another_account_moves_nothing(desk: Desk) -> None:
    connect_as(desk, ADA)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    before = desk.booking("one")
    desk.calcom.owner = BEN
    hook_url = desk.connect(webhookSecret="s3cret")["hookUrl"]
    desk.calcom.cancel("one")
    send_hook(desk, hook_url, "one")
    assert desk.booking("one") == before


def send_hook(desk: Desk, hook_url: str, uid: str) -> None:
    body = desk.calcom.hook(uid)
    headers = {"x-cal-signature-256": signature("s3cret", body)}
    assert desk.admin.post(hook_url, content=body, headers=headers).status_code == 200
    desk.wait_for_jobs("calcom.fetch")


def test_servers_without_an_identity_are_distinguished_by_address(new_desk: NewDesk) -> None:
    desk = new_desk()
    desk.connect()
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    before = desk.booking("one")
    with FakeCalcom() as elsewhere:
        elsewhere.book("one", start="2031-05-09T10:00:00.000Z")
        other = desk.world.create_schedule(timezone="Europe/Berlin")
        desk.connect(baseUrl=elsewhere.url, defaultScheduleId=other["id"])
        desk.sync()
    assert desk.bookings() == [before]


@pytest.mark.parametrize("owner", [ADA, None])
def test_rows_from_before_accounts_were_known_are_taken_over(
    desk: Desk, owner: JSON | None
) -> None:
    connect_as(desk, owner)
    desk.calcom.book("one", start="2031-05-01T10:00:00.000Z")
    desk.sync()
    organization_id = desk.world.setup.organization_id
    forget = "UPDATE {} SET account_id = NULL WHERE organization_id = $1"
    for table in ("calcom_rows", "calcom_connections"):
        desk.fetch(forget.format(table), organization_id)
    desk.calcom.cancel("one")
    desk.sync()
    assert desk.booking("one")["status"] == "CANCELLED"
    sql = "SELECT account_id IS NOT NULL FROM calcom_rows WHERE organization_id = $1"
    assert [row[0] for row in desk.fetch(sql, organization_id)] == [True]
