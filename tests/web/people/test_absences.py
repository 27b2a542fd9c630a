"""An absence: closed at once, what it meets is listed with who could take it, and settled."""

from typing import Any

from tests.web.people.test_booking_hosts import of_a_member
from tests.web.people.test_reassigning import BOOKINGS, book_with, team
from tests.web.people.test_schedule_people import owner_of
from tests.world import JSON, World, plus, tomorrow_at


def absent(world: World, schedule: JSON, hours: int = 8, start: str = "", **more: Any) -> JSON:
    """The path of an absence from nine o'clock on."""
    start = start or tomorrow_at(9)
    body = {"start_time": start, "end_time": plus(start, hours=hours), "reason": "Ill", **more}
    answer = world.api.post(f"/api/v1/schedules/{schedule['id']}/absences", json=body)
    assert answer.status_code == 201, answer.text
    absence: JSON = answer.json()["data"]
    absence["path"] = f"/api/v1/schedules/{schedule['id']}/absences/{absence['id']}"
    return absence


def affected(world: World, absence: JSON) -> list[JSON]:
    listed: list[JSON] = world.api.get(f"{absence['path']}/affected").json()["data"]
    return listed


def resolve(world: World, absence: JSON, *decisions: JSON) -> list[JSON]:
    answer = world.api.post(f"{absence['path']}/resolve", json={"decisions": decisions})
    assert answer.status_code == 200, answer.text
    outcomes: list[JSON] = answer.json()["data"]
    return outcomes


def decision(booking: JSON, action: str, schedule: JSON | None = None) -> JSON:
    named = {} if schedule is None else {"schedule_id": schedule["id"]}
    return {"booking_id": booking["id"], "action": action, **named}


def now_is(world: World, booking: JSON) -> JSON:
    shown: JSON = world.api.get(f"{BOOKINGS}/{booking['id']}").json()["data"]
    return shown


def event_types_of(world: World) -> list[str]:
    return [event["type"] for event in world.api.get("/api/v1/event-log").json()["data"]]


def test_an_absence_closes_its_time_at_once(world: World) -> None:
    (ada, _, _), event_type = team(world)
    hold = {"event_type_id": event_type["id"], "schedule_id": ada["id"]}
    held = world.api.post("/api/v1/holds", json=hold | {"start_time": tomorrow_at(12)}).json()
    absence = absent(world, ada)
    assert absence["schedule_ids"] == [ada["id"]]
    assert len(absence["busy_time_ids"]) == 1
    body = world.booking_body(None, tomorrow_at(12), **hold)
    busy = world.api.post(BOOKINGS, json=body)
    assert (busy.status_code, busy.json()["code"]) == (422, "BUSY")
    ended = world.api.post(BOOKINGS, json=body | {"hold_id": held["data"]["id"]})
    assert (ended.status_code, ended.json()["code"]) == (409, "HOLD_EXPIRED")
    assert world.api.delete(absence["path"]).status_code == 200
    assert world.api.post(BOOKINGS, json=body).status_code == 201


def test_what_it_meets_is_listed_with_who_is_next(world: World) -> None:
    (ada, grace, mary), event_type = team(world, buffer_after_minutes=30)
    before = book_with(world, ada, event_type, tomorrow_at(8))  # its buffer ends at half past nine
    outside = book_with(world, ada, event_type, tomorrow_at(18))
    booking = book_with(world, ada, event_type, tomorrow_at(10))
    book_with(world, grace, event_type, tomorrow_at(14))
    absence = absent(world, ada)
    assert (absence["affected_total"], absence["open_total"]) == (2, 2)
    listed = {one["booking"]["id"]: one for one in affected(world, absence)}
    assert listed.keys() == {before["id"], booking["id"]}
    assert outside["id"] not in listed
    # Mary has had none this month, Grace one.
    assert listed[booking["id"]]["alternatives"] == [mary["id"], grace["id"]]


def test_each_decision_is_done_once(world: World) -> None:
    (ada, grace, _), event_type = team(world)
    times = (10, 11, 12, 13)
    taken, asked, gone, kept = (book_with(world, ada, event_type, tomorrow_at(h)) for h in times)
    absence = absent(world, ada)
    decisions = (
        decision(taken, "reassign", grace),
        decision(asked, "offer"),
        decision(gone, "cancel"),
        decision(kept, "keep"),
    )
    for _ in range(2):
        outcomes = resolve(world, absence, *decisions)
        assert [one["result"] for one in outcomes] == ["done"] * 4
    assert event_types_of(world)[4:] == [
        "booking.reassigned",
        "booking.updated",
        "booking.cancelled",
    ]
    assert now_is(world, taken)["schedule_ids"] == [grace["id"]]
    assert now_is(world, asked)["needs_new_time"] is True
    assert now_is(world, gone)["status"] == "CANCELLED"
    assert now_is(world, kept) == kept
    assert world.api.get(absence["path"]).json()["data"]["open_total"] == 0


