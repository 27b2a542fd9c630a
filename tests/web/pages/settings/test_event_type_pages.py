"""Event types in the console: every field there and back, groups of schedules, questions."""

import html
import re
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.conftest import run
from tests.web.pages.settings.clerks import Clerk, clerk_of, fields_in, rows
from tests.web.pages.visitors import slug_of, text_of
from tests.world import JSON, World

WHO, FORM = "/who", "/form"
SECTIONS = ("", WHO, "/when", FORM, "/messages", "/after")
REMINDERS, Q = "reminders_minutes_before", "questions__0__"
EVERYTHING: JSON = {
    "name": "Fitting <b>&amp; more</b>",
    "slug": "fitting",
    "description": "First\nsecond",
    "duration_minutes": 45,
    "slot_step_minutes": 15,
    "buffer_before_minutes": 5,
    "buffer_after_minutes": 10,
    "min_notice_minutes": 120,
    "max_days_ahead": 60,
    "booking_limits": {"max_per_day": 3},
    "capacity": 2,
    "requires_confirmation": False,
    "location": "Main street 1",
    "location_type": "in_person",
    "questions": [
        {"key": "size", "label": "Which size?", "type": "select", "options": ["S", "M"]},
        {"key": "note", "label": "Anything?", "type": "textarea", "required": True},
    ],
    "reminders_minutes_before": [1440, 90],
    "cancellation_notice_minutes": 720,
    "expire_pending": True,
    "complete_after_minutes": 30,
    "visibility": "unlisted",
}


def stored(world: World, event_type_id: str) -> JSON:
    event_type: JSON = world.api.get(f"/api/v1/event-types/{event_type_id}").json()["data"]
    return event_type


def path_of(event_type: JSON, page: str = "") -> str:
    return f"/event-types/{event_type['id']}{page}"


def id_in(answer: httpx.Response) -> str:
    assert answer.status_code == 303, text_of(answer)
    match = re.search(r"/(evt_\w+)", answer.headers["location"])
    assert match
    return match[1]


@pytest.fixture
def clerk(world: World) -> Clerk:
    return Clerk(world)


@pytest.mark.parametrize("section", SECTIONS)
def test_saving_a_section_changes_nothing_else(world: World, clerk: Clerk, section: str) -> None:
    one, two, room = (world.create_schedule(name=name)["id"] for name in ("A", "B", "Room"))
    groups = [{"count": 1, "schedule_ids": [one, two]}, {"count": 1, "schedule_ids": [room]}]
    before = world.create_event_type(**EVERYTHING, requirements=groups)
    assert clerk.submit(path_of(before, section)).status_code == 303
    assert stored(world, before["id"]) == before


def test_shares_are_set_where_several_are_chosen(world: World, clerk: Clerk) -> None:
    one, two = (world.create_schedule(name=name)["id"] for name in "AB")
    made = world.create_event_type(requirements=[{"count": 1, "schedule_ids": [one, two]}])
    field = "requirements__0__weights__"
    assert clerk.submit(path_of(made, WHO), **{f"{field}{two}": " 3 "}).status_code == 303
    weighted = stored(world, made["id"])
    assert weighted["requirements"][0]["weights"] == {two: 3}
    assert clerk.submit(path_of(made, WHO)).status_code == 303
    assert stored(world, made["id"]) == weighted
    refused = clerk.submit(path_of(made, WHO), **{f"{field}{one}": "11"})
    assert refused.status_code == 422
    assert "at most 10" in refused.text
    assert clerk.submit(path_of(made, WHO), **{f"{field}{two}": ""}).status_code == 303
    assert "weights" not in stored(world, made["id"])["requirements"][0]


