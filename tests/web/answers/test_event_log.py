"""`GET /api/v1/event-log`: everything that happened, in order."""

from collections.abc import Callable

from tests.world import JSON, World, plus

LOG = "/api/v1/event-log"


def read_log(world: World, **query: str | int) -> JSON:
    answer = world.api.get(LOG, params=query)
    assert answer.status_code == 200, answer.text
    page: JSON = answer.json()
    return page


def test_an_empty_log_has_no_next_page(world: World) -> None:
    assert read_log(world) == {"data": [], "meta": {"limit": 50, "hasMore": False, "next": None}}


def test_each_change_is_one_event_of_its_kind(world: World) -> None:
    booking = world.book(world.create_schedule())
    path = f"/api/v1/bookings/{booking['id']}"
    world.api.patch(path, json={"title": "Another"})
    world.api.patch(path, json={"title": "Another"})
    world.api.patch(
        path, json={"status": "CONFIRMED", "start_time": plus(booking["start_time"], hours=1)}
    )
    world.api.patch(path, json={"start_time": plus(booking["start_time"], hours=3)})
    world.api.patch(path, json={"status": "NO_SHOW"})
    types = [event["type"] for event in read_log(world)["data"]]
    assert types == [
        "booking.created",
        "booking.updated",
        "booking.confirmed",
        "booking.rescheduled",
        "booking.no_show",
    ]


def test_a_reader_goes_on_where_it_was(world: World) -> None:
    schedule = world.create_schedule()
    for hour in range(5):
        world.book(schedule, f"2031-01-01T{hour:02}:00:00Z")
    seen: list[str] = []
    after: JSON = {}
    for _ in range(3):
        page = read_log(world, limit=2, **after)
        seen += [event["data"]["start_time"] for event in page["data"]]
        after = {"after": page["meta"]["next"]}
    assert seen == [f"2031-01-01T{hour:02}:00:00Z" for hour in range(5)]
    assert page["meta"]["hasMore"] is False
    rest = read_log(world, **after)
    assert rest["data"] == []
    assert rest["meta"]["next"] == after["after"]


def test_an_unknown_cursor_is_refused(new_world: Callable[[], World]) -> None:
    ours, others = new_world(), new_world()
    others.book(others.create_schedule())
    foreign = read_log(others)["meta"]["next"]
    for after in (foreign, "wh_evt_0352lF5NnllfIJ66lPpfc3", "nonsense", ""):
        answer = ours.api.get(LOG, params={"after": after})
        assert answer.status_code == 422
        assert answer.json()["details"][0]["field"] == "after"


def test_events_of_others_are_not_in_it(new_world: Callable[[], World]) -> None:
    ours, others = new_world(), new_world()
    others.book(others.create_schedule())
    assert read_log(ours)["data"] == []


def test_an_override_is_logged(world: World) -> None:
    world.book(world.create_schedule(availability={}), override=True)
    (event,) = read_log(world)["data"]
    assert event["override"] is True
