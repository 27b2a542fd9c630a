"""The calls of the tour with API keys, group by group, in the order in which they build on one
another. What a call answers is recorded, whatever it is."""

from typing import Any, Final

from scripts.api_comparison.tour import JSON, Tour

_WEEK: Final = {
    "monday": {"start": "09:00", "end": "17:00"},
    "tuesday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "17:00"}],
    "wednesday": {"start": "22:00", "end": "02:00"},
}
_QUESTIONS: Final = [
    {"key": "topic", "label": "What is it about?", "required": True},
    {"key": "size", "label": "Size", "type": "select", "options": ["S", "L"]},
    {"key": "mobile", "label": "Mobile", "type": "phone"},
    {"key": "terms", "label": "I accept the [terms](https://example.com)", "type": "consent"},
]
_ANSWERS: Final = {"topic": "Back pain", "size": "L", "mobile": "030 1234567", "terms": True}
_NOWHERE: Final = "bk_0000000000000000000001"


def attendee(name: str, **more: Any) -> JSON:
    return {"name": name, "email": f"{name.lower()}@example.com", **more}


def operations(tour: Tour) -> None:
    """What operators and strangers ask."""
    for path in ("/healthz", "/readyz", "/docs", "/nothing", "/api/v1/nothing"):
        tour.call("GET", path)
    tour.call("POST", "/healthz")
    for key in ("", "wk_live_wrong", "sandbox_api_key"):
        tour.api("GET", "/organization", key=key)
    key, path = tour.world.keys["api_key"], "/api/v1/organization"
    tour.call("GET", path, headers={"x-api-key": key})
    tour.call("PUT", path, headers={"x-api-key": key})
    tour.call("HEAD", path, headers={"x-api-key": key})


def keys(tour: Tour) -> None:
    reader = tour.data("POST", "/api-keys", {"scopes": ["bookings:read"], "name": "Reader"})
    tour.world.keys["reader"] = reader["key"]
    tour.api("POST", "/api-keys", {"scopes": ["*:read"], "expires_at": tour.at(10)})
    for scopes in (["nonsense"], [], "*"):
        tour.api("POST", "/api-keys", {"scopes": scopes})
    tour.api("GET", "/api-keys")
    tour.api("GET", "/bookings", key="reader")
    tour.api("POST", "/bookings", {}, key="reader")
    second = tour.data("POST", "/api-keys", {"scopes": ["*"]})
    for _ in range(2):
        tour.api("DELETE", f"/api-keys/{second['id']}")


def organization(tour: Tour) -> None:
    tour.api("GET", "/users?limit=1")
    tour.api("POST", "/users", {"email": "nobody", "role": "staff"})
    tour.api("PATCH", "/users/usr_1", {"role": "staff"})
    tour.api("DELETE", "/users/usr_1")
    tour.api("GET", "/users/usr_1/notifications")
    tour.api("PATCH", "/users/usr_1/notifications", {"agenda_at": "07:30"})
    tour.api("GET", "/organization")
    zoom = {"account_id": "a", "client_id": "b", "client_secret": "c"}
    for accounts in ({"zoom": zoom}, {"zoom": {"account_id": "a"}}, {"hook": {"url": "ftp://a"}}):
        tour.api("PUT", "/organization/video", accounts)
    tour.api("GET", "/organization/video")
    tour.api("DELETE", "/organization/video")
    tour.api(
        "PATCH",
        "/organization",
        {"timezone": "Europe/Berlin", "notify_email": "desk@acme.test", "country": "DE"},
    )
    wrong: JSON
    for wrong in ({"slug": "docs"}, {"timezone": "Mars"}, {"country": "XX"}, {"surprise": 1}, []):
        tour.api("PATCH", "/organization", wrong)