def test_an_event_type_is_made_with_a_name_alone(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    made = stored(world, id_in(clerk.submit("/event-types/new", name="Haircut")))
    assert (made["slug"], made["duration_minutes"]) == ("haircut", 30)
    assert made["requires_confirmation"] is False
    assert made["requirements"] == [{"count": 1, "schedule_ids": [schedule["id"]]}]
    public = world.stranger.get(f"/{slug_of(world)}/haircut")
    assert public.status_code == 200


def test_a_new_one_leads_to_its_sections(world: World, clerk: Clerk) -> None:
    one, two = world.create_schedule(name="A"), world.create_schedule(name="B")
    both = [one["id"], two["id"]]
    typed = {"name": "Course", "duration_minutes": "1h 30m"}
    done = clerk.submit("/event-types/new", **typed, requirements__0__schedule_ids=both)
    made = stored(world, id_in(done))
    assert (made["duration_minutes"], made["is_active"]) == (90, True)
    assert made["requirements"] == [{"count": 1, "schedule_ids": both}]
    page = clerk.follow(done).text
    for section in SECTIONS:
        assert f'href="{clerk.root}{path_of(made, section)}"' in page


def test_every_field_is_set_as_people_write_it(world: World, clerk: Clerk) -> None:
    one, two = world.create_schedule(name="A"), world.create_schedule(name="B")
    label = "How tall are you?"
    number = {"label": label, "type": "number", "required": "yes"}
    choice = {"label": label, "type": "multiselect", "options": "small\n\n tall "}
    before = world.create_event_type()
    clerk.submit(path_of(before), duration_minutes="1h 30m")
    clerk.submit(path_of(before, "/when"), min_notice_minutes="1d")
    clerk.submit(path_of(before, "/messages"), reminders_minutes_before="1d, 2h")
    groups = rows("requirements", {"count": "2", "schedule_ids": [one["id"], two["id"]]})
    clerk.submit(path_of(before, WHO), capacity="12", **groups)
    clerk.submit(path_of(before, FORM), **rows("questions", number, choice))
    made = stored(world, before["id"])
    assert (made["duration_minutes"], made["min_notice_minutes"]) == (90, 1440)
    assert (made["reminders_minutes_before"], made["capacity"]) == ([1440, 120], 12)
    assert made["requirements"] == [{"count": 2, "schedule_ids": [one["id"], two["id"]]}]
    first, second = made["questions"]
    assert (first["key"], first["type"], first["required"]) == ("how_tall_are_you", "number", True)
    assert (second["key"], second["options"]) == ("how_tall_are_you_2", ["small", "tall"])


def test_a_schedule_that_is_not_listed_among_so_many_stays_chosen(
    home: Installation, world: World, clerk: Clerk
) -> None:
    first = world.create_schedule()
    columns = "organization_id, timezone, is_active, created_at, updated_at"
    run(
        home,
        f"INSERT INTO schedules (id, name, {columns})"
        f" SELECT gen_random_uuid(), name || number, {columns}"
        " FROM schedules, generate_series(1, 510) AS number"
        f" WHERE organization_id = '{world.setup.organization_id}'",
    )
    query = {"limit": 500, "offset": 500}
    last = world.api.get("/api/v1/schedules", params=query).json()["data"][-1]
    groups = [{"count": 1, "schedule_ids": [last["id"], first["id"]]}]
    before = world.create_event_type(requirements=groups)
    assert clerk.submit(path_of(before, WHO), capacity="2").status_code == 303
    after = stored(world, before["id"])["requirements"][0]
    assert sorted(after["schedule_ids"]) == sorted([last["id"], first["id"]])


def test_groups_and_questions_that_are_emptied_are_gone(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    before = world.create_event_type(**EVERYTHING, schedule_id=schedule["id"])
    gone = {f"questions__0__{part}": "" for part in ("label", "key", "options")}
    clerk.submit(path_of(before, WHO), requirements__0__schedule_ids=[])
    clerk.submit(path_of(before, FORM), **gone)
    after = stored(world, before["id"])
    assert after["requirements"] == []
    assert [question["key"] for question in after["questions"]] == ["note"]


@pytest.mark.parametrize(
    ("section", "typed", "field", "sentence"),
    [
        ("", {"name": " "}, "name", "fill this in"),
        ("", {"duration_minutes": ""}, "duration_minutes", "whole number"),
        ("", {"duration_minutes": "0"}, "duration_minutes", "1 or more"),
        ("", {"duration_minutes": "long"}, "duration_minutes", "whole number"),
        ("", {"duration_minutes": "90d"}, "duration_minutes", "at most 43200"),
        ("", {"slug": "No Slug"}, "slug", "not allowed"),
        ("/who", {"capacity": "0"}, "capacity", "1 or more"),
        ("/when", {"max_days_ahead": "-1"}, "max_days_ahead", "0 or more"),
        ("/when", {"booking_limits__max_per_day": "0"}, "booking_limits.max_per_day", "1 or more"),
        ("/messages", {REMINDERS: "1d, soon"}, REMINDERS, "such as 2h or 1d"),
        ("/messages", {REMINDERS: "1d, 24h"}, REMINDERS, "each time once"),
        ("/who", {"requirements__0__count": "5"}, "requirements.0.count", "at most the number"),
        ("/form", {f"{Q}label": "A?", f"{Q}type": "select"}, "questions.0.options", ""),
        ("/form", {f"{Q}key": "Bad Key", f"{Q}label": "A"}, "questions.0.key", ""),
        ("/form", {f"{Q}key": "no_label"}, "questions.0.label", "fill this in"),
        ("/after", {"redirect_url": "http://a.example"}, "redirect_url", ""),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    world: World, clerk: Clerk, section: str, typed: dict[str, str], field: str, sentence: str
) -> None:
    schedule = world.create_schedule()
    before = world.create_event_type(schedule_id=schedule["id"])
    answer = clerk.submit(path_of(before, section), **typed)
    assert answer.status_code == 422, answer.headers
    fault = re.search(rf'id="wrong-{re.escape(field)}">(.*?)<', answer.text)
    assert fault, text_of(answer)
    assert sentence in fault[1]
    assert f'href="#{field}"' in answer.text
    fields = fields_in(answer, clerk.root + path_of(before, section))
    for name, value in typed.items():
        assert fields[name.replace("__", ".")] == value.strip()
    assert stored(world, before["id"]) == before


def test_what_is_wrong_with_a_new_one_stands_at_its_field(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    chosen = {"requirements__0__schedule_ids": schedule["id"]}
    answer = clerk.submit("/event-types/new", name=" ", duration_minutes="long", **chosen)
    assert answer.status_code == 422
    for field in ("name", "duration_minutes"):
        assert f'id="wrong-{field}"' in answer.text
    assert 'value="long"' in answer.text


def test_a_taken_address_is_reported_at_its_field(world: World, clerk: Clerk) -> None:
    world.create_event_type(slug="taken")
    other = world.create_event_type(slug="other")
    again = clerk.submit(path_of(other), slug="taken")
    assert again.status_code == 409
    assert 'id="wrong-slug"' in again.text


def test_a_concurrent_change_is_reported(world: World, clerk: Clerk) -> None:
    event_type = world.create_event_type(name="First")
    page = clerk.open(path_of(event_type))
    world.api.patch(f"/api/v1{path_of(event_type)}", json={"name": "Second"})
    late = clerk.fill_in(page, path_of(event_type), name="Third")
    assert late.status_code == 412
    assert 'value="Third"' in late.text
    assert stored(world, event_type["id"])["name"] == "Second"
    stale = clerk.fill_in(page, path_of(event_type, "/delete"))
    assert stale.status_code == 412
    assert stored(world, event_type["id"])["name"] == "Second"


def test_a_stale_section_goes_over_its_own_fields_alone(world: World, clerk: Clerk) -> None:
    event_type = world.create_event_type(name="First")
    page = clerk.open(path_of(event_type, FORM))
    question = {"key": "size", "label": "Size?", "type": "text"}
    changes = {"name": "Second", "questions": [question]}
    assert world.api.patch(f"/api/v1{path_of(event_type)}", json=changes).status_code == 200
    typed = rows("questions", {"label": "Which size?"})
    late = clerk.fill_in(page, path_of(event_type, FORM), **typed)
    assert late.status_code == 412
    assert 'value="Which size?"' in late.text
    assert clerk.fill_in(late, path_of(event_type, FORM)).status_code == 303
    after = stored(world, event_type["id"])
    assert (after["name"], after["questions"][0]["label"]) == ("Second", "Which size?")


def test_a_section_shows_how_it_looks(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], slug="cut")
    page = f"/{slug_of(world)}/cut"
    assert f'src="{page}?embed=1"' in clerk.open(path_of(event_type)).text
    form = re.search(rf'src="({page}/book[^"]+)"', clerk.open(path_of(event_type, FORM)).text)
    assert form
    assert 'name="email"' in world.stranger.get(html.unescape(form[1])).text
    world.api.patch(f"/api/v1{path_of(event_type)}", json={"is_active": False})
    assert "<iframe" not in clerk.open(path_of(event_type)).text


def test_its_messages_are_shown_in_the_words_that_count(world: World, clerk: Clerk) -> None:
    event_type = world.create_event_type()
    page = clerk.open(path_of(event_type, "/messages"))
    assert "Your appointment is confirmed" in page.text
    own = {"kind": "confirmed", "audience": "attendee", "locale": "en", "subject": "See you soon"}
    world.api.post("/api/v1/message-templates", json=own | {"event_type_id": event_type["id"]})
    assert "See you soon" in clerk.open(path_of(event_type, "/messages")).text
    new = clerk.open("/messages/new", event_type=event_type["id"])
    assert f'<option value="{event_type["id"]}" selected' in new.text


def test_it_is_closed_opened_and_deleted(world: World, clerk: Clerk) -> None:
    event_type = world.create_event_type()
    for is_active in (False, True):
        done = clerk.submit(path_of(event_type, "/active"), page="/event-types")
        assert clerk.follow(done).status_code == 200
        assert stored(world, event_type["id"])["is_active"] is is_active
    done = clerk.submit(path_of(event_type, "/delete"), page=path_of(event_type))
    assert "Deleted" in text_of(clerk.follow(done))
    assert clerk.open(path_of(event_type)).status_code == 404


def test_its_times_are_shown_and_why_one_is_not_offered(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], min_notice_minutes=10_000)
    times_page = clerk.open(path_of(event_type, "/times"), day="2026-01-01", time="9")
    assert "can be booked from" in text_of(times_page)
    free = world.create_event_type()
    assert re.search(r"<li[^>]*>\d+:00\sAM", clerk.open(path_of(free, "/times")).text)


def test_why_a_time_is_not_offered_names_days_in_the_users_language(
    world: World, clerk: Clerk
) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], min_notice_minutes=60)
    clerk.submit("/language", locale="pl")
    refused = text_of(clerk.open(path_of(event_type, "/times"), day="2026-01-01", time="9"))
    assert re.search(r"(pon|wt|śr|czw|pt|sob|niedz)\. \d+ \w+ \d{4}", refused)
    assert not re.search(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d", refused)


def test_a_refusal_is_in_the_users_language(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], is_active=False)
    clerk.submit("/language", locale="de")
    page = text_of(clerk.open(path_of(event_type, "/times"), day="2030-01-01", time="9"))
    assert "Hier sind derzeit keine Buchungen möglich." in page
    assert "not active" not in page


