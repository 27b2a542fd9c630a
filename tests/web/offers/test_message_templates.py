"""An organization's own words by the API."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from kalends.domain.message_template import NEVER_SENT, TemplateAudience, TemplateKind
from tests.world import JSON, World, tomorrow_at

PATH = "/api/v1/message-templates"
NEEDED: JSON = {"kind": "reminder", "audience": "attendee", "locale": "de", "body": "Bis bald"}


def made(world: World, **fields: Any) -> JSON:
    answer = world.api.post(PATH, json=NEEDED | fields)
    assert answer.status_code == 201, answer.text
    data: JSON = answer.json()["data"]
    return data


def test_a_template_is_made_listed_changed_and_deleted(world: World) -> None:
    one = made(world, subject="Bald")
    assert one["id"].startswith("mtp_")
    assert (one["kind"], one["locale"], one["subject"], one["is_off"]) == (
        *("reminder", "de", "Bald"),
        False,
    )
    assert world.api.get(PATH, params={"kind": "reminder"}).json()["data"] == [one]
    assert world.api.get(PATH, params={"kind": "confirmed"}).json()["data"] == []
    path = f"{PATH}/{one['id']}"
    got = world.api.get(path)
    assert got.json()["data"] == one
    stale = world.api.patch(path, json={"body": "x"}, headers={"if-match": '"9"'})
    assert stale.status_code == 412
    changed = world.api.patch(path, json={"body": None}, headers={"if-match": got.headers["etag"]})
    assert changed.json()["data"]["body"] is None
    assert world.api.delete(path).json()["data"] == {"id": one["id"], "deleted": True}
    assert world.api.get(path).status_code == 404


def test_there_is_one_for_each_kind_audience_language_and_event_type(world: World) -> None:
    made(world)
    again = world.api.post(PATH, json=NEEDED)
    assert (again.status_code, again.json()["details"][0]["field"]) == (422, "locale")
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"])
    made(world, locale="de-AT")
    made(world, event_type_id=event_type["id"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"body": "{nothing}"}, "body"),
        ({"body": "{__class__}"}, "body"),
        ({"body": "{attendee.name}" * 300}, "body"),
        ({"body": "x" * 5001}, "body"),
        ({"subject": "{{{"}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"subject": "a\nb"}, "subject"),
        ({"body": None}, "body"),
        ({"locale": None}, "locale"),
        ({"locale": "xx-nowhere"}, "locale"),
        ({"kind": "withdrawn"}, "kind"),
        ({"audience": "user"}, "audience"),
        ({"audience": "host"}, "kind"),
        ({"kind": "cancelled", "is_off": True}, "is_off"),
        ({"kind": "rescheduled", "is_off": True, "locale": None}, "is_off"),
        ({"else": 1}, "else"),
    ],
)
def test_what_cannot_be_a_template_is_refused(
    module_world: World, fields: JSON, field: str
) -> None:
    answer = module_world.api.post(PATH, json=NEEDED | fields)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


def test_a_megabyte_is_refused(module_world: World) -> None:
    answer = module_world.api.post(PATH, json=NEEDED | {"body": "x" * 1_048_576})
    assert answer.status_code == 413


def test_an_event_type_of_nobody_is_not_found(module_world: World) -> None:
    fields = NEEDED | {"event_type_id": "evt_0000000000000000000001"}
    assert module_world.api.post(PATH, json=fields).status_code == 404


def test_what_was_switched_off_needs_words_to_be_on(world: World) -> None:
    one = made(world, locale=None, body=None, is_off=True)
    answer = world.api.patch(f"{PATH}/{one['id']}", json={"is_off": False})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "locale")


def test_anothers_template_is_not_found(new_world: Callable[[], World]) -> None:
    one, other = new_world(), new_world()
    path = f"{PATH}/{made(one)['id']}"
    for answer in (
        other.api.get(path),
        other.api.patch(path, json={"body": "x"}),
        other.api.delete(path),
        other.api.post(f"{path}/test", json={"to": other.setup.admin_email}),
    ):
        assert answer.status_code == 404


def test_a_preview_is_of_a_real_booking(world: World) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, tomorrow_at(9))
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})
    asked = NEEDED | {"kind": "confirmed", "subject": "Hallo {attendee.name}"}
    preview = world.api.post(f"{PATH}/preview", json=asked).json()["data"]
    assert preview["subject"] == "Hallo John Doe"
    assert "Bis bald" in preview["text"]
    assert "Diesen Termin absagen oder verschieben" in preview["html"]
    named = world.api.post(f"{PATH}/preview", json=asked | {"booking_id": booking["id"]})
    assert named.json()["data"]["subject"] == "Hallo John Doe"
    missing = asked | {"booking_id": "bk_0000000000000000000001"}
    assert world.api.post(f"{PATH}/preview", json=missing).status_code == 404


@pytest.mark.parametrize("kind", ["requested", "confirmed", "rescheduled", "cancelled", "reminder"])
def test_a_preview_needs_no_booking(new_world: Callable[[], World], kind: str) -> None:
    asked = NEEDED | {"kind": kind, "body": "{booking.when} {booking.before} {attendee.name}"}
    answer = new_world().api.post(f"{PATH}/preview", json=asked)
    assert answer.status_code == 200
    assert "Ada Lovelace" in answer.json()["data"]["text"]


def test_a_preview_without_a_booking_is_at_ten_for_its_length(
    new_world: Callable[[], World],
) -> None:
    world = new_world()
    zone = {"timezone": "Asia/Tokyo"}
    assert world.api.patch("/api/v1/organization", json=zone).status_code == 200
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"], duration_minutes=90
    )
    asked = NEEDED | {"event_type_id": event_type["id"], "body": "{booking.when}"}
    preview = world.api.post(f"{PATH}/preview", json=asked).json()["data"]
    assert "10:00 bis 11:30" in preview["text"]


def test_a_preview_checks_as_saving_does(module_world: World) -> None:
    for wrong, field in (({"body": "{nothing}"}, "body"), ({"audience": "host"}, "kind")):
        answer = module_world.api.post(f"{PATH}/preview", json=NEEDED | wrong)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


def test_a_preview_is_there_for_all_that_is_sent(module_world: World) -> None:
    for audience, kind in product(TemplateAudience, TemplateKind):
        asked = NEEDED | {"audience": audience, "kind": kind}
        answer = module_world.api.post(f"{PATH}/preview", json=asked)
        expected = 422 if (audience, kind) in NEVER_SENT else 200
        assert answer.status_code == expected, (audience, kind)