def webhooks(tour: Tour) -> JSON:
    """Gives the endpoint that receives everything from now on."""
    url = tour.world.receiver.url
    hooked = tour.data("POST", "/webhooks", {"url": url, "description": "All"})
    path = f"/webhooks/{hooked['id']}"
    tour.api("GET", path)
    tour.api("PATCH", path, {"description": None})
    tour.api("POST", f"{path}/test")
    rotated = tour.data("POST", f"{path}/rotate-secret")
    some = tour.data("POST", "/webhooks", {"url": url + "/some", "events": ["booking.cancelled"]})
    tour.api("PATCH", f"/webhooks/{some['id']}", {"enabled": False})
    tour.api("GET", "/webhooks", params={"limit": 1})
    for body in ({"url": "http://10.0.0.1/"}, {"url": "nonsense"}, {"url": url, "events": ["x"]}):
        tour.api("POST", "/webhooks", body)
    tour.api("GET", "/webhooks/whe_nothing")
    return {**hooked, "secret": rotated["secret"]}


def read_and_describe(tour: Tour, path: str, description: str) -> None:
    """Changes the description, and once more in a version that it no longer has."""
    tour.api("GET", path)
    for value in (description, None):
        tour.api("PATCH", path, {"description": value}, headers={"if-match": '"1"'})


def schedules(tour: Tour) -> JSON:
    body = {
        "name": "Ann",
        "timezone": "Europe/Berlin",
        "availability": _WEEK,
        "overrides": {tour.day(7): [], tour.day(8): [{"start": "10:00", "end": "11:00"}]},
        "booking_limits": {"max_per_day": 6, "min_notice_hours": 2},
    }
    schedule: JSON = tour.data("POST", "/schedules", body)
    path = f"/schedules/{schedule['id']}"
    read_and_describe(tour, path, "Second floor")
    for wrong in (
        {"name": ""},
        {"name": "X", "timezone": "Mars"},
        {"name": "X", "availability": {"monday": {"start": "9", "end": "17:00"}}},
        {"name": "X", "booking_limits": {"max_per_day": 0}},
    ):
        tour.api("POST", "/schedules", wrong)
    second = tour.data("POST", "/schedules", {"name": "Unused", "is_active": False})
    for query in ({}, {"active": "false"}, {"limit": 0}, {"offset": 1}, {"surprise": 1}):
        tour.api("GET", "/schedules", params=query)
    for _ in range(2):
        tour.api("DELETE", f"/schedules/{second['id']}")
    tour.api("PUT", f"{path}/photo", {"content": "bm8gcGljdHVyZQ=="})
    tour.api("DELETE", f"{path}/photo")
    busy_times(tour, path)
    feeds(tour, path)
    return schedule


def busy_times(tour: Tour, schedule: str) -> None:
    path = f"{schedule}/busy-times"
    body = {"start_time": tour.at(11), "end_time": tour.at(12), "reason": "Lunch"}
    tour.api("POST", path, body)
    gone = tour.data(
        "POST", path, {**body, "start_time": tour.at(11, 9), "end_time": tour.at(12, 9)}
    )
    tour.api("POST", path, {**body, "end_time": tour.at(10)})
    tour.api("GET", path)
    tour.api("GET", path, params={"start": tour.day(3), "end": tour.day(20)})
    for _ in range(2):
        tour.api("DELETE", f"{path}/{gone['id']}")


def feeds(tour: Tour, schedule: str) -> None:
    tour.api("GET", f"{schedule}/feed")
    made = tour.data("POST", f"{schedule}/feed")
    tour.world.keys["feed"] = "/" + made["url"].split("/", 3)[3]
    tour.api("GET", f"{schedule}/feed")


