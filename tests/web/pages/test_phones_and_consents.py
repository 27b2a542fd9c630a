"""What the form refuses that the API takes: numbers that are none; and consents, to be ticked."""

from collections.abc import Iterator

import pytest

from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import Browser, offered, text_of
from tests.world import World, tomorrow_at

START = tomorrow_at(10)
WRONG = "This does not look like a phone number."
CONSENT = {"key": "terms", "label": "I take the [terms](https://a.example/t).", "type": "consent"}


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    with Browser(world.url) as visitor:
        yield visitor


def in_germany(world: World) -> World:
    world.api.patch("/api/v1/organization", json={"country": "DE"})
    return world


def the_booking(world: World) -> dict:  # type: ignore[type-arg]
    (booking,) = world.api.get("/api/v1/bookings").json()["data"]
    only: dict = booking  # type: ignore[type-arg]
    return only


def test_the_form_takes_the_numbers_of_the_country(world: World, visitor: Browser) -> None:
    path, _ = offered(in_germany(world))
    assert "You are booked" in text_of(visitor.book(path, START, phone="030 / 1234567"))
    attendee = the_booking(world)["attendee"]
    assert (attendee["phone"], attendee["phone_e164"]) == ("030 / 1234567", "+49301234567")


@pytest.mark.parametrize("typed", ["call me", "12345", "+49 30 1", "030 1234567 030 1234567"])
def test_an_invalid_number_is_reported_at_its_field(
    world: World, visitor: Browser, typed: str
) -> None:
    questions = [{"key": "second", "label": "Another number", "type": "phone"}]
    path, _ = offered(in_germany(world), questions=questions)
    form = visitor.book(path, START, phone=typed, answer__second=typed)
    assert form.status_code == 422
    assert text_of(form).count(WRONG) == 2
    assert form.text.count(f'value="{typed}"') == 2
    assert world.api.get("/api/v1/bookings").json()["data"] == []


def test_who_is_called_has_to_tell_a_number(world: World, visitor: Browser) -> None:
    path, _ = offered(world, location_type="phone")
    form = visitor.book(path, START)
    assert form.status_code == 422
    assert "tell us the number to call" in text_of(form)
    assert world.api.get("/api/v1/bookings").json()["data"] == []


def test_where_no_country_is_known_its_code_is_asked_for(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    form = visitor.book(path, START, phone="030 1234567")
    assert "with + and the country's code" in text_of(form)
    assert "You are booked" in text_of(visitor.fill_in(
        form, name="Ada", email="ada@example.com", phone="+49 30 1234567"
    ))  # fmt: skip


def test_a_consent_is_ticked_or_nothing_is_booked(world: World, visitor: Browser) -> None:
    path, _ = offered(world, questions=[CONSENT])
    form = visitor.hold(path, START)
    assert (
        '<a href="https://a.example/t" rel="nofollow noopener" target="_blank">terms' in form.text
    )
    for given in ({}, {"answer__terms": "no"}, {"answer__terms": ""}):
        form = visitor.fill_in(form, name="Ada", email="ada@example.com", **given)
        assert (form.status_code, "Please tick this" in text_of(form)) == (422, True)
    done = visitor.fill_in(form, name="Ada", email="ada@example.com", answer__terms="yes")
    assert "You are booked" in text_of(done)
    assert the_booking(world)["answers"] == {"terms": True}


def test_staff_read_a_consent_as_yes(world: World, visitor: Browser) -> None:
    path, _ = offered(world, questions=[CONSENT])
    visitor.book(path, START, answer__terms="yes")
    user = SignedInBrowser(world)
    try:
        page = user.open(f"/bookings/{the_booking(world)['id']}")
        assert "I take the terms. Yes" in text_of(page)
        assert "https://a.example/t" not in page.text
        assert "I take the terms.: Yes" in user.open("/bookings.csv").text
    finally:
        user.close()


def test_the_country_is_chosen_in_the_settings(world: World) -> None:
    user = SignedInBrowser(world)
    try:
        page = user.open("/settings/region")
        assert '<option value="DE">Germany</option>' in page.text
        user.submit("/settings/region", timezone="UTC", country="DE")
        assert world.api.get("/api/v1/organization").json()["data"]["country"] == "DE"
    finally:
        user.close()
