"""Forms that were open while a server of before sections was replaced: one form with all fields.

The fields are those that its pages sent, in which nothing is sent of a box without a tick.
"""

from typing import Any

import httpx
import pytest

from kalends.web.console.settings.offers.event_type_forms import as_typed, read_changes
from kalends.web.pages.forms import FormFields
from tests.web.pages.settings.clerks import Clerk, fields_in
from tests.web.pages.settings.test_event_type_pages import EVERYTHING, id_in, path_of, stored
from tests.web.pages.visitors import text_of
from tests.world import JSON, World

ORGANIZATION = "/api/v1/organization"
EVENT_TYPE = {
    "name": "Fitting",
    "duration_minutes": "45",
    "slug": "fitting",
    "location": "Main street 1",
    "is_active": "yes",
    "requirements.0.count": "1",
    "requirements.1.count": "1",
    "slot_step_minutes": "15",
    "capacity": "2",
    "buffer_before_minutes": "5",
    "buffer_after_minutes": "10",
    "min_notice_minutes": "2h",
    "max_days_ahead": "60",
    "booking_limits.max_per_day": "3",
    "expire_pending": "yes",
    "reminders_minutes_before": "1d, 90",
    "cancellation_notice_minutes": "12h",
    "complete_after_minutes": "30",
    "redirect_url": "",
    "questions.0.label": "Which size?",
    "questions.0.key": "size",
    "questions.1.label": "Anything?",
    "questions.1.key": "note",
    "questions.1.required": "yes",
    "questions.2.label": "",
    "questions.2.key": "",
    "description": "First\nsecond",
    "questions.0.options": "S\nM",
    "questions.1.options": "",
    "questions.2.options": "",
    "location_type": "in_person",
    "visibility": "unlisted",
    "host_choice": "none",
    "attendee_fields.phone": "optional",
    "attendee_fields.notes": "optional",
    "questions.0.type": "select",
    "questions.1.type": "textarea",
    "questions.2.type": "text",
}
# A field of each section, as it is typed, and as most are stored.
TYPED = {
    "name": "Typed",
    "host_choice": "optional",
    "buffer_before_minutes": "20",
    "attendee_fields.phone": "hidden",
    "questions.0.label": "How tall?",
    "reminders_minutes_before": "2h",
    "cancellation_notice_minutes": "1h",
}
AS_STORED = {
    "name": "Typed",
    "host_choice": "optional",
    "buffer_before_minutes": 20,
    "reminders_minutes_before": [120],
    "cancellation_notice_minutes": 60,
}
SETTINGS = {
    "name": "Typed",
    "notify_email": "typed@example.com",
    "accent_color": "#8a2b5f",
    "website": "https://typed.example",
    "more_notify_emails": "two@example.com",
    "timezone": "Europe/Berlin",
    "country": "AT",
    "locale": "de",
}


def event_type_of(world: World) -> tuple[JSON, dict[str, Any]]:
    """An event type, and the form of it that is open."""
    schedule_id = world.create_schedule()["id"]
    made = world.create_event_type(**EVERYTHING | {"name": "Fitting"}, schedule_id=schedule_id)
    return made, EVENT_TYPE | {"version": "1", "requirements.0.schedule_ids": schedule_id}


def send(clerk: Clerk, path: str, fields: dict[str, Any]) -> httpx.Response:
    token = fields_in(clerk.open("/settings/region"), f"{clerk.root}/settings/region")
    return clerk.post(clerk.root + path, data={**fields, "form_token": token["form_token"]})


def is_stored_as_typed(after: JSON) -> bool:
    label, phone = after["questions"][0]["label"], after["attendee_fields"]["phone"]
    found = {name: after[name] for name in AS_STORED}
    return (found, label, phone) == (AS_STORED, "How tall?", "hidden")


def test_an_old_form_that_nobody_touched_changes_nothing(world: World) -> None:
    before, form = event_type_of(world)
    assert send(Clerk(world), path_of(before), form).status_code == 303
    assert stored(world, before["id"]) == before