def event_types(tour: Tour, schedule: JSON) -> JSON:
    body = {
        "name": "Consultation",
        "duration_minutes": 60,
        "slot_step_minutes": 30,
        "buffer_after_minutes": 15,
        "booking_limits": {"max_per_day": 5},
        "requirements": [{"schedule_ids": [schedule["id"]], "weights": {schedule["id"]: 2}}],
        "questions": _QUESTIONS,
        "location": "Lindenstraße 12",
        "location_type": "in_person",
        "reminders_minutes_before": [60],
        "cancellation_notice_minutes": 60,
    }
    event_type: JSON = tour.data("POST", "/event-types", body)
    path = f"/event-types/{event_type['id']}"
    read_and_describe(tour, path, "An hour")
    for wrong in (
        {"slug": event_type["slug"]},
        {"questions": [{"key": "a", "label": "A", "type": "select"}]},
        {"schedule_id": schedule["id"]},
        {"duration_minutes": 0},
        {"requirements": [{"schedule_ids": ["sch_nothing"]}]},
        {"translations": {"de": {"questions": {"nothing": {"label": "Nichts"}}}}},
    ):
        tour.api("POST", "/event-types", {**body, **wrong})
    unused = tour.data("POST", "/event-types", {"name": "Unused", "duration_minutes": 15})
    tour.api("PATCH", f"/event-types/{unused['id']}", {"is_active": False})
    tour.api("GET", "/event-types")
    tour.api("GET", "/event-types", params={"active": "false"})
    tour.api(
        "GET",
        "/slots",
        params={"event_type_id": unused["id"], "start": tour.day(0), "end": tour.day(0)},
    )
    tour.api("DELETE", f"/event-types/{unused['id']}")
    tour.api("DELETE", f"/schedules/{schedule['id']}")
    return event_type


def slots(tour: Tour, schedule: JSON, event_type: JSON) -> None:
    span = {"start": tour.day(0), "end": tour.day(2)}
    tour.api("GET", "/slots", params={"event_type_id": event_type["id"], **span})
    of_schedule = {"schedule_id": schedule["id"], "duration_minutes": 45, **span}
    tour.api("GET", "/slots", params=of_schedule)
    tour.api(
        "GET", "/slots", params={**of_schedule, "slot_step_minutes": 60, "timezone": "Asia/Tokyo"}
    )
    for wrong in (
        {"end": tour.day(-3)},
        {"end": tour.day(500)},
        {"timezone": "Mars"},
        {"start": "x"},
    ):
        tour.api("GET", "/slots", params={**of_schedule, **wrong})
    tour.api("GET", "/slots", params=span)
    for start in (tour.at(8), tour.at(11), tour.at(20), tour.at(8, 7), "2024-01-01T10:00:00Z"):
        query = {"event_type_id": event_type["id"], "start_time": start}
        tour.api("GET", "/slots/explain", params=query)


def holds(tour: Tour, schedule: JSON, event_type: JSON) -> None:
    body = {"event_type_id": event_type["id"], "start_time": tour.at(9)}
    hold = tour.data("POST", "/holds", body)
    tour.api("GET", f"/holds/{hold['id']}")
    tour.api("POST", "/holds", body)
    tour.api("GET", "/slots/explain", params=body)
    tour.api("POST", "/holds", {**body, "minutes": 99})
    tour.api("POST", "/holds", {"schedule_id": schedule["id"], "start_time": tour.at(9)})
    for _ in range(2):
        tour.api("DELETE", f"/holds/{hold['id']}")
    kept = tour.data("POST", "/holds", {**body, "start_time": tour.at(14), "minutes": 20})
    booked = {**body, "start_time": tour.at(14), "hold_id": kept["id"], "answers": _ANSWERS}
    tour.api("POST", "/bookings", {**booked, "attendee": attendee("Holder")})
    tour.api("POST", "/bookings", {**booked, "attendee": attendee("Late")})