def test_an_inactive_one_says_so_in_place_of_times(world: World, clerk: Clerk) -> None:
    event_type = world.create_event_type(is_active=False)
    times_page = clerk.open(path_of(event_type, "/times"), day="2030-01-01", time="9")
    assert times_page.status_code == 200
    assert "not active" in text_of(times_page)


def test_without_any_schedule_the_pages_still_stand(clerk: Clerk, world: World) -> None:
    event_type = world.create_event_type()
    for page in ("/event-types", "/event-types/new", path_of(event_type, "/times")):
        assert clerk.open(page).status_code == 200


def test_members_read_and_change_nothing(home: Installation, world: World) -> None:
    event_type = world.create_event_type(name="Read me")
    member = clerk_of(home, world, Role.MEMBER)
    page = member.open(path_of(event_type))
    assert "Read me" in text_of(page)
    assert "<button" not in page.text.partition('class="set-form"')[2].partition("</form>")[2]
    token = fields_in(page, "/console/sign-out")["form_token"]
    for form in (*SECTIONS, "/delete", "/active"):
        assert form not in SECTIONS or member.open(path_of(event_type, form)).status_code == 200
        answer = member.post(member.root + path_of(event_type, form), data={"form_token": token})
        assert answer.status_code == 403
    assert member.open("/event-types/new").status_code == 403
    assert stored(world, event_type["id"]) == event_type