def test_one_that_fails_stops_no_other(world: World) -> None:
    (ada, grace, _), event_type = team(world)
    booking = book_with(world, ada, event_type, tomorrow_at(10))
    other = book_with(world, ada, event_type, tomorrow_at(11))
    book_with(world, grace, event_type, tomorrow_at(10))
    absence = absent(world, ada)
    moved = {"start_time": tomorrow_at(20)}
    moving = book_with(world, ada, event_type, tomorrow_at(19))
    world.api.patch(f"{BOOKINGS}/{moving['id']}", json=moved)
    failed, done, unaffected = resolve(
        world,
        absence,
        decision(booking, "reassign", grace),
        decision(other, "reassign", grace),
        decision(moving, "cancel"),
    )
    assert (failed["result"], failed["error"]["code"]) == ("failed", "SLOT_TAKEN")
    assert (done["result"], unaffected["result"]) == ("done", "unaffected")
    assert now_is(world, moving)["status"] == "PENDING"


def test_a_person_is_absent_on_all_schedules(world: World) -> None:
    ada = of_a_member(world, "Ada Lovelace")
    room = of_a_member(world, "Room of Ada")
    start = tomorrow_at(9)
    world.book(room, tomorrow_at(10))
    body = {"start_time": start, "end_time": plus(start, hours=8)}
    path = f"/api/v1/users/{owner_of(world)}/absences"
    absence = world.api.post(path, json=body).json()["data"]
    assert set(absence["schedule_ids"]) == {ada["id"], room["id"]}
    assert absence["affected_total"] == 1
    assert [one["id"] for one in world.api.get(path).json()["data"]] == [absence["id"]]
    later = {"start_time": plus(start, hours=3)}
    changed = world.api.patch(f"{path}/{absence['id']}", json=later).json()["data"]
    assert (changed["start_time"], changed["affected_total"]) == (later["start_time"], 0)
    crossed = world.api.patch(f"{path}/{absence['id']}", json={"end_time": start})
    assert crossed.status_code == 422


def test_a_session_goes_to_a_host_with_room_for_all(world: World) -> None:
    (ada, grace, mary), event_type = team(world, capacity=3)
    seats = [book_with(world, ada, event_type) for _ in range(3)]
    book_with(world, grace, event_type)  # Grace has two seats left
    absence = absent(world, ada)
    listed = affected(world, absence)
    assert [one["booking"]["id"] for one in listed] == [seat["id"] for seat in seats]
    assert [one["alternatives"] for one in listed] == [[mary["id"]]] * 3
    outcomes = resolve(world, absence, *(decision(seat, "reassign", mary) for seat in seats))
    assert [one["result"] for one in outcomes] == ["done"] * 3
    assert [now_is(world, seat)["schedule_ids"] for seat in seats] == [[mary["id"]]] * 3


def test_an_absence_is_found_under_its_owner_only(world: World) -> None:
    (ada, grace, _), _ = team(world)
    absence = absent(world, ada)
    for path in ("", "/affected"):
        assert world.api.get(absence["path"] + path).status_code == 200
        of_other = f"/api/v1/schedules/{grace['id']}/absences/{absence['id']}{path}"
        assert world.api.get(of_other).status_code == 404
        assert world.sandbox.get(absence["path"] + path).status_code == 404


def test_a_session_goes_with_its_room_to_another_host(world: World) -> None:
    (ada, grace, mary), _ = team(world)
    room = world.create_schedule(name="Room")
    course = world.create_event_type(
        capacity=4,
        requirements=[
            {"count": 1, "schedule_ids": [one["id"] for one in (ada, grace, mary)]},
            {"count": 1, "schedule_ids": [room["id"]]},
        ],
    )
    seats = [book_with(world, ada, course) for _ in range(3)]
    absence = absent(world, ada)
    assert [one["alternatives"] for one in affected(world, absence)] == [
        [grace["id"], mary["id"]]
    ] * 3
    outcomes = resolve(world, absence, *(decision(seat, "reassign", mary) for seat in seats))
    assert [one["result"] for one in outcomes] == ["done"] * 3
    assert [set(now_is(world, seat)["schedule_ids"]) for seat in seats] == [
        {mary["id"], room["id"]}
    ] * 3