def bookings(tour: Tour, schedule: JSON, event_type: JSON) -> None:
    """All transitions, and the refusals of creating."""
    wrong: JSON
    body = {
        "event_type_id": event_type["id"],
        "start_time": tour.at(8),
        "attendee": attendee("Ada", phone="030 765432", timezone="Asia/Tokyo", locale="DE-ch"),
        "answers": _ANSWERS,
        "metadata": {"source": "website"},
    }
    once: JSON = {"headers": {"idempotency-key": "first"}}
    booking = tour.data("POST", "/bookings", body, **once)
    tour.api("POST", "/bookings", body, **once)
    tour.api("POST", "/bookings", {**body, "title": "Other"}, **once)
    tour.api("POST", "/bookings", body)
    path = f"/bookings/{booking['id']}"
    tour.api("GET", path)
    tour.mailed("ada@example.com", 1)
    statuses = ("PENDING", "COMPLETED", "CONFIRMED", "PENDING", "NO_SHOW", "CONFIRMED", "NONSENSE")
    for status in statuses:
        tour.api("PATCH", path, {"status": status})
        tour.mailed("ada@example.com", 2 if status == "CONFIRMED" else 1)
    ended = {"schedule_id": schedule["id"], "attendee": attendee("Past"), "override": True}
    for hour, last in ((10, "COMPLETED"), (12, "CANCELLED")):
        times = {
            "start_time": f"2024-01-01T{hour}:00:00Z",
            "end_time": f"2024-01-01T{hour + 1}:00:00Z",
        }
        made = tour.data("POST", "/bookings", {**ended, **times})
        for status in ("CONFIRMED", last):
            tour.api("PATCH", f"/bookings/{made['id']}", {"status": status})
    for wrong in (
        {"start_time": tour.at(11)},
        {"start_time": tour.at(20)},
        {"start_time": tour.at(9, minute=10)},
        {"start_time": "2024-01-01T10:00:00Z"},
        {"answers": {}},
        {"answers": {**_ANSWERS, "size": "XL", "unknown": 1}},
        {"attendee": {"name": "Ada", "email": "nonsense"}},
        {"event_type_id": "evt_nothing"},
        {"hold_id": "hld_nothing", "start_time": tour.at(13)},
        {"surprise": True},
    ):
        tour.api("POST", "/bookings", {**body, **wrong})


def listings(tour: Tour, schedule: JSON) -> None:
    """Sorting, filters and pages."""
    for query in (
        {},
        {"limit": 1},
        {"limit": 2, "offset": 1},
        {"offset": 100},
        {"schedule_id": schedule["id"]},
        {"event_type_id": "evt_nothing"},
        {"status": "CANCELLED,COMPLETED"},
        {"upcoming": "true"},
        {"start_date": tour.day(0), "end_date": tour.day(0), "timezone": "Europe/Berlin"},
        {"overlaps_start": tour.at(8, minute=30), "overlaps_end": tour.at(9)},
        {"attendee_email": "ADA@"},
        {"limit": 501},
        {"status": "GONE"},
        {"start_date": tour.day(2), "end_date": tour.day(1)},
        {"overlaps_start": tour.day(2)},
        {"sort": "surprise"},
    ):
        tour.api("GET", "/bookings", params=query)


def changes(tour: Tour, schedule: JSON, event_type: JSON) -> None:
    """Details, another time, and the end."""
    body = {"schedule_id": schedule["id"], "attendee": attendee("Bob"), "override": True}
    times = {"start_time": tour.at(15, 1), "end_time": tour.at(16, 1)}
    booking = tour.data("POST", "/bookings", {**body, **times})
    path = f"/bookings/{booking['id']}"
    tour.mailed("bob@example.com", 1)
    # Each with how many mails the new address has had by then.
    for mails, change in (
        (0, {"title": "Talk", "location": "https://example.com/room", "location_type": "video"}),
        (0, {"metadata": {"a": 1}}),
        (0, {"metadata": {"a": None, "b": [1]}}),
        (1, {"attendee": {"email": "bobby@example.com", "notes": "Two\nlines"}}),
        (2, {"start_time": tour.at(14, 1)}),
        (2, {"start_time": tour.at(11), "notify": False}),
        (3, {"start_time": tour.at(11), "override": True}),
        (3, {"start_time": tour.at(13, 1), "end_time": tour.at(12, 1)}),
        (3, {"title": 5}),
        (3, {}),
    ):
        tour.api("PATCH", path, change)
        tour.mailed("bobby@example.com", mails)
    tour.api("PATCH", path, {"title": "Old"}, headers={"if-match": '"1"'})
    tour.api("PATCH", path, None, headers={"content-type": "application/json"}, content=b"{")
    tour.api("DELETE", path, params={"reason": "Ill", "surprise": 1})
    for _ in range(2):
        tour.api("DELETE", path, params={"reason": "Ill"})
    tour.api("PATCH", path, {"start_time": tour.at(15, 1)})
    query = {"event_type_id": event_type["id"], "booking_id": booking["id"]}
    tour.api("GET", "/slots", params={**query, "start": tour.day(0), "end": tour.day(0)})


