"""From the list of what can be booked to the booking, as a browser without scripts does it."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import httpx
import pytest

from tests.servers import Server
from tests.web.pages.visitors import QUESTIONS, Browser, offered, slug_of, starts_in, text_of
from tests.world import World, plus, tomorrow_at


@pytest.fixture
def visitor(world: World) -> Iterator[Browser]:
    with Browser(world.url) as visitor:
        yield visitor


def only_booking(world: World) -> dict:  # type: ignore[type-arg]
    listed = world.api.get("/api/v1/bookings").json()["data"]
    assert len(listed) == 1, listed
    booking: dict = listed[0]  # type: ignore[type-arg]
    return booking


def test_an_organization_lists_what_is_active(world: World, visitor: Browser) -> None:
    offered(world, name="Open one")
    offered(world, name="Closed one", is_active=False)
    page = visitor.get(f"/{slug_of(world)}")
    assert page.status_code == 200
    assert "Open one" in text_of(page)
    assert "Closed one" not in text_of(page)


def test_what_is_not_there_or_not_active_is_404(
    new_world: Callable[[], World], visitor: Browser, world: World
) -> None:
    path, _ = offered(world, is_active=False)
    foreign, _ = offered(new_world(), name="Foreign")
    mine = slug_of(world)
    for target in ("/no-such-organization", f"/{mine}/nothing", path, f"{path}/book?start=x",
                  f"/{mine}{foreign[foreign.rindex('/'):]}"):  # fmt: skip
        page = visitor.get(target)
        assert (page.status_code, page.headers["content-type"][:9]) == (404, "text/html"), target


def test_a_form_without_a_time_leads_to_the_page(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    organization = f"/{slug_of(world)}"
    for target, led in ((f"{organization}/", organization), (f"{path}/", path),
                       (f"{path}/book", path)):  # fmt: skip
        page = visitor.get(target, params={"timezone": "Asia/Tokyo"})
        assert (page.status_code, page.url.path) == (200, led)
        assert page.url.params["timezone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("target", "led"),
    [
        ("/%5Cevil.example/", None),
        ("/%5C%5Cevil.example/x/", None),
        ("/%2Fevil.example/", None),
        ("/x%0D%0Aset-cookie:%20a=b/", None),
        ("/nobody/?q=%C3%A9&z=a\\b", "/nobody?q=%C3%A9&z=a%5Cb"),
        ("/nobody/?to=//evil.example/", "/nobody?to=//evil.example/"),
    ],
)
def test_an_extra_slash_leads_to_the_path_without(
    server: Server, target: str, led: str | None
) -> None:
    connection = HTTPConnection("127.0.0.1", httpx.URL(server.url).port)
    connection.request("GET", target, headers={"accept": "text/html"})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.getheader("location")) == (303 if led else 404, led)
    assert answer.getheader("set-cookie") is None


def test_a_booking_is_made_by_page(world: World, visitor: Browser) -> None:
    path, event_type = offered(world, questions=[{"key": "why", "label": "Why?"}])
    start = tomorrow_at(10)
    page = visitor.get(path, params={"day": start[:10]})
    assert start in starts_in(page)
    done = visitor.book(
        path, start, phone="+49 30 1234567", notes="Ring twice\r\nplease", answer__why="x"
    )
    assert done.status_code == 200
    assert "You are booked" in text_of(done)
    booking = only_booking(world)
    assert (booking["start_time"], booking["status"]) == (start, "CONFIRMED")
    assert (booking["source"], booking["event_type_id"]) == ("page", event_type["id"])
    assert booking["answers"] == {"why": "x"}
    assert booking["attendee"]["notes"] == "Ring twice\nplease"
    assert booking["attendee"]["timezone"] == "UTC"
    events = world.api.get("/api/v1/event-log").json()["data"]
    assert [event["type"] for event in events] == ["booking.created"]


def test_a_booking_that_is_confirmed_by_hand_says_so(world: World, visitor: Browser) -> None:
    path, _ = offered(world, requires_confirmation=True)
    assert "Your request is in" in text_of(visitor.book(path, tomorrow_at(10)))
    assert only_booking(world)["status"] == "PENDING"


def test_looking_takes_nothing(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    for _ in range(2):
        assert visitor.get(f"{path}/book", params={"start": start}).status_code == 200
        assert visitor.get(f"{path}/hold").url.path == path
    assert start in starts_in(visitor.get(path, params={"day": start[:10]}))


def test_a_held_time_is_nobody_elses_meanwhile(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    form = visitor.hold(path, start)
    assert "We keep this time for you" in text_of(form)
    with Browser(world.url) as other:
        late = other.hold(path, start)
        assert late.status_code == 409
        assert "just been taken" in text_of(late)
        assert start not in starts_in(late)
        assert plus(start, hours=1) in starts_in(late)
    assert visitor.fill_in(form, name="Ada", email="ada@example.com").status_code == 200


def test_a_visitor_who_goes_back_still_sees_the_time(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    visitor.hold(path, start)
    assert start in starts_in(visitor.get(path, params={"day": start[:10]}))
    with Browser(world.url) as other:
        assert start not in starts_in(other.get(path, params={"day": start[:10]}))
    again = visitor.hold(path, start)
    assert "We keep this time for you" in text_of(again)
    assert "You are booked" in text_of(visitor.fill_in(again, name="A", email="a@example.com"))


def test_choosing_another_time_gives_the_first_one_back(world: World) -> None:
    path, _ = offered(world)
    first, second = tomorrow_at(10), tomorrow_at(12)
    with Browser(world.url) as visitor, Browser(world.url) as other:
        form = visitor.hold(path, first)
        visitor.cookies.clear()  # as in a frame on another site
        hold = re.search(r'name="hold" value="(\w+)"', form.text)
        assert hold
        back = visitor.get(path, params={"day": first[:10], "hold": hold[1]})
        assert first in starts_in(back)
        visitor.fill_in(back, start=second)
        seen = starts_in(other.get(path, params={"day": first[:10]}))
    assert first in seen
    assert second not in seen


def test_faults_are_reported_at_their_fields_and_input_is_kept(
    world: World, visitor: Browser
) -> None:
    path, _ = offered(world, questions=QUESTIONS)
    form = visitor.hold(path, tomorrow_at(10))
    again = visitor.fill_in(form, name="  ", email="nobody", answer__n="three", answer__pick="c",
                         answer__mail="x", notes="Keep <me>")  # fmt: skip
    assert again.status_code == 422
    for name in ("name", "email", "answer.n", "answer.yes", "answer.pick", "answer.mail"):
        assert f'id="wrong-{name}"' in again.text, name
    assert "Keep &lt;me&gt;" in again.text
    assert 'value="three"' in again.text
    assert "We keep this time for you" in text_of(again)
    done = visitor.fill_in(again, name="Ada", email="ada@example.com", answer__n="3,5",
                        answer__yes="no", answer__pick="b", answer__many=["x", "y"])  # fmt: skip
    assert "You are booked" in text_of(done)
    answers = {"n": 3.5, "yes": False, "pick": "b", "many": ["x", "y"]}
    assert only_booking(world)["answers"] == answers


@pytest.mark.parametrize("number", ["nan", "inf", "1e999"])
def test_an_infinite_number_is_reported_at_its_field(
    world: World, visitor: Browser, number: str
) -> None:
    path, _ = offered(world, questions=[{"key": "n", "label": "How many?", "type": "number"}])
    again = visitor.book(path, tomorrow_at(10), answer__n=number)
    assert again.status_code == 422
    assert 'id="wrong-answer.n"' in again.text


def test_control_characters_are_reported_at_their_fields(world: World, visitor: Browser) -> None:
    path, _ = offered(world, questions=[{"key": "topic", "label": "Topic", "type": "text"}])
    typed = {"name": "A\x01da", "notes": "Two\x02", "answer__topic": "Three\x03"}
    again = visitor.book(path, tomorrow_at(10), **typed)
    assert again.status_code == 422
    for name in ("name", "notes", "answer.topic"):
        assert f'id="wrong-{name}"' in again.text, name


def test_a_time_that_was_taken_meanwhile_loses_nothing(world: World, visitor: Browser) -> None:
    path, event_type = offered(world)
    start = tomorrow_at(10)
    form = visitor.get(f"{path}/book", params={"start": start})
    world.book(start=start, event_type_id=event_type["id"])
    taken = visitor.fill_in(form, name="Ada", email="ada@example.com", notes="All of this")
    assert taken.status_code == 409
    assert "just been taken" in text_of(taken)
    assert "All of this" in taken.text
    near = starts_in(taken)
    assert near
    assert start not in near
    chosen = re.findall(r'value="([^"]+)" required checked', taken.text)
    assert chosen in ([plus(start, hours=1)], [plus(start, hours=-1)])
    done = visitor.fill_in(taken, name="Ada", email="ada@example.com", start=near[0])
    assert "You are booked" in text_of(done)


def test_a_form_for_a_refused_time_shows_offered_ones(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    for start in ("2020-01-01T10:00:00Z", tomorrow_at(10, 7)):
        page = visitor.get(f"{path}/book", params={"start": start})
        assert page.status_code == 409
        assert "no longer free" in text_of(page)
        assert starts_in(page)


def test_of_many_who_want_one_time_exactly_one_gets_it(world: World) -> None:
    path, _ = offered(world)
    start = tomorrow_at(10)
    with ThreadPoolExecutor(8) as pool, Browser(world.url) as visitor:
        form = visitor.get(f"{path}/book", params={"start": start})
        sent = [
            pool.submit(visitor.fill_in, form, name=f"N{n}", email=f"n{n}@example.com")
            for n in range(16)
        ]
        statuses = sorted(future.result().status_code for future in sent)
    assert statuses == [200] + [409] * 15
    only_booking(world)


def test_a_form_that_is_sent_twice_books_once(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    form = visitor.hold(path, tomorrow_at(10))
    with ThreadPoolExecutor(4) as pool:
        sent = [
            pool.submit(visitor.fill_in, form, name="Ada", email="ada@example.com")
            for _ in range(4)
        ]
        pages = [future.result() for future in sent]
    assert all("You are booked" in text_of(page) for page in pages), [p.status_code for p in pages]
    only_booking(world)


def test_an_ended_hold_is_no_obstacle_while_its_time_is_free(
    world: World, visitor: Browser
) -> None:
    path, _ = offered(world)
    form = visitor.hold(path, tomorrow_at(10))
    hold = re.search(r'name="hold" value="(\w+)"', form.text)
    assert hold
    world.api.delete(f"/api/v1/holds/{hold[1]}")
    assert "You are booked" in text_of(visitor.fill_in(form, name="Ada", email="ada@example.com"))
    only_booking(world)


def test_group_sessions_show_the_seats_that_are_left(world: World, visitor: Browser) -> None:
    path, _ = offered(world, capacity=3)
    start = tomorrow_at(10)
    visitor.book(path, start)
    page = visitor.get(path, params={"day": start[:10]})
    assert start in starts_in(page)
    assert "2 seats left" in text_of(page)
    visitor.book(path, start, email="b@example.com")
    assert "1 seat left" in text_of(visitor.get(path, params={"day": start[:10]}))


def test_the_last_seat_is_not_named_where_a_further_session_can_open(
    world: World, visitor: Browser
) -> None:
    hosts = [world.create_schedule(name=name)["id"] for name in ("A", "B")]
    event_type = world.create_event_type(
        requirements=[{"schedule_ids": hosts}], capacity=2, requires_confirmation=False
    )
    path, start = f"/{slug_of(world)}/{event_type['slug']}", tomorrow_at(10)
    day = {"day": start[:10]}
    visitor.book(path, start)
    page = visitor.get(path, params=day)
    assert start in starts_in(page)
    assert "1 seat left" not in text_of(page)
    assert "(1 seat left, and more after them)" in visitor.get(f"{path}.md").text
    for number in range(2):
        visitor.book(path, start, email=f"{number}@example.com")
    assert "1 seat left" in text_of(visitor.get(path, params=day))
    hosts_booked = {b["schedule_id"] for b in world.api.get("/api/v1/bookings").json()["data"]}
    assert hosts_booked == set(hosts)


def test_an_event_type_that_names_no_schedule_takes_one_that_is_free(
    world: World, visitor: Browser
) -> None:
    schedules = {world.create_schedule(name=name)["id"] for name in ("A", "B")}
    event_type = world.create_event_type(requires_confirmation=False)
    path = f"/{slug_of(world)}/{event_type['slug']}"
    start = tomorrow_at(10)
    for n in range(2):
        done = visitor.book(path, start, email=f"{n}@example.com")
        assert "You are booked" in text_of(done)
    assert start not in starts_in(visitor.get(path, params={"day": start[:10]}))
    listed = world.api.get("/api/v1/bookings").json()["data"]
    assert {booking["schedule_id"] for booking in listed} == schedules


def test_an_organization_without_schedules_says_that_nothing_is_free(
    world: World, visitor: Browser
) -> None:
    event_type = world.create_event_type()
    page = visitor.get(f"/{slug_of(world)}/{event_type['slug']}")
    assert page.status_code == 200
    assert starts_in(page) == []


def test_no_time_is_shown_beyond_the_horizon_or_in_the_past(world: World, visitor: Browser) -> None:
    path, _ = offered(world, max_days_ahead=3)
    today = datetime.now(UTC).date()
    last = today + timedelta(days=3)
    for month in ("1999-01", "2190-12"):
        page = visitor.get(path, params={"month": month})
        assert page.status_code == 200
        [day] = {start[:10] for start in starts_in(page)}
        assert str(today) <= day <= str(last)
    assert starts_in(visitor.get(path, params={"day": str(last)}))
    for beyond in (today - timedelta(days=1), last + timedelta(days=3)):
        shown = starts_in(visitor.get(path, params={"day": str(beyond)}))
        # A day of a month that is over stands for now.
        assert all(str(today) <= start[:10] <= str(last) for start in shown)
        assert not shown or beyond.month != today.month
    assert visitor.hold(path, f"{last + timedelta(days=9)}T10:00:00Z").status_code == 422


def test_a_month_without_free_days_names_the_next_one(world: World, visitor: Browser) -> None:
    far = datetime.now(UTC).date() + timedelta(days=70)
    override = {str(far): [{"start": "09:00", "end": "10:00"}]}
    schedule = world.create_schedule(availability={}, overrides=override)
    path, _ = offered(world, schedule=schedule)
    assert starts_in(visitor.get(path)) == [f"{far}T09:00:00Z"]
    this_month = visitor.get(path, params={"month": str(far - timedelta(days=70))[:7]})
    assert starts_in(this_month) == []
    assert f"day={far}" in this_month.text


@pytest.mark.parametrize(
    "query", ["month=x", "day=2026-02-31", "day=%ff", "day=1", "month=2026-13"]
)
def test_an_address_that_makes_no_sense_is_a_page_that_says_so(
    world: World, visitor: Browser, query: str
) -> None:
    path, _ = offered(world)
    page = visitor.get(f"{path}?{query}")
    assert (page.status_code, page.headers["content-type"][:9]) == (422, "text/html")


def test_hostile_text_is_inert_in_every_place(world: World, visitor: Browser) -> None:
    evil = '"><img src=x onerror=alert(1)>\u202e{{777*777}}'
    schedule = world.create_schedule(name=evil)
    world.api.patch("/api/v1/organization", json={"name": f"{evil} {slug_of(world)}"})
    path, _ = offered(
        world, schedule=schedule, name=evil, slug="evil", description=evil, location=evil,
        location_type="custom",
        questions=[{"key": "q", "label": evil, "type": "select", "options": [evil]},
                   {"key": "t", "label": evil}],
    )  # fmt: skip
    form = visitor.hold(path, tomorrow_at(10))
    plain = evil.replace("\u202e", "")
    wrong = visitor.fill_in(form, name=evil, email=evil, phone=evil, notes=evil, answer__t=evil)
    done = visitor.fill_in(wrong, name=plain, email="a@example.com", notes=evil, answer__q=plain)
    pages = [visitor.get(f"/{slug_of(world)}"), visitor.get(path), form, wrong, done]
    pages += [visitor.get(f"/{slug_of(world)}.md"), visitor.get(f"{path}.md")]
    for page in pages:
        assert page.status_code in (200, 422), page.text
        assert "\u202e" not in page.text
        assert "<img" not in page.text
        assert "603729" not in page.text
        assert "&amp;lt;" not in page.text
    assert "You are booked" in text_of(done)


def test_a_place_that_is_no_link_of_the_web_is_no_link(world: World, visitor: Browser) -> None:
    path, _ = offered(world, location="javascript:alert(1)", location_type="video")
    done = visitor.book(path, tomorrow_at(10))
    assert "javascript:alert(1)" in text_of(done)
    assert not re.search(r'href="\s*javascript', done.text)


def test_a_form_from_another_site_is_refused(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    data = {"start": tomorrow_at(10)}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"},
                    {"sec-fetch-site": "cross-site"}):  # fmt: skip
        page = visitor.post(f"{path}/hold", data=data, headers=headers)
        assert (page.status_code, page.headers["content-type"][:9]) == (403, "text/html")
    assert visitor.post(f"{path}/hold", data=data, headers={"origin": world.url}).status_code == 200


def test_only_embedded_pages_may_stand_in_a_frame(world: World, visitor: Browser) -> None:
    path, _ = offered(world)
    closed = visitor.get(path)
    assert closed.headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert closed.headers["x-frame-options"] == "DENY"
    framed = visitor.get(path, params={"embed": "1", "host": "https://shop.example"})
    assert framed.headers["content-security-policy"].endswith("frame-ancestors *")
    assert "x-frame-options" not in framed.headers
    form = visitor.hold(path, tomorrow_at(10), embed="1", host="https://shop.example")
    done = visitor.fill_in(form, name="Ada", email="ada@example.com")
    assert done.url.params["embed"] == "1"
    assert 'data-host="https://shop.example"' in done.text
    assert only_booking(world)["id"] in done.text
    assert 'data-host=""' in visitor.get(path, params={"embed": "1", "host": "javascript:x"}).text


def test_the_sandbox_has_a_page_that_says_what_it_is(world: World, visitor: Browser) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "S"}).json()["data"]
    body = {"name": "Trial", "duration_minutes": 30, "schedule_id": schedule["id"]}
    assert world.sandbox.post("/api/v1/event-types", json=body).status_code == 201
    slug = slug_of(world, sandbox=True)
    assert slug.endswith("-sandbox")
    for path in (f"/{slug}", f"/{slug}/trial"):
        page = visitor.get(path)
        assert "This is a sandbox" in text_of(page)
        assert '<meta name="robots" content="noindex">' in page.text
    assert visitor.get(f"/{slug_of(world)}/trial").status_code == 404


def test_the_visitors_zone_and_language_decide_how_times_read(world: World) -> None:
    path, _ = offered(world)
    start = tomorrow_at(22)
    with Browser(world.url, **{"accept-language": "de-DE, en;q=0.5"}) as visitor:
        form = visitor.get(f"{path}/book", params={"start": start, "timezone": "Asia/Kolkata"})
        assert "03:30 – 04:30" in text_of(form)
        assert "Asia/Kolkata" in text_of(form)
        visitor.cookies.set("kalends_zone", "America/New_York")
        assert "America/New York" in text_of(visitor.get(path))
        assert "UTC" in text_of(visitor.get(path, params={"timezone": "UTC"}))
        visitor.cookies.set("kalends_zone", "No/Where")
        assert visitor.get(path, params={"timezone": "Mars/Base"}).status_code == 200


def test_a_page_weighs_little(world: World) -> None:
    path, _ = offered(world, slot_step_minutes=5, duration_minutes=15)
    with Browser(world.url) as visitor:
        total, page = 0, visitor.get(path)
        for address in [path, *set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page.text))]:
            with visitor.stream("GET", address) as answer:
                total += sum(len(part) for part in answer.iter_raw())
    assert total < 100_000
