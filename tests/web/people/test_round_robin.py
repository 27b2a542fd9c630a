"""One of several: who gets a booking, by what each had in the month and on the day."""

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

import pytest

from kalends.compose import Installation
from tests.web.offers.test_group_sessions import write_as_before
from tests.world import JSON, World, plus

PATH = "/api/v1/event-types"
FIRST = "2031-05-01T09:00:00Z"


def team(world: World, count: int, *, weights: list[int] | None = None, **fields: Any) -> JSON:
    """An event type that needs one of them; their ids in order."""
    ids = sorted(world.create_schedule(name=f"Host {n}")["id"] for n in range(count))
    requirement: JSON = {"count": 1, "schedule_ids": ids}
    if weights:
        requirement["weights"] = dict(zip(ids, weights, strict=True))
    return world.create_event_type(requirements=[requirement], **fields)


def ids_of(event_type: JSON) -> list[str]:
    ids: list[str] = event_type["requirements"][0]["schedule_ids"]
    return ids


def day(number: int) -> str:
    return plus(FIRST, days=number)


def book(world: World, event_type: JSON, start: str) -> str:
    """Books what was offered, and says whom that took."""
    query = {"event_type_id": event_type["id"], "start": start, "end": plus(start, minutes=1)}
    (slot,) = world.api.get("/api/v1/slots", params=query).json()["data"]
    booking = world.book(start=start, event_type_id=event_type["id"])
    assert booking["schedule_ids"] == slot["schedule_ids"]
    return str(booking["schedule_id"])


