"""One visitor in several tabs, back and forth, as a browser without scripts does it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from kalends.compose import Installation
from tests.conftest import fetch
from tests.web.pages.visitors import Browser, hidden_in, offered, starts_in, text_of
from tests.world import JSON, World, plus, tomorrow_at

ADA = {"name": "Ada", "email": "ada@example.com"}
FIRST, SECOND = tomorrow_at(10), tomorrow_at(12)
KEEPS = "We keep this time for you"
YOURS = "You booked this"


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    with Browser(world.url) as visitor:
        yield visitor


def booked(world: World) -> list[JSON]:
    listed: list[JSON] = world.api.get("/api/v1/bookings").json()["data"]
    return [booking for booking in listed if booking["status"] != "CANCELLED"]


def another_time(visitor: Browser, form: httpx.Response, **typed: str) -> httpx.Response:
    """Presses "Choose another time", with what is typed by then."""
    action = re.findall(r'formaction="([^"]+)"', form.text)[0]
    return visitor.post(action, data={**hidden_in(form), **typed})


def test_what_was_typed_stays_over_another_time(world: World, visitor: Browser) -> None:
    questions = [{"key": "many", "label": "All?", "type": "multiselect", "options": ["x", "y"]}]
    path, _ = offered(world, questions=questions)
    typed = {"name": "Ada <b>", "email": "not yet", "notes": "one\ntwo", "answer.many": "y"}
    times = another_time(visitor, visitor.hold(path, FIRST), **typed)
    assert (times.status_code, times.url.path) == (200, path)
    assert "Ada" not in str(times.url)
    form = visitor.fill_in(times, start=SECOND)
    assert form.url.params["start"] == SECOND
    assert 'value="Ada &lt;b&gt;"' in form.text
    assert 'value="not yet"' in form.text
    assert "one\ntwo</textarea>" in form.text
    assert re.search(r'value="y" checked', form.text)
    assert "This does not look like" not in form.text


def test_the_first_time_is_free_for_others_then(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    visitor.fill_in(another_time(visitor, visitor.hold(path, FIRST)), start=SECOND)
    with Browser(world.url) as other:
        seen = starts_in(other.get(path, params={"day": FIRST[:10]}))
    assert (FIRST in seen, SECOND in seen) == (True, False)


def test_what_was_typed_stays_over_a_refused_form(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    visitor.fill_in(visitor.hold(path, FIRST), name="Ada", email="wrong")
    assert 'value="wrong"' in visitor.get(f"{path}/book", params={"start": FIRST}).text


def test_what_was_typed_is_nobody_elses(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    another_time(visitor, visitor.hold(path, FIRST), name="Ada")
    with Browser(world.url) as other:
        assert "Ada" not in other.hold(path, SECOND).text


def test_what_was_typed_is_stored_sealed_and_goes_with_the_booking(
    home: Installation, world: World, visitor: Browser
) -> None:
    path, _ = offered(world)
    drafts = (
        f"SELECT typed FROM form_drafts WHERE organization_id = '{world.setup.organization_id}'"
    )
    times = another_time(visitor, visitor.hold(path, FIRST), name="Ada Lovelace")
    (draft,) = fetch(home, drafts)
    assert b"Ada" not in draft["typed"]
    visitor.fill_in(visitor.fill_in(times, start=SECOND), **ADA)
    assert fetch(home, drafts) == []


def test_an_endless_text_is_not_kept(home: Installation, world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    times = another_time(visitor, visitor.hold(path, FIRST), notes="x" * 100_000)
    assert times.status_code == 200
    assert "xxx" not in visitor.fill_in(times, start=SECOND).text


def test_two_tabs_with_one_time_are_one_visitor(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    tabs = [visitor.hold(path, FIRST), visitor.hold(path, FIRST)]
    assert all(KEEPS in text_of(tab) for tab in tabs)
    sent = [visitor.fill_in(tab, **ADA) for tab in tabs]
    assert [page.url.path.split("/")[1] for page in sent] == ["booking", "booking"]
    assert len(booked(world)) == 1


def test_two_tabs_with_two_times_keep_both(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    tabs = [visitor.hold(path, FIRST), visitor.hold(path, SECOND)]
    with Browser(world.url) as other:
        seen = starts_in(other.get(path, params={"day": FIRST[:10]}))
        assert {FIRST, SECOND}.isdisjoint(seen)
    for tab in tabs:
        assert "You are booked" in text_of(visitor.fill_in(tab, **ADA))
    assert [booking["start_time"] for booking in booked(world)] == [FIRST, SECOND]


def test_a_visitor_keeps_no_more_than_three_times(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    starts = [plus(FIRST, hours=n) for n in range(5)]
    for start in starts:
        assert KEEPS in text_of(visitor.hold(path, start))
    with Browser(world.url) as other:
        seen = starts_in(other.get(path, params={"day": FIRST[:10]}))
    assert [start in seen for start in starts] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "second", [{}, {"slot_step_minutes": 30}, {"capacity": 3}], ids=["other", "step", "group"]
)
def test_ones_own_hold_is_no_obstacle_for_something_else(
    world: World, visitor: Browser, second: JSON
) -> None:
    schedule = world.create_schedule()
    first, _ = offered(world, schedule=schedule, name="One")
    path, _ = offered(world, schedule=schedule, name="Two", **second)
    start = plus(FIRST, minutes=30) if "slot_step_minutes" in second else FIRST
    visitor.hold(first, FIRST)
    assert start in starts_in(visitor.get(path, params={"day": FIRST[:10]}))
    assert visitor.get(f"{path}/book", params={"start": start}).status_code == 200
    form = visitor.hold(path, start)
    assert KEEPS in text_of(form)
    assert "You are booked" in text_of(visitor.fill_in(form, **ADA))


def test_ones_own_hold_is_no_obstacle_for_a_limit(world: World, visitor: Browser) -> None:
    path, _ = offered(world, booking_limits={"max_per_day": 1})
    visitor.hold(path, FIRST)
    assert SECOND in starts_in(visitor.get(path, params={"day": FIRST[:10]}))
    assert "You are booked" in text_of(visitor.fill_in(visitor.hold(path, SECOND), **ADA))


def test_a_form_without_a_hold_books_over_ones_own(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    visitor.hold(path, FIRST)
    form = visitor.get(f"{path}/book", params={"start": FIRST})
    assert KEEPS in text_of(form)
    typed = {name: value for name, value in hidden_in(form).items() if name != "hold"}
    assert "You are booked" in text_of(visitor.post(f"{path}/book", data={**typed, **ADA}))


def test_back_after_a_booking_says_that_it_is_ones_own(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    form = visitor.hold(path, FIRST)
    visitor.fill_in(form, **ADA)
    back = visitor.get(str(form.url))
    assert (back.status_code, YOURS in text_of(back)) == (200, True)
    mine = visitor.fill_in(back)
    assert mine.url.path.startswith("/booking/")
    assert "ada@example.com" in text_of(mine)


def test_without_cookies_back_says_so_and_opens_nothing(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    form = visitor.hold(path, FIRST)
    visitor.fill_in(form, **ADA)
    with Browser(world.url) as bare:
        back = bare.get(str(form.url))
        assert YOURS in text_of(back)
        assert "ada@example.com" not in back.text
        assert bare.post(f"{path}/booked", data={"start": FIRST}).status_code == 404
        assert YOURS not in text_of(bare.get(f"{path}/book", params={"start": FIRST}))


def test_a_cancelled_booking_is_not_ones_own_any_more(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    form = visitor.hold(path, FIRST)
    visitor.fill_in(form, **ADA)
    world.api.delete(f"/api/v1/bookings/{booked(world)[0]['id']}")
    again = visitor.get(str(form.url))
    assert YOURS not in text_of(again)
    assert "You are booked" in text_of(visitor.fill_in(again, **ADA))


def test_another_person_in_the_same_browser_reads_whose_time_it_is(
    world: World, visitor: Browser
) -> None:
    path, _ = offered(world)
    tabs = [visitor.hold(path, FIRST), visitor.hold(path, FIRST)]
    visitor.fill_in(tabs[0], **ADA)
    late = visitor.fill_in(tabs[1], name="Bob", email="bob@example.com")
    assert (late.status_code, YOURS in text_of(late)) == (409, True)
    assert "somebody else" not in text_of(late)


def test_a_name_that_is_put_right_leads_to_the_booking(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    form = visitor.hold(path, FIRST)
    for name in ("Ad", "Ada"):
        sent = visitor.fill_in(form, **(ADA | {"name": name}))
        assert (sent.status_code, sent.url.path.split("/")[1]) == (200, "booking")
    assert len(booked(world)) == 1


def test_a_group_takes_two_people_of_one_browser(world: World, visitor: Browser) -> None:
    path, _ = offered(world, capacity=3)
    for name in ("Ada", "Bob"):
        form = visitor.hold(path, FIRST)
        assert "You are booked" in text_of(visitor.fill_in(form, **(ADA | {"name": name})))
    assert len(booked(world)) == 2


def test_a_group_form_without_a_hold_books_once(world: World, visitor: Browser) -> None:
    path, _ = offered(world, capacity=3)
    form = visitor.get(f"{path}/book", params={"start": FIRST})
    for _ in range(3):
        assert visitor.fill_in(form, **ADA).url.path.startswith("/booking/")
    assert len(booked(world)) == 1


def test_the_cookie_is_the_visitors_alone(world: World) -> None:
    path, _ = offered(world)
    with Browser(world.url) as visitor:
        visitor.get(path)
        assert "kalends_visitor" not in visitor.cookies
        visitor.follow_redirects = False
        given = visitor.hold(path, FIRST).headers["set-cookie"]
    assert re.fullmatch(
        r"kalends_visitor=[\w-]{24}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax", given
    )


def test_in_a_frame_the_cookie_holds_for_the_site_around_it(world: World) -> None:
    path, _ = offered(world)
    with Browser(world.url) as visitor:
        visitor.follow_redirects = False
        given = visitor.hold(path, FIRST, embed="1").headers["set-cookie"]
    assert given.endswith("; HttpOnly; SameSite=None; Secure; Partitioned")


def test_the_log_contains_nothing_that_was_typed(
    world: World, visitor: Browser, server_log: str
) -> None:
    path, _ = offered(world)
    secret = "Typed-but-never-sent"
    another_time(visitor, visitor.hold(path, FIRST), name=secret)
    visitor.fill_in(visitor.hold(path, SECOND), name=secret, email="wrong")
    with open(server_log) as log:
        assert secret not in log.read()
