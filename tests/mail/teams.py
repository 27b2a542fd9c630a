"""Members with addresses of their own, whose schedules are booked."""

import itertools
from typing import Any

from tests.mail.posting import Post
from tests.world import JSON

_numbers = itertools.count(1)


def member(post: Post, name: str) -> JSON:
    """Somebody with the role staff, who has one schedule; the invitation is read."""
    email = f"{name.lower()}{next(_numbers)}@team.example"
    answer = post.world.api.post("/api/v1/users", json={"email": email, "role": "staff"})
    assert answer.status_code == 201, answer.text
    user: JSON = answer.json()["data"]
    schedule = post.world.create_schedule(name=name, user_id=user["id"])
    post.news()
    return {**user, "schedule": schedule}


def choose(post: Post, user: JSON, **choice: Any) -> JSON:
    path = f"/api/v1/users/{user['id']}/notifications"
    answer = post.world.api.patch(path, json=choice)
    assert answer.status_code == 200, answer.text
    chosen: JSON = answer.json()["data"]
    return chosen


def offer_of(post: Post, *users: JSON, **fields: Any) -> JSON:
    """An event type that one of the users takes."""
    needed = [{"count": 1, "schedule_ids": [one["schedule"]["id"] for one in users]}]
    return post.world.create_event_type(
        requirements=needed, **{"requires_confirmation": False, **fields}
    )