def test_an_old_form_saves_all_its_sections(world: World) -> None:
    before, form = event_type_of(world)
    del form["expire_pending"]
    assert send(Clerk(world), path_of(before), form | TYPED).status_code == 303
    after = stored(world, before["id"])
    assert is_stored_as_typed(after)
    assert after["expire_pending"] is False
    assert after["requirements"] == before["requirements"]


def test_an_old_form_leaves_alone_what_it_does_not_have() -> None:
    typed = as_typed(FormFields(list(EVENT_TYPE.items())))
    changed = set(read_changes(typed).values)
    assert {"questions", "max_per_day", "requires_confirmation"} <= changed
    assert not {"video", "translations"} & changed


def test_a_stale_old_form_loses_nothing(world: World) -> None:
    clerk = Clerk(world)
    made, form = event_type_of(world)
    world.api.patch(f"/api/v1{path_of(made)}", json={"position": 3})
    late = send(clerk, path_of(made), form | TYPED)
    assert late.status_code == 412
    assert "before Kalends was updated" in text_of(late)
    assert clerk.fill_in(late, path_of(made)).status_code == 303
    assert is_stored_as_typed(stored(world, made["id"]))


# A field, what cannot be in it, and the section that it is in now.
WRONG = [
    ("name", " ", ""),
    ("max_days_ahead", "-1", "/when"),
    ("questions.0.options", "", "/form"),
    ("reminders_minutes_before", "soon", "/messages"),
    ("redirect_url", "nowhere", "/after"),
]


@pytest.mark.parametrize(("field", "wrong", "section"), WRONG)
def test_a_fault_of_an_old_form_is_mended_in_its_section(
    world: World, field: str, wrong: str, section: str
) -> None:
    clerk = Clerk(world)
    before, form = event_type_of(world)
    refused = send(clerk, path_of(before), form | TYPED | {field: wrong})
    assert refused.status_code == 422
    assert f'id="wrong-{field}"' in refused.text
    assert stored(world, before["id"]) == before
    right = {field.replace(".", "__"): (form | TYPED)[field]}
    assert clerk.fill_in(refused, path_of(before, section), **right).status_code == 303
    assert is_stored_as_typed(stored(world, before["id"]))


def test_faults_in_two_sections_of_an_old_form_are_mended_at_once(world: World) -> None:
    clerk = Clerk(world)
    made, form = event_type_of(world)
    wrong = {"name": " ", "redirect_url": "nowhere"}
    refused = send(clerk, path_of(made), form | TYPED | wrong)
    mended = {"name": "Typed", "redirect_url": "https://a.example"}
    assert clerk.fill_in(refused, path_of(made), **mended).status_code == 303
    after = stored(world, made["id"])
    assert is_stored_as_typed(after)
    assert after["redirect_url"] == "https://a.example"


def test_an_old_form_of_a_new_event_type_makes_all_of_it(world: World) -> None:
    clerk = Clerk(world)
    _, form = event_type_of(world)
    del form["version"]
    refused = send(clerk, "/event-types/new", form | TYPED | {"slug": "", "redirect_url": "no"})
    assert refused.status_code == 422
    assert 'id="wrong-redirect_url"' in refused.text
    done = clerk.fill_in(refused, "/event-types/new", redirect_url="https://a.example")
    made = stored(world, id_in(done))
    assert is_stored_as_typed(made)
    assert (made["slug"], made["redirect_url"]) == ("typed", "https://a.example")


@pytest.mark.parametrize("staff", [True, False])
def test_an_old_form_of_settings_saves_all_its_sections(world: World, staff: bool) -> None:
    clerk = Clerk(world)
    slug = world.api.get(ORGANIZATION).json()["data"]["slug"]
    ticked = {"staff_may_edit_hours": "yes"} if staff else {}
    form = SETTINGS | ticked | {"name": f"Typed {slug}", "slug": slug}
    refused = send(clerk, "/settings", form | {"country": "XX"})
    assert refused.status_code == 422
    assert clerk.fill_in(refused, "/settings", country="AT").status_code == 303
    after = world.api.get(ORGANIZATION).json()["data"]
    for field in ("name", "slug", "accent_color", "website", "timezone", "country", "locale"):
        assert after[field] == form[field]
    assert after["notify_emails"] == ["typed@example.com", "two@example.com"]
    assert after["staff_may_edit_hours"] is staff
