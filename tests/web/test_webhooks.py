"""`/api/v1/webhooks`: endpoints, and what they are sent."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from kalends.domain.values import Instant
from kalends.services.webhooks.endpoints import MOST_ENDPOINTS
from tests.receivers import Received, Receiver, Reply, receiving
from tests.world import JSON, World, plus, tomorrow_at

HOOKS = "/api/v1/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def create_webhook(world: World, url: str, **fields: Any) -> JSON:
    answer = world.api.post(HOOKS, json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()["data"]
    return made


def deliveries_of(world: World, hook: JSON, **query: str) -> list[JSON]:
    answer = world.api.get(f"{HOOKS}/{hook['id']}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    listed: list[JSON] = answer.json()["data"]
    return listed


def delivery_when(world: World, hook: JSON, is_so: Callable[[JSON], bool]) -> JSON:
    """The latest delivery, once it is as wanted."""
    for _ in range(400):
        deliveries = deliveries_of(world, hook)
        if deliveries and is_so(deliveries[0]):
            return deliveries[0]
        world.api.get("/api/v1/organization")
    raise AssertionError(deliveries)


def fail_first(times: int, status: int = 500) -> Callable[[Received], Reply]:
    """Fails each event that many times, then takes it."""
    seen: dict[str, int] = {}

    def behave(one: Received) -> Reply:
        id_ = one.headers["webhook-id"]
        seen[id_] = seen.get(id_, 0) + 1
        return Reply(status) if seen[id_] <= times else Reply()

    return behave


def test_a_webhook_shows_its_secret_once(world: World, receiver: Receiver) -> None:
    made = create_webhook(world, receiver.url, description="The till")
    assert made["secret"].startswith("whsec_")
    assert made["id"].startswith("whe_")
    assert made["enabled"] is True
    assert made["disabled_reason"] is None
    endpoint = world.api.get(f"{HOOKS}/{made['id']}").json()["data"]
    assert endpoint == {key: value for key, value in made.items() if key != "secret"}
    listed = world.api.get(HOOKS).json()
    assert listed["data"] == [endpoint]
    assert listed["meta"] == {"total": 1, "limit": 50, "offset": 0, "hasMore": False}


def test_an_endpoint_without_events_receives_all(world: World, receiver: Receiver) -> None:
    made = create_webhook(world, receiver.url)
    assert "booking.created" in made["events"]
    assert "booking.reminder" in made["events"]


def test_the_body_has_the_event_and_the_apis_booking(world: World, receiver: Receiver) -> None:
    create_webhook(world, receiver.url)
    booking = world.book(world.create_schedule())
    (came,) = receiver.wait_for(1)
    own = {"id", "type", "created_at"}
    assert set(came.event) == own | {"data", "previous_attributes", "actor"}
    assert came.event["type"] == "booking.created"
    assert came.event["id"].startswith("wh_evt_")
    assert came.event["data"] == booking
    assert came.headers["webhook-id"] == came.event["id"]
    assert came.headers["content-type"] == "application/json"


def test_the_raw_body_is_signed_with_the_whole_secret(world: World, receiver: Receiver) -> None:
    secret = create_webhook(world, receiver.url)["secret"]
    world.book(world.create_schedule())
    (came,) = receiver.wait_for(1)
    expected = hmac.new(secret.encode(), came.body, hashlib.sha256).hexdigest()
    assert came.headers["x-webkasa-signature"] == f"sha256={expected}"


def test_the_standard_webhooks_library_verifies_it(world: World, receiver: Receiver) -> None:
    secret = create_webhook(world, receiver.url)["secret"]
    world.book(world.create_schedule())
    (came,) = receiver.wait_for(1)
    assert Webhook(secret).verify(came.body, came.headers) == came.event


def test_a_retry_has_the_same_body_and_its_own_signature(world: World, receiver: Receiver) -> None:
    receiver.behave = fail_first(1)
    secret = create_webhook(world, receiver.url)["secret"]
    world.book(world.create_schedule())
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert Webhook(secret).verify(second.body, second.headers)


def test_changes_of_a_booking_come_in_order_though_the_first_fails(
    world: World, receiver: Receiver
) -> None:
    receiver.behave = fail_first(1)
    create_webhook(world, receiver.url)
    booking = world.book(world.create_schedule())
    path = f"/api/v1/bookings/{booking['id']}"
    world.api.patch(path, json={"status": "CONFIRMED"})
    world.api.patch(path, json={"title": "Another"})
    world.api.patch(path, json={"start_time": plus(booking["start_time"], hours=2)})
    world.api.delete(path)
    came = receiver.wait_until(lambda all_: len({one.headers["webhook-id"] for one in all_}) == 5)
    seen = list(dict.fromkeys(one.type for one in came))
    assert seen == [
        "booking.created",
        "booking.confirmed",
        "booking.updated",
        "booking.rescheduled",
        "booking.cancelled",
    ]


def test_an_endpoint_receives_its_chosen_events_alone(world: World, receiver: Receiver) -> None:
    create_webhook(world, receiver.url, events=["booking.confirmed"])
    booking = world.book(world.create_schedule())
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})
    receiver.wait_for(1)
    assert receiver.types == ["booking.confirmed"]


def test_another_organization_receives_nothing(
    new_world: Callable[[], World], receiver: Receiver
) -> None:
    ours, others = new_world(), new_world()
    with receiving() as theirs:
        create_webhook(others, theirs.url)
        create_webhook(ours, receiver.url)
        ours.book(ours.create_schedule())
        receiver.wait_for(1)
        assert theirs.received == []


def test_an_override_is_in_the_event(world: World, receiver: Receiver) -> None:
    create_webhook(world, receiver.url)
    closed = world.create_schedule(availability={})
    world.book(closed, override=True)
    (came,) = receiver.wait_for(1)
    assert came.event["override"] is True


def test_the_log_says_what_was_answered(world: World, receiver: Receiver) -> None:
    reply = Reply(503, b"\x00busy \xff" + b"x" * 5000, after_seconds=0.2)
    receiver.behave = lambda _: reply
    hook = create_webhook(world, receiver.url)
    world.book(world.create_schedule())
    tried = delivery_when(world, hook, lambda d: len(d["attempts"]) >= 1)
    assert tried["state"] == "pending"
    assert Instant.parse(tried["next_attempt_at"])  # in whole seconds, as every instant
    attempt = tried["attempts"][0]
    assert attempt["status"] == 503
    assert attempt["error"] == "answered 503"
    assert attempt["duration_ms"] >= 200
    assert attempt["response"].startswith("\ufffdbusy \ufffd")
    assert len(attempt["response"]) <= 1024


def test_what_was_taken_is_delivered(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    world.book(world.create_schedule())
    taken = delivery_when(world, hook, lambda d: d["state"] == "delivered")
    assert taken["next_attempt_at"] is None
    assert [a["status"] for a in taken["attempts"]] == [200]
    assert deliveries_of(world, hook, state="pending") == []
    assert len(deliveries_of(world, hook, state="delivered")) == 1


def test_a_redirect_is_a_failure_and_is_not_followed(world: World, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.behave = lambda _: Reply(302, headers={"location": elsewhere.url})
        hook = create_webhook(world, receiver.url)
        world.book(world.create_schedule())
        tried = delivery_when(world, hook, lambda d: len(d["attempts"]) >= 1)
        assert tried["attempts"][0]["status"] == 302
        assert tried["state"] == "pending"
        assert elsewhere.received == []


def test_gone_disables_at_once_and_what_waits_comes_when_enabled(
    world: World, receiver: Receiver
) -> None:
    receiver.behave = lambda _: Reply(410)
    hook = create_webhook(world, receiver.url)
    booking = world.book(world.create_schedule())
    receiver.wait_for(1)
    for _ in range(400):
        endpoint = world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]
        if not endpoint["enabled"]:
            break
    assert endpoint["enabled"] is False
    assert "410" in endpoint["disabled_reason"]
    tries = len(receiver.received)  # a retry may come before it is disabled
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})

    receiver.behave = lambda _: Reply()
    enabled = world.api.patch(f"{HOOKS}/{hook['id']}", json={"enabled": True}).json()["data"]
    assert enabled["disabled_reason"] is None
    receiver.wait_for(tries + 2)
    assert receiver.types[tries:] == ["booking.created", "booking.confirmed"]


def test_disabled_by_hand_it_waits(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    world.api.patch(f"{HOOKS}/{hook['id']}", json={"enabled": False})
    with receiving() as other:
        create_webhook(world, other.url)
        world.book(world.create_schedule())
        other.wait_for(1)
    assert receiver.received == []
    world.api.patch(f"{HOOKS}/{hook['id']}", json={"enabled": True})
    receiver.wait_for(1)


def test_retry_after_is_honoured(world: World, receiver: Receiver) -> None:
    replies = iter([Reply(429, headers={"retry-after": "2"})])
    receiver.behave = lambda _: next(replies, Reply())
    create_webhook(world, receiver.url)
    world.book(world.create_schedule())
    first, second = receiver.wait_for(2)
    assert second.at - first.at >= 2


def test_a_redelivery_has_the_same_id(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    world.book(world.create_schedule())
    taken = delivery_when(world, hook, lambda d: d["state"] == "delivered")
    answer = world.api.post(f"{HOOKS}/{hook['id']}/deliveries/{taken['id']}/redeliver")
    assert answer.status_code == 202
    assert answer.json()["data"]["state"] == "pending"
    first, second = receiver.wait_for(2)
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.body == first.body
    again = delivery_when(world, hook, lambda d: len(d["attempts"]) == 2)
    assert again["id"] == taken["id"]


def test_a_test_is_sent_now_and_stands_in_the_delivery_log_alone(
    world: World, receiver: Receiver
) -> None:
    hook = create_webhook(world, receiver.url)
    answer = world.api.post(f"{HOOKS}/{hook['id']}/test")
    assert answer.status_code == 200
    result = answer.json()["data"]
    assert result["delivered"] is True
    assert result["status"] == 200
    assert result["error"] is None
    (came,) = receiver.received
    assert came.type == "webhook.test"
    assert Webhook(hook["secret"]).verify(came.body, came.headers)
    (logged,) = deliveries_of(world, hook)
    assert logged["type"] == "webhook.test"
    assert logged["event_id"] == came.event["id"]
    assert world.api.get("/api/v1/event-log").json()["data"] == []


def test_a_test_that_fails_says_why(world: World, receiver: Receiver) -> None:
    receiver.behave = lambda _: Reply(500)
    hook = create_webhook(world, receiver.url)
    result = world.api.post(f"{HOOKS}/{hook['id']}/test").json()["data"]
    assert result["delivered"] is False
    assert result["status"] == 500
    assert result["error"] == "answered 500"


def test_a_test_can_be_sent_again(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    world.api.post(f"{HOOKS}/{hook['id']}/test")
    (logged,) = deliveries_of(world, hook)
    world.api.post(f"{HOOKS}/{hook['id']}/deliveries/{logged['id']}/redeliver")
    first, second = receiver.wait_for(2)
    assert first.body == second.body


def test_a_test_needs_no_idempotency(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    for _ in range(2):
        world.api.post(f"{HOOKS}/{hook['id']}/test", headers={"idempotency-key": "same"})
    assert len(receiver.received) == 2


def test_for_a_day_both_secrets_sign(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    rotated = world.api.post(f"{HOOKS}/{hook['id']}/rotate-secret").json()["data"]
    assert rotated["secret"] != hook["secret"]
    world.book(world.create_schedule())
    (came,) = receiver.wait_for(1)
    assert len(came.headers["webhook-signature"].split()) == 2
    for secret in (hook["secret"], rotated["secret"]):
        assert Webhook(secret).verify(came.body, came.headers)
    new = hmac.new(rotated["secret"].encode(), came.body, hashlib.sha256).hexdigest()
    assert came.headers["x-webkasa-signature"] == f"sha256={new}"


def test_a_rotation_under_a_key_answers_the_same_secret_again(
    world: World, receiver: Receiver
) -> None:
    hook = create_webhook(world, receiver.url)
    path, headers = f"{HOOKS}/{hook['id']}/rotate-secret", {"idempotency-key": "once"}
    first = world.api.post(path, headers=headers).json()
    assert world.api.post(path, headers=headers).json() == first


def test_a_deleted_webhook_gets_nothing_more(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    answer = world.api.delete(f"{HOOKS}/{hook['id']}")
    assert answer.json()["data"] == {"id": hook["id"], "deleted": True}
    assert world.api.get(f"{HOOKS}/{hook['id']}").status_code == 404
    with receiving() as other:
        create_webhook(world, other.url)
        world.book(world.create_schedule())
        other.wait_for(1)
    assert receiver.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.2/hook",
        "https://10.0.0.1/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/hook",
        "https://user:password@127.0.0.1/hook",
        "ftp://127.0.0.1/hook",
        "https://no-such-name.invalid/hook",
        "nonsense",
        "",
    ],
)
def test_a_url_that_may_not_be_called_is_refused(world: World, url: str) -> None:
    answer = world.api.post(HOOKS, json={"url": url})
    assert answer.status_code == 422
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert answer.json()["details"][0]["field"] == "url"


def test_a_url_is_checked_when_it_changes_too(world: World, receiver: Receiver) -> None:
    hook = create_webhook(world, receiver.url)
    answer = world.api.patch(f"{HOOKS}/{hook['id']}", json={"url": "https://10.0.0.1/"})
    assert answer.status_code == 422
    assert world.api.get(f"{HOOKS}/{hook['id']}").json()["data"]["url"] == receiver.url


def test_a_hundred_webhooks_are_enough(new_world: Any) -> None:
    world = new_world()
    made = [create_webhook(world, "https://1.1.1.1/hook") for _ in range(MOST_ENDPOINTS)]
    answer = world.api.post(HOOKS, json={"url": "https://1.1.1.1/hook"})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["message"] == "there are 100 webhooks already"
    assert world.api.delete(f"{HOOKS}/{made[0]['id']}").is_success
    create_webhook(world, "https://1.1.1.1/hook")


def test_another_organizations_webhook_is_not_there(
    new_world: Callable[[], World], receiver: Receiver
) -> None:
    ours, others = new_world(), new_world()
    path = f"{HOOKS}/{create_webhook(others, receiver.url)['id']}"
    delivery = "whd_0352lF5NnllfIJ66lPpfc3"
    answers = [
        ours.api.get(path),
        ours.api.patch(path, json={"enabled": False}),
        ours.api.delete(path),
        ours.api.post(f"{path}/test"),
        ours.api.post(f"{path}/rotate-secret"),
        ours.api.get(f"{path}/deliveries"),
        ours.api.post(f"{path}/deliveries/{delivery}/redeliver"),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert receiver.received == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": ["booking.eaten"]}, "events.0"),
        ({"events": "booking.created"}, "events"),
        ({"enabled": None}, "enabled"),
        ({"secret": "mine"}, "secret"),
        ({"url": None}, "url"),
    ],
)
def test_bad_fields_are_named(world: World, receiver: Receiver, body: JSON, field: str) -> None:
    hook = create_webhook(world, receiver.url)
    answer = world.api.patch(f"{HOOKS}/{hook['id']}", json=body)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field


def test_the_sandbox_calls_its_own_webhooks(world: World, receiver: Receiver) -> None:
    made = world.sandbox.post(HOOKS, json={"url": receiver.url}).json()["data"]
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    body = world.booking_body(schedule, tomorrow_at(9))
    booking = world.sandbox.post("/api/v1/bookings", json=body).json()["data"]
    (came,) = receiver.wait_for(1)
    assert came.event["data"]["id"] == booking["id"]
    assert Webhook(made["secret"]).verify(came.body, came.headers)
    assert json.loads(came.body)["type"] == "booking.created"