def update(world: World, event_type: JSON, **fields: Any) -> JSON:
    answer = world.api.patch(f"{PATH}/{event_type['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: JSON = answer.json()["data"]
    return changed


def test_one_booking_a_day_goes_round(world: World) -> None:
    event_type = team(world, 3)
    a, b, c = ids_of(event_type)
    taken = [book(world, event_type, day(number)) for number in range(10)]
    assert taken == [a, b, c, a, b, c, a, b, c, a]


def test_a_month_and_its_days_are_shared_fairly(world: World) -> None:
    chance = Random(11)
    event_type = team(world, 3)
    starts = {plus(day(chance.randrange(4)), hours=chance.randrange(12)) for _ in range(24)}
    had = [(start[:10], book(world, event_type, start)) for start in starts]
    assert spread(event_type, [host for _, host in had]) <= 2
    for on in {date for date, _ in had}:
        assert spread(event_type, [host for date, host in had if date == on]) <= 2


def spread(event_type: JSON, taken: list[str]) -> int:
    counts = [taken.count(id_) for id_ in ids_of(event_type)]
    return max(counts) - min(counts)


def test_weights_decide_who_takes_how_large_a_part(world: World) -> None:
    event_type = team(world, 3, weights=[1, 3, 2])
    counted = Counter(book(world, event_type, day(number)) for number in range(24))
    assert [counted[id_] for id_ in ids_of(event_type)] == [4, 12, 8]


def test_two_months_come_out_in_shares_though_somebody_was_away(world: World) -> None:
    event_type = team(world, 3, weights=[1, 2, 3])
    heavy = ids_of(event_type)[2]
    span = {"start_time": day(10), "end_time": day(17)}
    away = world.api.post(f"/api/v1/schedules/{heavy}/absences", json=span)
    assert away.status_code == 201, away.text
    chance, taken = Random(3), {5: Counter[str](), 6: Counter[str]()}
    for number in range(61):
        for hour in (0, 2):
            start = plus(day(number), hours=hour)
            booking = world.book(start=start, event_type_id=event_type["id"])
            if chance.random() < 0.1:  # what is cancelled counts for nobody
                world.api.delete(f"/api/v1/bookings/{booking['id']}")
                continue
            taken[datetime.fromisoformat(start).month][booking["schedule_id"]] += 1
    for month in taken.values():
        for id_, weight in zip(ids_of(event_type), (1, 2, 3), strict=True):
            assert abs(month[id_] - month.total() * weight / 6) <= 2, taken


def test_the_month_is_that_of_the_first_schedules_zone(world: World) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    assert world.api.patch(f"/api/v1/schedules/{a}", json={"timezone": "Asia/Tokyo"}).is_success
    assert book(world, event_type, "2031-04-30T16:00:00Z") == a
    assert book(world, event_type, "2031-04-20T16:00:00Z") == a
    assert book(world, event_type, "2031-05-10T16:00:00Z") == b


def test_a_booking_that_was_cancelled_does_not_count(world: World) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    booking = world.book(start=day(0), event_type_id=event_type["id"])
    world.api.delete(f"/api/v1/bookings/{booking['id']}")
    assert [book(world, event_type, day(n)) for n in (1, 2)] == [a, b]


def test_a_booking_of_something_else_does_not_count_for_the_month(world: World) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    for number in range(3):
        world.book({"id": a}, day(number))
    assert book(world, event_type, day(10)) == a
    assert book(world, event_type, day(11)) == b


def test_a_hold_counts_until_it_ends(world: World) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    new_hold = {"event_type_id": event_type["id"], "start_time": day(0)}
    hold = world.api.post("/api/v1/holds", json=new_hold).json()["data"]
    assert hold["schedule_id"] == a
    assert book(world, event_type, day(1)) == b
    world.api.delete(f"/api/v1/holds/{hold['id']}")
    assert book(world, event_type, day(2)) == a


def test_a_newcomer_does_not_get_everything(world: World) -> None:
    event_type = team(world, 2)
    for number in range(6):
        book(world, event_type, day(number))
    newcomer = world.create_schedule(name="Newcomer")["id"]
    members = [*ids_of(event_type), newcomer]
    changed = update(world, event_type, requirements=[{"count": 1, "schedule_ids": members}])
    counted = Counter(book(world, changed, day(10 + number)) for number in range(6))
    assert counted == dict.fromkeys(members, 2)


def test_new_weights_begin_anew(world: World) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    for number in range(4):
        book(world, event_type, day(number))
    requirement = event_type["requirements"][0] | {"weights": {b: 3}}
    changed = update(world, event_type, requirements=[requirement])
    assert Counter(book(world, changed, day(10 + n)) for n in range(4)) == {b: 3, a: 1}


# Both are the same members with the same weights: nobody has to begin anew.
SAME: dict[str, Any] = {
    "a name": lambda ids: {"name": "Renamed"},
    "the same, written otherwise": lambda ids: {
        "requirements": [{"schedule_ids": ids[1::-1], "count": 1, "weights": {ids[0]: 1}}]
    },
    "one more beside it": lambda ids: {
        "requirements": [
            {"schedule_ids": [ids[2]]}, {"schedule_ids": ids[:2]},
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("change", SAME)
def test_what_changes_neither_members_nor_weights_goes_on(world: World, change: str) -> None:
    event_type = team(world, 2)
    ids = ids_of(event_type)
    other = world.create_schedule(name="Room")["id"]
    assert book(world, event_type, day(0)) == ids[0]
    changed = update(world, event_type, **SAME[change]([*ids, other]))
    booking = world.book(start=day(1), event_type_id=changed["id"])
    assert ids[1] in booking["schedule_ids"]


def test_a_booking_that_moves_keeps_its_schedule(world: World) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    booking = world.book(start=day(0), event_type_id=event_type["id"])
    answer = world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"start_time": day(3)})
    assert answer.json()["data"]["schedule_id"] == a
    assert book(world, event_type, day(4)) == b


def test_seats_of_a_session_count_once_for_the_month(world: World) -> None:
    event_type = team(world, 2, capacity=5)
    a, b = ids_of(event_type)
    for _ in range(5):
        assert book(world, event_type, day(0)) == a
    assert [book(world, event_type, day(n)) for n in (1, 2)] == [b, a]


def test_what_a_server_of_before_wrote_counts(world: World, home: Installation) -> None:
    event_type = team(world, 2)
    a, b = ids_of(event_type)
    assert book(world, event_type, day(0)) == a
    write_as_before(home, event_type)
    assert book(world, event_type, day(1)) == b


def test_slots_of_two_months_name_who_is_next_in_each(world: World) -> None:
    event_type = team(world, 2, slot_step_minutes=1440)
    a, b = ids_of(event_type)
    assert book(world, event_type, "2031-05-01T00:00:00Z") == a
    query = {"event_type_id": event_type["id"], "start": "2031-05-02", "end": "2031-06-30"}
    listed = world.api.get("/api/v1/slots", params=query).json()["data"]
    by_month = {(datetime.fromisoformat(s["start_time"]).month, *s["schedule_ids"]) for s in listed}
    assert by_month == {(5, b), (6, a)}


def test_kept_slots_follow_what_is_booked_elsewhere_in_the_month(world: World) -> None:
    event_type = team(world, 2)
    query = {"event_type_id": event_type["id"], "start": "2031-05-02", "end": "2031-05-02"}

    def next_one() -> str:
        (first, *_) = world.api.get("/api/v1/slots", params=query).json()["data"]
        return str(first["schedule_ids"][0])

    a, b = ids_of(event_type)
    assert [next_one(), next_one()] == [a, a]
    assert book(world, event_type, day(20)) == a
    assert next_one() == b


def test_weights_come_back_as_they_were_given(world: World) -> None:
    event_type = team(world, 3, weights=[1, 10, 5])
    requirement = event_type["requirements"][0]
    assert list(requirement["weights"].values()) == [1, 10, 5]
    assert update(world, event_type, requirements=[requirement])["requirements"] == [requirement]
    del requirement["weights"]
    assert update(world, event_type, requirements=[requirement])["requirements"] == [requirement]


@pytest.mark.parametrize("weight", [0, 11, -1, 1.5, "2", None, True])
def test_a_weight_is_a_number_from_one_to_ten(world: World, weight: Any) -> None:
    host = world.shared_schedule["id"]
    requirement = {"schedule_ids": [host], "weights": {host: weight}}
    assert refused_field(world, [requirement]).startswith("requirements.0.weights")


def refused_field(world: World, requirements: list[JSON]) -> str:
    body = {"name": "Any", "duration_minutes": 30, "requirements": requirements}
    answer = world.api.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    return str(answer.json()["details"][0]["field"])


def test_weights_are_of_schedules_of_their_requirement(world: World) -> None:
    a, b = (world.create_schedule(name=name)["id"] for name in "ab")
    for other in (b, "sch_nobody", ""):
        requirement = {"schedule_ids": [a], "weights": {other: 2}}
        assert refused_field(world, [requirement]) == "requirements.0.weights"


@pytest.mark.parametrize("second", [{}, {"weights": "other"}])
def test_a_schedule_has_one_weight_in_all_requirements(world: World, second: JSON) -> None:
    a, b, c = (world.create_schedule(name=name)["id"] for name in "abc")
    second = {"weights": {a: 3}} if second else {}
    requirements: list[JSON] = [
        {"schedule_ids": [a, b], "weights": {a: 2}},
        {"schedule_ids": [a, c], **second},
    ]
    assert refused_field(world, requirements) == "requirements.1.weights"
    requirements[1]["weights"] = {a: 2}
    created = world.create_event_type(requirements=requirements)
    assert created["requirements"][1]["weights"] == {a: 2}