def group_sessions(tour: Tour) -> None:
    room = tour.data("POST", "/schedules", {"name": "Gym"})
    body = {"name": "Yoga", "duration_minutes": 60, "capacity": 2, "requires_confirmation": False}
    yoga = tour.data("POST", "/event-types", {**body, "schedule_id": room["id"]})
    place = {"event_type_id": yoga["id"], "start_time": tour.at(10)}
    span = {"event_type_id": yoga["id"], "start": tour.at(9), "end": tour.at(12)}
    made = []
    for name in ("One", "Two", "Three"):
        answer = tour.api("POST", "/bookings", {**place, "attendee": attendee(name)})
        made.append(answer.get("data"))
        tour.api("GET", "/slots", params=span)
    tour.mailed("one@example.com", 1)
    tour.mailed("two@example.com", 1)
    tour.api("DELETE", f"/bookings/{made[0]['id']}")
    tour.api("POST", "/holds", place)
    tour.api("POST", "/bookings", {**place, "attendee": attendee("Four")})
    tour.api("GET", "/slots/explain", params=place)
    tour.api("PATCH", f"/bookings/{made[1]['id']}", {"start_time": tour.at(12)})
    round_robin(tour)


def round_robin(tour: Tour) -> None:
    staff = [tour.data("POST", "/schedules", {"name": name})["id"] for name in ("Cy", "Di", "Ed")]
    body = {"name": "Haircut", "duration_minutes": 30, "requires_confirmation": False}
    needs = [{"schedule_ids": staff, "count": 1, "weights": {staff[1]: 2}}]
    cut = tour.data("POST", "/event-types", {**body, "requirements": needs})
    for hour in (8, 9, 10, 10, 10, 10):
        body = {"event_type_id": cut["id"], "start_time": tour.at(hour, 3)}
        tour.api("POST", "/bookings", {**body, "attendee": attendee(f"Guest{hour}")})
    query = {"event_type_id": cut["id"], "start": tour.at(10, 3), "end": tour.at(12, 3)}
    tour.api("GET", "/slots", params=query)


def errors(tour: Tour, schedule: JSON) -> None:
    for path in (f"/bookings/{_NOWHERE}", "/bookings/nonsense", f"/bookings/{schedule['id']}"):
        for method in ("GET", "PATCH", "DELETE"):
            tour.api(method, path, {"title": "X"} if method == "PATCH" else None)
    tour.api("POST", "/bookings", None, content=b"[" * 40)
    tour.api("POST", "/bookings", None, content=b"x" * 1_000_001)
    tour.api("POST", "/bookings", ["list"])
    tour.api("POST", "/bookings", {}, headers={"idempotency-key": ""})
    tour.api("POST", "/bookings", {}, headers={"content-encoding": "gzip"})


def sandbox(tour: Tour) -> None:
    """Its own clock, and the keys of the other side."""
    key = {"key": "sandbox_api_key"}
    room = tour.data("POST", "/schedules", {"name": "Test", "availability": _WEEK}, **key)
    query = {"schedule_id": room["id"], "duration_minutes": 60}
    now = {"kalends-now": "2024-01-01T12:30:00Z"}
    query |= {"start": "2024-01-01", "end": "2024-01-01"}
    tour.api("GET", "/slots", params=query, headers=now, **key)
    tour.api("GET", "/slots", params=query, headers=now)
    tour.api("GET", f"/schedules/{room['id']}")
    for _ in range(2):
        tour.api("POST", f"/schedules/{room['id']}/feed", **key)


def event_log(tour: Tour) -> None:
    first = tour.api("GET", "/event-log", params={"limit": 3})
    tour.api("GET", "/event-log", params={"limit": 500, "after": first["meta"]["next"]})
    tour.api("GET", "/event-log", params={"after": "nonsense"})
