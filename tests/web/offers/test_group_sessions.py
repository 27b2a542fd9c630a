"""Groups of several hosts: which session a seat is in, when another opens, what a day counts."""

from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain import ids
from tests.conftest import fetch, run
from tests.world import JSON, World, plus, tomorrow_at

NINE_TO_TEN = {
    day: {"start": "09:00", "end": "10:00"}
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
NINE = tomorrow_at(9)


def hosts(world: World, count: int = 2, **fields: Any) -> list[str]:
    made = [world.create_schedule(name=f"Host {n}", **fields)["id"] for n in range(count)]
    return sorted(made)


def any_of(*schedule_ids: str) -> JSON:
    return {"count": 1, "schedule_ids": list(schedule_ids)}


def create_group(world: World, *requirements: JSON, **fields: Any) -> JSON:
    return world.create_event_type(**{"requirements": requirements, "capacity": 2, **fields})


def book(world: World, group: JSON, start: str = NINE, **fields: Any) -> JSON:
    return world.book(start=start, event_type_id=group["id"], **fields)


def refused(world: World, group: JSON, start: str = NINE, **fields: Any) -> str:
    body = world.booking_body(start=start, event_type_id=group["id"], **fields)
    answer = world.api.post("/api/v1/bookings", json=body)
    assert answer.status_code in (409, 422), answer.text
    return str(answer.json()["code"])


def offered(world: World, group: JSON, start: str = NINE, **fields: Any) -> list[JSON]:
    query = {"event_type_id": group["id"], "start": start, "end": plus(start, minutes=1)}
    answer = world.api.get("/api/v1/slots", params=query | fields)
    assert answer.status_code == 200, answer.text
    listed: list[JSON] = answer.json()["data"]
    return listed


def move(world: World, booking: JSON, start: str) -> httpx.Response:
    return world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"start_time": start})


def test_the_third_of_two_seats_opens_a_further_session(world: World) -> None:
    h1, h2 = hosts(world, availability=NINE_TO_TEN)
    group = create_group(world, any_of(h1, h2))
    seen = []
    for _ in range(4):
        (slot,) = offered(world, group)
        booking = book(world, group)
        assert booking["schedule_ids"] == slot["schedule_ids"]
        seen.append((slot["schedule_ids"], slot["seats_left"]))
    assert seen == [([h1], 2), ([h1], 1), ([h2], 2), ([h2], 1)]
    assert offered(world, group) == []
    assert refused(world, group) == "SLOT_TAKEN"


def test_sessions_that_need_one_room_are_one(world: World) -> None:
    room, h1, h2 = hosts(world, 3)
    group = create_group(world, any_of(h1, h2), any_of(room))
    assert [set(book(world, group)["schedule_ids"]) for _ in range(2)] == [{h1, room}] * 2
    assert refused(world, group) == "SLOT_TAKEN"
    assert offered(world, group) == []


def test_different_sessions_have_different_claims(world: World, home: Installation) -> None:
    group = create_group(world, any_of(*hosts(world)))
    for _ in range(3):
        book(world, group)
    claims = claims_of(home, group)
    assert sorted(claims.values()) == [1, 2]


def claims_of(home: Installation, group: JSON) -> dict[str, int]:
    """How many rows each claim of the event type has, which its rows name."""
    id_ = ids.decode_id(ids.EVENT_TYPE, group["id"])
    sql = f"SELECT claim_id, count(*) FROM occupancies WHERE event_type_id = '{id_}' GROUP BY 1"
    return dict(fetch(home, sql))


def test_a_requested_schedule_opens_its_own_session(world: World) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1, h2))
    assert book(world, group)["schedule_id"] == h1
    assert book(world, group, schedule_id=h2)["schedule_id"] == h2
    assert book(world, group, schedule_id=h2)["schedule_id"] == h2
    assert refused(world, group, schedule_id=h2) == "SLOT_TAKEN"
    assert book(world, group)["schedule_id"] == h1


def test_a_hold_is_a_seat_and_is_booked_in_its_own_session(world: World) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1, h2))
    time = {"start_time": NINE, "event_type_id": group["id"]}
    holds = [world.api.post("/api/v1/holds", json=time).json()["data"] for _ in range(3)]
    assert [hold["schedule_id"] for hold in holds] == [h1, h1, h2]
    assert [slot["seats_left"] for slot in offered(world, group)] == [1]
    booked = [book(world, group, hold_id=hold["id"])["schedule_id"] for hold in holds]
    assert booked == [h1, h1, h2]


def test_a_booking_that_moves_stays_on_its_schedule(world: World) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1, h2))
    mover = book(world, group, tomorrow_at(12), schedule_id=h2)
    book(world, group, schedule_id=h1)
    query = {"booking_id": mover["id"]}
    assert [slot["schedule_ids"] for slot in offered(world, group, **query)] == [[h2]]
    assert move(world, mover, NINE).json()["data"]["schedule_id"] == h2
    filled = book(world, group, schedule_id=h2)
    later = book(world, group, tomorrow_at(12), schedule_id=h2)
    assert move(world, later, NINE).json()["data"]["schedule_id"] == h1
    assert move(world, filled, tomorrow_at(14)).json()["data"]["schedule_id"] == h2


def test_a_seat_given_back_is_filled_before_another_session_opens(world: World) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1, h2), capacity=3)
    seats = [book(world, group) for _ in range(4)]
    assert [seat["schedule_id"] for seat in seats] == [h1, h1, h1, h2]
    world.api.delete(f"/api/v1/bookings/{seats[0]['id']}")
    assert book(world, group)["schedule_id"] == h1


