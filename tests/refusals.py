"""Answers that refuse."""

import httpx

from tests.world import World


def is_refused(answer: httpx.Response, field: str) -> bool:
    """Whether the answer is the table's error and names the field."""
    assert answer.status_code == 422, answer.text
    error = answer.json()
    named: str = error["details"][0]["field"]
    is_named = (named + ".").startswith(field + ".")
    return bool(error["code"] == "VALIDATION_ERROR" and is_named)


def send_at_attendee_and_organization(
    world: World, field: str, value: str, setting: str
) -> list[httpx.Response]:
    """The answers to a new booking, a changed one and a changed organization: the value is in that
    field of the attendee, and in that setting of the organization."""
    attendee = {"name": "Ada", "email": "ada@example.com"} | {field: value}
    path = f"/api/v1/bookings/{world.shared_booking['id']}"
    return [
        world.api.post(
            "/api/v1/bookings", json=world.booking_body(world.shared_schedule, attendee=attendee)
        ),
        world.api.patch(path, json={"attendee": {field: value}}),
        world.api.patch("/api/v1/organization", json={setting: value}),
    ]


def check_stale_is_refused(world: World, made: httpx.Response, path: str) -> None:
    """Changes what was made below the path; who has seen it before then changes nothing."""
    path, seen = f"{path}/{made.json()['data']['id']}", {"if-match": made.headers["etag"]}
    assert world.api.patch(path, json={"name": "Mine"}, headers=seen).status_code == 200
    for method, body in (
        ("PATCH", b'{"name": "Theirs"}'),
        ("PATCH", b'{"name": 5}'),
        ("DELETE", b""),
    ):
        answer = world.api.request(method, path, content=body, headers=seen)
        assert (answer.status_code, answer.json()["code"]) == (412, "STALE")
    assert world.api.get(path).json()["data"]["name"] == "Mine"
