"""What is too long for one answer is refused, and the refusal names the way."""

from tests.world import World, plus

PATH = "/api/v1/bookings"
FIRST = "2030-01-01T00:00:00Z"


def test_a_year_of_minutes_is_refused_and_of_half_hours_listed(world: World) -> None:
    query = {"schedule_id": world.create_schedule()["id"], "start": "2030-01-01"}
    year = query | {"end": "2030-12-31", "duration_minutes": 30}
    assert world.api.get("/api/v1/slots", params=year).json()["meta"]["total"] == 17_520
    refused = world.api.get("/api/v1/slots", params=year | {"slot_step_minutes": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert refused.json()["details"][0]["field"] == "end"
    assert "20,000" in refused.json()["error"]
    assert "shorter range" in refused.json()["error"]


def test_the_pieces_of_a_long_answer_are_one_list(world: World) -> None:
    schedule = world.create_schedule()
    query = {"schedule_id": schedule["id"], "duration_minutes": 1, "timezone": "Europe/Berlin"}
    span = {"start": FIRST, "end": plus(FIRST, days=5)}
    answer = world.api.get("/api/v1/slots", params=query | span).json()
    assert answer["meta"]["total"] == len(answer["data"]) == 5 * 24 * 60
    assert [slot["start_time"] for slot in answer["data"]] == [
        plus(FIRST, minutes=minute) for minute in range(5 * 24 * 60)
    ]
    assert all("local_start" in slot for slot in answer["data"])


def test_a_long_range_without_slots_is_an_empty_list(world: World) -> None:
    schedule = world.create_schedule(availability={})
    query = {"schedule_id": schedule["id"], "duration_minutes": 1, "start": "2030-01-01"}
    answer = world.api.get("/api/v1/slots", params=query | {"end": "2030-12-31"}).json()
    assert (answer["data"], answer["meta"]["total"]) == ([], 0)


def test_a_list_with_more_than_four_megabytes_of_metadata_is_refused(world: World) -> None:
    schedule = world.create_schedule()
    large = {"text": "x" * 60_000}
    for number in range(67):
        world.book(schedule, plus(FIRST, hours=number), metadata=large)
    query = {"schedule_id": schedule["id"], "limit": 500}
    refused = world.api.get(PATH, params=query)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert refused.json()["details"][0]["field"] == "limit"
    assert "4 MB" in refused.json()["error"]
    assert "smaller limit" in refused.json()["error"]
    answer = world.api.get(PATH, params=query | {"limit": 60})
    assert answer.status_code == 200
    assert answer.json()["data"][0]["metadata"] == large


def test_the_event_log_comes_in_pages_of_four_megabytes(world: World) -> None:
    schedule = world.create_schedule()
    booked = [
        world.book(schedule, plus(FIRST, hours=number), metadata={"text": "x" * 60_000})["id"]
        for number in range(67)
    ]
    read: list[str] = []
    sizes: list[int] = []
    query: dict[str, str | int] = {"limit": 500}
    while True:
        answer = world.api.get("/api/v1/event-log", params=query)
        page = answer.json()
        read += [event["data"]["id"] for event in page["data"]]
        sizes.append(len(answer.content))
        if not page["meta"]["hasMore"]:
            break
        query["after"] = page["meta"]["next"]
    assert read == booked
    assert len(sizes) == 2
    assert max(sizes) < 4_100_000