def test_the_first_session_may_end_before_the_further_one(world: World) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1, h2))
    first = book(world, group, schedule_id=h1)
    book(world, group, schedule_id=h2)
    world.api.delete(f"/api/v1/bookings/{first['id']}")
    assert [book(world, group)["schedule_id"] for _ in range(3)] == [h2, h1, h1]
    assert refused(world, group) == "SLOT_TAKEN"


def test_a_session_of_members_that_changed_keeps_its_room(world: World) -> None:
    h1, h2, room = hosts(world, 3)
    group = create_group(world, any_of(h1), any_of(room))
    book(world, group)
    changed = {"requirements": [any_of(h2), any_of(room)]}
    world.api.patch(f"/api/v1/event-types/{group['id']}", json=changed)
    assert refused(world, group) == "SLOT_TAKEN"
    assert offered(world, group) == []
    back = {"requirements": [any_of(h1), any_of(room)]}
    world.api.patch(f"/api/v1/event-types/{group['id']}", json=back)
    assert set(book(world, group)["schedule_ids"]) == {h1, room}


def test_a_booking_becomes_a_session_where_seats_are_added(
    world: World, home: Installation
) -> None:
    (host,) = hosts(world, 1)
    group = create_group(world, any_of(host), capacity=1, slot_step_minutes=30)
    booked = [book(world, group)]
    world.api.patch(f"/api/v1/event-types/{group['id']}", json={"capacity": 3})
    assert [slot["seats_left"] for slot in offered(world, group)] == [2]
    booked += [book(world, group), book(world, group)]
    assert refused(world, group) == "SLOT_TAKEN"
    world.api.patch(f"/api/v1/event-types/{group['id']}", json={"capacity": 1})
    for seat in booked:
        assert move(world, seat, plus(NINE, minutes=30)).json()["code"] == "SLOT_TAKEN"
    assert move(world, booked[0], tomorrow_at(14)).status_code == 200
    assert sorted(claims_of(home, group).values()) == [1, 2]


def test_sessions_of_an_event_type_for_any_schedule_are_apart(
    world: World, home: Installation
) -> None:
    h1, h2 = hosts(world)
    group = create_group(world)
    for host in (h1, h1, h2):
        assert book(world, group, schedule_id=host)["schedule_id"] == host
    assert refused(world, group, schedule_id=h1) == "SLOT_TAKEN"
    assert sorted(claims_of(home, group).values()) == [1, 2]


def write_as_before(home: Installation, event_type: JSON) -> None:
    """As a server of before: its sessions have one claim for each start, and name nothing."""
    id_ = ids.decode_id(ids.EVENT_TYPE, event_type["id"])
    run(home, f"UPDATE occupancies SET event_type_id = NULL WHERE event_type_id = '{id_}'")


def test_seats_of_a_server_of_before_are_joined_and_counted(
    world: World, home: Installation
) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1, h2))
    book(world, group)
    write_as_before(home, group)
    assert [book(world, group)["schedule_id"] for _ in range(3)] == [h1, h2, h2]
    assert refused(world, group) == "SLOT_TAKEN"


def test_a_session_counts_once_in_the_limit_of_its_event_type(world: World) -> None:
    group = create_group(
        world, any_of(*hosts(world, 1)), capacity=4, booking_limits={"max_per_day": 2}
    )
    for _ in range(4):
        book(world, group)
    assert refused(world, group) == "SLOT_TAKEN"
    book(world, group, tomorrow_at(11))
    assert refused(world, group, tomorrow_at(13)) == "LIMIT_REACHED"
    assert [s["seats_left"] for s in offered(world, group, tomorrow_at(11))] == [3]
    for _ in range(3):
        book(world, group, tomorrow_at(11))


def test_a_session_counts_once_in_the_limit_of_its_schedule(world: World) -> None:
    host = world.create_schedule(booking_limits={"max_per_day": 2})
    group = create_group(world, any_of(host["id"]), capacity=4)
    for start in (NINE, NINE, tomorrow_at(11), tomorrow_at(11), NINE):
        book(world, group, start)
    assert refused(world, group, tomorrow_at(13)) == "LIMIT_REACHED"
    alone = world.booking_body(host, tomorrow_at(15))
    assert world.api.post("/api/v1/bookings", json=alone).json()["code"] == "LIMIT_REACHED"


def test_a_session_of_another_event_type_counts_once_too(world: World) -> None:
    host = world.create_schedule(booking_limits={"max_per_day": 2})
    group = create_group(world, any_of(host["id"]), capacity=4)
    for _ in range(4):
        book(world, group)
    world.book(host, tomorrow_at(15))
    alone = world.booking_body(host, tomorrow_at(17))
    assert world.api.post("/api/v1/bookings", json=alone).json()["code"] == "LIMIT_REACHED"


def test_two_sessions_of_one_start_count_twice(world: World) -> None:
    group = create_group(world, any_of(*hosts(world)), booking_limits={"max_per_day": 2})
    for _ in range(4):
        book(world, group)
    assert refused(world, group, tomorrow_at(11)) == "LIMIT_REACHED"


@pytest.mark.parametrize("seats", [1, 4])
def test_who_had_a_class_is_next_as_after_one_appointment(world: World, seats: int) -> None:
    h1, h2 = hosts(world)
    group = create_group(world, any_of(h1), capacity=4)
    either = world.create_event_type(name="Either", requirements=[any_of(h1, h2)])
    for _ in range(seats):
        book(world, group)
    assert world.book(start=tomorrow_at(11), event_type_id=either["id"])["schedule_id"] == h2
    assert world.book(start=tomorrow_at(13), event_type_id=either["id"])["schedule_id"] == h1
