"""What an address gives for the form, which fields it has, and where it leads once it is sent."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.refusals import is_refused
from tests.web.pages.visitors import Browser, offered, starts_in, text_of
from tests.world import JSON, World, tomorrow_at

START = tomorrow_at(10)
DAY = START[:10]
THANKS = "https://shop.example/thanks?from=kalends#top"
QUESTIONS: list[JSON] = [
    {"key": "size", "label": "Size?", "type": "select", "options": ["S", "L"]},
    {"key": "parts", "label": "Parts?", "type": "multiselect", "options": ["x", "y", "z"]},
    {"key": "sure", "label": "Sure?", "type": "boolean"},
    {"key": "terms", "label": "Terms?", "type": "consent"},
    {"key": "day", "label": "Which day?"},
]


def value_of(page: httpx.Response, name: str) -> str | None:
    tag = re.search(rf'<(?:input|textarea)[^>]* name="{re.escape(name)}"[^>]*>', page.text)
    value = tag and re.search(r' value="([^"]*)"', tag[0])
    return html.unescape(value[1]) if value else None


def only_booking(world: World) -> JSON:
    (booking,) = world.api.get("/api/v1/bookings").json()["data"]
    assert isinstance(booking, dict)
    return booking


def test_details_of_the_address_are_in_the_form(world: World) -> None:
    path, _ = offered(world, questions=QUESTIONS)
    query = {
        "name": 'Ada "<b>" Lovelace', "email": "ada@example.com", "phone": "+49 30 901820",
        "notes": "By the door", "size": "L", "parts": ["x", "z"], "sure": "true", "terms": "yes",
        "day": DAY,
    }  # fmt: skip
    with Browser(world.url) as visitor:
        times = visitor.get(path, params=query)
        assert START in starts_in(times)
        form = visitor.post(_hold_of(times), data={"start": START})
    assert value_of(form, "name") == 'Ada "<b>" Lovelace'
    assert value_of(form, "email") == "ada@example.com"
    assert value_of(form, "phone") == "+49 30 901820"
    assert "By the door</textarea>" in form.text
    chosen = re.findall(r'value="([^"]*)" (?:selected|checked)', form.text)
    assert chosen == ["L", "x", "z", "yes"]
    assert value_of(form, "answer.day") == ""


def test_what_was_typed_goes_before_the_address(world: World) -> None:
    path, _ = offered(world)
    query = {"name": "Given", "email": "given@example.com"}
    with Browser(world.url) as visitor:
        form = visitor.hold(path, START, **query)
        again = visitor.fill_in(form, name="Typed", email="wrong")
        assert value_of(again, "name") == "Typed"
        later = visitor.hold(path, tomorrow_at(12), **query)
        assert value_of(later, "name") == "Typed"


def test_what_is_too_long_for_every_link_is_left_out(world: World) -> None:
    path, _ = offered(world)
    with Browser(world.url) as visitor:
        page = visitor.get(path, params={"name": "N" * 501, "email": "ada@example.com"})
        assert "NNN" not in page.text
        assert "ada%40example.com" in page.text


def test_campaigns_are_in_the_metadata_and_details_end(world: World) -> None:
    path, _ = offered(world)
    query = {"utm_source": "letter", "utm_term": "x" * 300, "utm_other": "no", "name": "Ada"}
    with Browser(world.url) as visitor:
        times = visitor.get(path, params=query)
        form = visitor.post(_hold_of(times), data={"start": START})
        page = visitor.fill_in(form, name="Ada", email="ada@example.com")
        assert "You are booked" in text_of(page)
        assert "utm_" not in str(page.url)
        assert "name=" not in str(page.url)
    assert only_booking(world)["metadata"] == {"utm_source": "letter", "utm_term": "x" * 200}


def test_hidden_fields_are_not_there_and_not_taken(world: World) -> None:
    fields = {"phone": "hidden", "notes": "hidden"}
    path, _ = offered(world, attendee_fields=fields)
    with Browser(world.url) as visitor:
        form = visitor.hold(path, START, phone="+49 30 901820")
        assert 'id="phone"' not in form.text
        assert 'id="notes"' not in form.text
        page = visitor.fill_in(
            form, name="Ada", email="ada@example.com", phone="+49 30 901820", notes="Psst"
        )
        assert page.status_code == 200
    attendee = only_booking(world)["attendee"]
    assert (attendee["phone"], attendee["notes"]) == (None, None)


def test_required_fields_have_to_be_filled_in(world: World) -> None:
    fields = {"phone": "required", "notes": "required"}
    path, _ = offered(world, attendee_fields=fields)
    with Browser(world.url) as visitor:
        again = visitor.book(path, START)
        assert again.status_code == 422
        assert 'id="wrong-phone"' in again.text
        assert 'id="wrong-notes"' in again.text
        page = visitor.fill_in(
            again, name="Ada", email="ada@example.com", phone="+49 30 901820", notes="Here"
        )
        assert "You are booked" in text_of(page)


def test_a_call_needs_a_number_even_where_it_is_hidden(world: World) -> None:
    path, _ = offered(world, location_type="phone", attendee_fields={"phone": "hidden"})
    with Browser(world.url) as visitor:
        assert 'id="wrong-phone"' in visitor.book(path, START).text


def test_after_a_booking_it_goes_on_where_the_event_type_says(world: World) -> None:
    path, _ = offered(world, redirect_url=THANKS)
    with Browser(world.url) as visitor:
        form = visitor.hold(path, START, redirect_url="https://evil.example/")
        page = visitor.fill_in(form, name="Ada", email="ada@example.com")
        assert "evil" not in page.text
        links = re.findall(r'href="(https://shop[^"]+)"', page.text)
        assert len(links) == 1
        parts = urlsplit(html.unescape(links[0]))
        assert (parts.netloc, parts.path, parts.fragment) == ("shop.example", "/thanks", "top")
        told = {"from": ["kalends"], "status": ["CONFIRMED"]}
        assert parse_qs(parts.query) == told | {"booking_id": [only_booking(world)["id"]]}
        later = visitor.get(str(page.url).partition("?")[0])
        assert "shop.example" not in later.text


def test_an_embedded_page_leads_nowhere_and_tells(world: World) -> None:
    path, _ = offered(world, redirect_url=THANKS)
    with Browser(world.url) as visitor:
        form = visitor.hold(path, START, embed="1", host="https://shop.example")
        page = visitor.fill_in(form, name="Ada", email="ada@example.com")
    assert 'data-onward="https://shop.example/thanks' in page.text
    assert 'href="https://shop.example/thanks' not in page.text


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "//shop.example/", "javascript:alert(1)", "/thanks", "https://",
        "https://user@shop.example/", "https://shop.example\\@evil.example/", "https://a b/",
        "https://shop.example/\n", "https://shop.example/é", "https://-/", 5,
        "https://shop.example/" + "x" * 2000, "https://shop.example:port/",
    ],
)  # fmt: skip
def test_only_an_https_address_can_be_led_to(module_world: World, url: object) -> None:
    body = {"name": "Talk", "duration_minutes": 30, "redirect_url": url}
    assert is_refused(module_world.api.post("/api/v1/event-types", json=body), "redirect_url")


@pytest.mark.parametrize("fields", [{"phone": "maybe"}, {"fax": "hidden"}, "hidden", None])
def test_only_known_uses_of_known_fields_are_taken(module_world: World, fields: object) -> None:
    body = {"name": "Talk", "duration_minutes": 30, "attendee_fields": fields}
    answer = module_world.api.post("/api/v1/event-types", json=body)
    assert answer.status_code == 422
    assert "attendee_fields" in answer.text


def test_an_address_has_a_map_and_a_room_has_none(world: World) -> None:
    place = {"location_type": "in_person", "location": "Main street 1, Springfield"}
    path, _ = offered(world, **place)
    with Browser(world.url) as visitor:
        link = "https://www.google.com/maps/search/?api=1&amp;query=Main+street+1%2C+Springfield"
        assert link in visitor.get(path).text
        assert link in visitor.book(path, START).text
        room, _ = offered(world, location_type="in_person", location="Room 3")
        assert "/maps/" not in visitor.get(room).text


def _hold_of(times: httpx.Response) -> str:
    action = re.search(r'<form method="post" action="([^"]+/hold[^"]*)"', times.text)
    assert action, times.text
    return html.unescape(action[1])