def test_what_is_of_another_organization_is_not_there(world: World, new_world: Any) -> None:
    other = new_world()
    theirs, their_schedule = other.create_event_type(name="Not yours"), other.create_schedule()
    clerk = Clerk(world)
    token = fields_in(clerk.open("/event-types"), "/console/sign-out")["form_token"]
    for page in (*SECTIONS, "/times"):
        assert clerk.open(path_of(theirs, page)).status_code == 404
    for form in (*SECTIONS, "/delete", "/active"):
        data = {"form_token": token, "name": "Mine"}
        assert clerk.post(clerk.root + path_of(theirs, form), data=data).status_code == 404
    assert stored(other, theirs["id"]) == theirs
    typed = {"name": "Mine", "requirements__0__schedule_ids": their_schedule["id"]}
    answer = clerk.submit("/event-types/new", **typed)
    assert answer.status_code == 404
    assert world.api.get("/api/v1/event-types").json()["data"] == []


@pytest.mark.parametrize(
    ("section", "words"),
    [("/who", "Only schedules that belong to a user can be chosen."), ("/when", "Schedules")],
)
def test_a_section_says_what_depends_on_schedules(
    world: World, clerk: Clerk, section: str, words: str
) -> None:
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"])
    page = clerk.open(path_of(event_type, section))
    beside = re.search(r'<section class="card set-part".*?</section>', page.text, re.DOTALL)
    assert beside
    assert words in beside[0]
