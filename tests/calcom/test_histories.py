"""A random history there, syncs and hooks in between: at the end both sides say the same."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.calcom.conftest import Desk
from tests.calcom.oracle import check_same
from tests.fakes.calcom import CalcomRequest, FakeCalcom, iso, signature
from tests.world import JSON

SECRET = "s3cret"


class BusyHost:
    """Somebody busy at Cal.com. Starts are never taken twice."""

    def __init__(self, calcom: FakeCalcom, seed: int) -> None:
        self.calcom = calcom
        self.random = random.Random(seed)
        self.hour = 0
        self.changes = 0

    def step(self) -> str:
        """Does something, and gives the uid that it was done to."""
        alive = [
            u for u, row in self.calcom.rows.items() if row["status"] in ("accepted", "pending")
        ]
        acts = [self.book, self.book, self.move, self.move, self.cancel, self.retitle, self.accept]
        act = self.random.choice(acts) if alive else self.book
        self.changes += 1
        return act(self.random.choice(alive) if alive else "")

    def start(self) -> str:
        self.hour += 1
        return iso(datetime(2032, 1, 1, tzinfo=UTC) + timedelta(hours=self.hour))

    def book(self, _: str) -> str:
        status = self.random.choice(["accepted", "accepted", "pending", "cancelled"])
        updated: JSON = {"updatedAt": None} if self.random.random() < 0.15 else {}
        return str(self.calcom.book(start=self.start(), status=status, **updated)["uid"])

    def move(self, uid: str) -> str:
        return str(self.calcom.reschedule(uid, self.start())["uid"])

    def cancel(self, uid: str) -> str:
        return str(self.calcom.cancel(uid)["uid"])

    def retitle(self, uid: str) -> str:
        return str(self.calcom.change(uid, title=f"Title {self.changes}")["uid"])

    def accept(self, uid: str) -> str:
        return str(self.calcom.change(uid, status="accepted")["uid"])


@pytest.mark.parametrize("seed", range(8))
def test_both_sides_agree_after_any_history(desk: Desk, seed: int) -> None:
    desk.connect(webhookSecret=SECRET)
    history = BusyHost(desk.calcom, seed)
    for _ in range(6):
        for _ in range(history.random.randrange(12)):
            history.step()
        answer = desk.sync()
        assert not answer["skips"]
        check_same(desk)
    assert desk.bookings()


@pytest.mark.parametrize("seed", range(8, 12))
def test_rows_that_change_under_the_pages_are_not_lost(desk: Desk, seed: int) -> None:
    history = BusyHost(desk.calcom, seed)
    for _ in range(300):
        history.book("")

    def change(request: CalcomRequest) -> None:
        if request.is_list:
            history.step()

    desk.calcom.after = change
    desk.sync()
    desk.calcom.after = None
    desk.sync()
    check_same(desk)


def test_hooks_in_any_order_lead_to_the_same(desk: Desk) -> None:
    hook_url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    history = BusyHost(desk.calcom, 99)
    desk.sync()
    touched = [history.step() for _ in range(25)]
    history.random.shuffle(touched)
    for uid in touched:
        body = desk.calcom.hook(uid)
        sent = httpx.post(
            hook_url, content=body, headers={"x-cal-signature-256": signature(SECRET, body)}
        )
        assert sent.status_code == 200, sent.text
    desk.sync()
    check_same(desk)


def test_hooks_and_syncs_at_once_lead_to_the_same(desk: Desk) -> None:
    hook_url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    history = BusyHost(desk.calcom, 7)
    for _ in range(150):
        history.book("")

    def send_hooks() -> None:
        for _ in range(40):
            body = desk.calcom.hook(history.step())
            signed = {"x-cal-signature-256": signature(SECRET, body)}
            assert httpx.post(hook_url, content=body, headers=signed).status_code == 200

    with ThreadPoolExecutor(3) as pool:
        syncs = [pool.submit(desk.sync) for _ in range(2)]
        pool.submit(send_hooks).result()
        for sync in syncs:
            sync.result()
    desk.wait_for_jobs("calcom.fetch")
    assert desk.sync()["skips"] == []
    check_same(desk)
    created = Counter(e["data"]["id"] for e in desk.events() if e["type"] == "booking.created")
    assert set(created.values()) == {1}
