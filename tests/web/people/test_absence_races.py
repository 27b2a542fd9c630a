"""After any absence and its settlement, with bookings racing in: none lost, doubled or untold."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import pytest

from tests.web.people.test_absences import absent, affected, decision, resolve
from tests.web.people.test_reassigning import BOOKINGS, team
from tests.world import JSON, World, tomorrow_at

ROUNDS = 3
HOURS = range(8, 18)
ACTIONS = ("reassign", "reassign", "offer", "cancel", "keep")
# What tells an attendee: of what is decided, and of what happens beside it.
TOLD = {"reassign": "booking.reassigned", "offer": "booking.updated", "cancel": "booking.cancelled"}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_booking_is_lost_doubled_or_untold(world: World, seed: int) -> None:
    chance = random.Random(seed)
    hosts, event_type = team(world, slot_step_minutes=30)
    bodies = [
        world.booking_body(None, tomorrow_at(hour, 30 * half), event_type_id=event_type["id"])
        for hour in HOURS
        for half in (0, 1)
    ] * 2
    chance.shuffle(bodies)

    def book(body: JSON) -> Any:
        return world.api.post(BOOKINGS, json=body)

    with ThreadPoolExecutor(8) as pool:
        racing = [pool.submit(book, body) for body in bodies]
        absence = absent(world, hosts[0], start=tomorrow_at(9), hours=6)
        decided = settle_all_of(world, absence, chance)
        answers = [one.result() for one in racing]
    assert Counter(a.status_code for a in answers).keys() <= {201, 409, 422}
    decided |= settle_all_of(world, absence, chance)
    made = {a.json()["data"]["id"] for a in answers if a.status_code == 201}
    assert_nothing_is_wrong(world, absence, made, decided)


def settle_all_of(world: World, absence: JSON, chance: random.Random) -> dict[str, str]:
    """Decides about what is met and open, until nothing is; and by booking what was done."""
    decided: dict[str, str] = {}
    for _ in range(ROUNDS):
        met = [one for one in affected(world, absence) if one["decision"] is None]
        decisions = [_decide(one, chance) for one in met]
        for _ in range(2 if decisions else 0):  # whoever sends it again does nothing twice
            for one, outcome in zip(decisions, resolve(world, absence, *decisions), strict=True):
                if outcome["result"] == "done":
                    decided[one["booking_id"]] = one["action"]
    return decided


def _decide(one: JSON, chance: random.Random) -> JSON:
    action = chance.choice(ACTIONS) if one["alternatives"] else chance.choice(ACTIONS[2:])
    chosen = {"id": one["alternatives"][0]} if action == "reassign" else None
    return decision(one["booking"], action, chosen)


def assert_nothing_is_wrong(
    world: World, absence: JSON, made: set[str], decided: dict[str, str]
) -> None:
    page = world.api.get(BOOKINGS, params={"limit": 500}).json()["data"]
    by_id = {booking["id"]: booking for booking in page}
    assert by_id.keys() == made  # none is lost
    standing = [b for b in page if b["status"] != "CANCELLED"]
    assert not any(_overlap(a, b) for a, b in combinations(standing, 2))  # none is doubled
    events = world.api.get("/api/v1/event-log", params={"limit": 500}).json()["data"]
    for booking in page:
        seen = Counter(e["type"] for e in events if e["data"]["id"] == booking["id"])
        action = decided.get(booking["id"])
        expected = [TOLD[action]] if action in TOLD else []
        assert seen - Counter(["booking.created"]) == Counter(expected), (booking, action)
        # What the absence still meets was decided about: nobody slipped in unseen.
        is_met = booking["status"] != "CANCELLED" and _overlap(booking, {**absence, **_on(absence)})
        assert not is_met or action in ("offer", "keep"), booking


def _on(absence: JSON) -> JSON:
    return {"schedule_ids": absence["schedule_ids"]}


def _overlap(one: JSON, other: JSON) -> bool:
    shares: Sequence[str] = [id_ for id_ in one["schedule_ids"] if id_ in other["schedule_ids"]]
    is_beside = one["start_time"] < other["end_time"] and other["start_time"] < one["end_time"]
    return bool(shares) and is_beside
