"""The list of bookings and one booking: filters, the file, the history, what can be done."""

import csv
import io
import re
import socket
from typing import Any

import pytest

from kalends.compose import Installation
from tests.conftest import run
from tests.receivers import Reply, receiving
from tests.web.pages.console.desks import SignedInBrowser, problem_in
from tests.web.pages.visitors import text_of
from tests.world import JSON, World, plus, tomorrow_at

PAST = "2024-01-01T10:00:00Z"
HOSTILE = '<img src=x onerror=alert(1)>"><script>alert(1)</script>\u202egpj'


def booked(world: World, hour: int = 10, **fields: Any) -> JSON:
    return world.book(world.shared_schedule, tomorrow_at(hour), **fields)


def copy_booking(home: Installation, world: World, count: int) -> None:
    """Books, and makes so many copies, in pairs that start together, so that a page may end between
    two of them."""
    booked(world)
    columns = "organization_id, schedule_id, schedule_ids, status, end_time, timezone, wall_clock"
    rest = "attendee_name, attendee_email, source, created_at, updated_at"
    run(
        home,
        f"INSERT INTO bookings (id, start_time, {columns}, {rest})"
        f" SELECT gen_random_uuid(), start_time - (n / 2) * interval '1 minute', {columns}, {rest}"
        f" FROM bookings, generate_series(1, {count}) n"
        f" WHERE organization_id = '{world.setup.organization_id}'",
    )


def chunks_of(user: SignedInBrowser, path: str) -> list[bytes]:
    """The body as the server sent it, chunk by chunk (RFC 9112 7.1)."""
    cookie = "; ".join(f"{name}={value}" for name, value in user.cookies.items())
    host, port = user.base_url.host, user.base_url.port or 80
    with socket.create_connection((host, port), timeout=30) as connection:
        head = f"GET /console/{user.slug}{path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        connection.sendall(f"{head}Cookie: {cookie}\r\nConnection: close\r\n\r\n".encode())
        read = io.BytesIO(b"".join(iter(lambda: connection.recv(65536), b"")))
    while read.readline() != b"\r\n":
        pass
    chunks = []
    while size := int(read.readline(), 16):
        chunks.append(read.read(size))
        read.readline()
    return chunks


def named(name: str) -> dict[str, str]:
    return {"name": name, "email": f"{name.lower()}@example.com"}


def test_the_list_has_the_filters_of_the_api(world: World, admin: SignedInBrowser) -> None:
    booked(world, 9, attendee=named("Ada"))
    grace = booked(world, 10, attendee=named("Grace"))
    world.api.patch(f"/api/v1/bookings/{grace['id']}", json={"status": "CONFIRMED"})
    world.book(world.shared_schedule, "2024-01-01T10:00:00Z", attendee=named("Alan"))
    other = world.create_schedule(name="Room 2")
    world.book(other, tomorrow_at(9), attendee=named("Edsger"))

    def names_listed(**query: Any) -> set[str]:
        page = admin.open("/bookings", **query)
        assert page.status_code == 200
        return {name for name in ("Ada", "Grace", "Alan", "Edsger") if f">{name}<" in page.text}

    day = tomorrow_at(0)[:10]
    assert names_listed() == {"Ada", "Grace", "Alan", "Edsger"}
    assert names_listed(status="CONFIRMED") == {"Grace"}
    assert names_listed(status=["CONFIRMED", "PENDING"], upcoming="yes") == {
        "Ada",
        "Grace",
        "Edsger",
    }
    assert names_listed(schedule=other["id"]) == {"Edsger"}
    assert names_listed(schedule="sch_nonsense") == set()
    assert names_listed(email="ADA@") == {"Ada"}
    assert names_listed(since=day, until=day) == {"Ada", "Grace", "Edsger"}
    assert names_listed(until="2024-01-01") == {"Alan"}
    assert admin.open("/bookings", since="yesterday").status_code == 422
    assert admin.open("/bookings", since=day, until="2024-01-01").status_code == 422


def test_the_list_comes_in_pages(world: World, admin: SignedInBrowser) -> None:
    for number in range(51):
        start = plus("2024-01-01T00:00:00Z", hours=number)
        world.book(world.shared_schedule, start, attendee=named(f"N{number}N"))
    first, second = admin.open("/bookings"), admin.open("/bookings", offset="50")
    assert "51 bookings" in text_of(first)
    assert ">N49N<" in first.text
    assert ">N50N<" not in first.text
    assert ">N50N<" in second.text
    assert ">N49N<" not in second.text
    assert "51–51 of 51" in text_of(second)


def test_the_file_has_all_that_the_filters_find(world: World, admin: SignedInBrowser) -> None:
    booked(world, 9, attendee=named("Ada"))
    booked(world, 10, attendee=named("Grace"), title='Größe, with "quotes"')
    answer = admin.open("/bookings.csv", email="grace")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Name"] for row in rows] == ["Grace"]
    assert rows[0]["Title"] == 'Größe, with "quotes"'
    assert rows[0]["Start (UTC)"] == tomorrow_at(10)


def test_the_file_is_whole_where_it_takes_many_reads(
    home: Installation, world: World, admin: SignedInBrowser
) -> None:
    copy_booking(home, world, 1100)
    answer = admin.open("/bookings.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len({row["Id"] for row in rows}) == len(rows) == 1101
    assert [row["Start (UTC)"] for row in rows] == sorted(row["Start (UTC)"] for row in rows)


def test_the_file_is_sent_in_pieces_of_a_hundred_rows(
    home: Installation, world: World, admin: SignedInBrowser
) -> None:
    copy_booking(home, world, 620)
    pieces = chunks_of(admin, "/bookings.csv")
    assert [piece.count(b"\r\n") for piece in pieces] == [1, *[100] * 6, 21]
    assert b"".join(pieces) == admin.open("/bookings.csv").content


def test_no_cell_of_the_file_is_a_formula(world: World, admin: SignedInBrowser) -> None:
    booked(world, attendee={"name": '=HYPERLINK("http://evil")', "email": "+a@example.com"})
    answer = admin.open("/bookings.csv")
    row = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert row["Name"] == '\'=HYPERLINK("http://evil")'
    assert row["E-mail"] == "'+a@example.com"


def test_answers_stand_under_their_questions_on_page_and_in_file(
    world: World, admin: SignedInBrowser
) -> None:
    questions = [{"key": "phone_model", "label": "Which phone?"}, {"key": "gone", "label": "Gone?"}]
    path = "/api/v1/event-types/{}"
    kind = world.create_event_type(schedule_id=world.create_schedule()["id"], questions=questions)
    booking = world.book(event_type_id=kind["id"], answers={"phone_model": "P7", "gone": "Yes"})
    changed = {"questions": [questions[0] | {"label": "Your phone"}]}
    world.api.patch(path.format(kind["id"]), json=changed)
    world.api.delete(path.format(kind["id"]))
    page = text_of(admin.open(f"/bookings/{booking['id']}"))
    assert "Your phone P7" in page
    assert "Gone Yes" in page
    answer = admin.open("/bookings.csv")
    row = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert row["Answers"] == "Your phone: P7\nGone: Yes"
    assert row["Service"] == kind["name"]


@pytest.mark.parametrize(
    ("path", "page_text"),
    [("/bookings", "list"), ("/calendar", "week"), ("/calendar?view=day", "day"), ("", "booking")],
)
def test_user_text_is_inert_everywhere(
    world: World, admin: SignedInBrowser, path: str, page_text: str
) -> None:
    attendee = {"name": HOSTILE, "email": "x@example.com", "notes": HOSTILE}
    start = tomorrow_at(10)
    booking = world.book(
        world.create_schedule(name=HOSTILE),
        start,
        attendee=attendee,
        title=HOSTILE,
        location="javascript:alert(1)",
        metadata={HOSTILE: HOSTILE},
    )
    query = {"day": start[:10]} if path.startswith("/calendar") else {}
    page = admin.open(path or f"/bookings/{booking['id']}", **query, **_view_of(path))
    assert "&lt;img src=x" in page.text
    assert "<img" not in page.text
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert 'href="javascript:' not in page.text


def _view_of(path: str) -> dict[str, str]:
    return {"view": "day"} if "view=day" in path else {}


def test_a_booking_is_confirmed_completed_missed(world: World, admin: SignedInBrowser) -> None:
    first, second = booked(world, 9), booked(world, 10)
    assert "The booking is confirmed" in text_of(_set(admin, first, "CONFIRMED"))
    assert "The booking has taken place" in text_of(_set(admin, first, "COMPLETED"))
    _set(admin, second, "CONFIRMED")
    assert "Noted that nobody came" in text_of(_set(admin, second, "NO_SHOW"))
    assert [_status(world, one) for one in (first, second)] == ["COMPLETED", "NO_SHOW"]


def test_a_pending_booking_is_rejected_with_a_reason(world: World, admin: SignedInBrowser) -> None:
    booking = booked(world)
    assert "Reject" in admin.open(f"/bookings/{booking['id']}").text
    admin.submit(f"/bookings/{booking['id']}/cancel", reason="We are closed")
    page = admin.open(f"/bookings/{booking['id']}")
    assert "Reason: We are closed" in text_of(page)
    assert _status(world, booking) == "CANCELLED"


def test_a_reason_that_is_too_long_rejects_nothing(world: World, admin: SignedInBrowser) -> None:
    booking = booked(world)
    page = admin.submit(f"/bookings/{booking['id']}/cancel", reason="x" * 5001)
    assert page.status_code == 422
    assert problem_in(page)
    assert _status(world, booking) == "PENDING"


def test_what_was_changed_meanwhile_is_shown_and_not_overwritten(
    world: World, admin: SignedInBrowser
) -> None:
    booking = booked(world)
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": "By somebody else"})
    page = admin.submit(f"/bookings/{booking['id']}/cancel", seen="1", reason="")
    assert page.status_code == 409
    assert "changed meanwhile" in problem_in(page)
    assert "By somebody else" in page.text
    assert _status(world, booking) == "PENDING"


def test_a_transition_that_is_not_allowed_is_reported(world: World, admin: SignedInBrowser) -> None:
    booking = booked(world)
    page = _set(admin, booking, "COMPLETED")
    assert page.status_code == 409
    assert "PENDING cannot become COMPLETED" in problem_in(page)
    assert _set(admin, booking, "CANCELLED").status_code == 422


def test_the_details_are_edited(world: World, admin: SignedInBrowser) -> None:
    booking = booked(world, attendee=named("Ada"))
    path = f"/bookings/{booking['id']}/edit"
    assert 'value="ada@example.com"' in admin.open(path).text
    wrong = admin.submit(path, name="", email="nonsense", timezone="Mars")
    assert wrong.status_code == 422
    assert 'value="nonsense"' in wrong.text
    assert "no time zone" in text_of(wrong)
    fields = {"name": "Ada L.", "email": "l@example.com", "title": "Talk", "location": "Room 7"}
    page = admin.submit(path, **fields, timezone="Europe/Berlin", location_type="in_person")
    assert "The details were saved" in text_of(page)
    after = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    assert (after["attendee_name"], after["title"], after["location"]) == (
        "Ada L.",
        "Talk",
        "Room 7",
    )
    assert after["attendee"]["timezone"] == "Europe/Berlin"


def test_a_booking_shows_its_whole_history_and_all_that_went_out(
    world: World, admin: SignedInBrowser
) -> None:
    with receiving(lambda _: Reply(status=202)) as hook:
        world.api.post("/api/v1/webhooks", json={"url": hook.url})
        booking = booked(world, attendee=named("Ada"))
        _set(admin, booking, "CONFIRMED")
        world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"start_time": tomorrow_at(15)})
        admin.submit(f"/bookings/{booking['id']}/edit", name="Ada L.", email="ada@example.com")
        hook.wait_for(4)
    page = admin.open(f"/bookings/{booking['id']}")
    for kind in ("mail", "webhooks"):
        link = re.search(rf'href="(/console/[^"]+/{kind}/[^"]+)"', page.text)
        assert link
        assert admin.get(link[1]).status_code == 200
    page_text = text_of(page)
    happened = ["Details changed", "Moved", "Confirmed", "Booked"]
    history = page_text[page_text.index("History") :]
    assert sorted(happened, key=history.index) == happened
    assert "Name: Ada → Ada L." in page_text
    assert admin.email in history
    assert "API key First key" in history
    assert "ada@example.com" in page_text[page_text.index("Mail") :]
    assert "booking.rescheduled" in page_text
    assert "delivered" in page_text
    assert "HTTP 202" in page_text


def test_what_a_console_does_says_who_did_it(world: World, admin: SignedInBrowser) -> None:
    booking = booked(world)
    _set(admin, booking, "CONFIRMED")
    assert f"· {admin.email}" in text_of(admin.open(f"/bookings/{booking['id']}"))


def test_what_is_no_booking_is_not_there(admin: SignedInBrowser) -> None:
    for id_ in ("bk_0000000000000000000000", "nonsense", "sch_0000000000000000000000"):
        page = admin.open(f"/bookings/{id_}")
        assert page.status_code == 404
        assert "There is nothing here" in text_of(page)


def test_a_booking_by_hand_asks_the_questions(world: World, admin: SignedInBrowser) -> None:
    question = {"key": "why", "label": "Why?", "type": "text", "required": True}
    event_type = world.create_event_type(
        schedule_id=world.shared_schedule["id"], questions=[question]
    )
    times = admin.open("/bookings/new", event_type=event_type["id"])
    start = tomorrow_at(10)
    assert (
        f"start={start.replace(':', '%3A')}"
        in admin.open("/bookings/new", event_type=event_type["id"], day=start[:10]).text
    )
    assert times.status_code == 200
    fields = {"event_type": event_type["id"], "start": start, **named("Ada")}
    wrong = admin.submit("/bookings/new", **fields)
    assert wrong.status_code == 422
    assert 'value="Ada"' in wrong.text
    page = admin.submit("/bookings/new", **fields, **{"answer.why": "Because"})
    assert "The booking was made" in text_of(page)
    made = world.api.get("/api/v1/bookings").json()["data"][0]
    assert (made["start_time"], made["source"]) == (start, "console")
    assert made["answers"] == {"why": "Because"}


def test_what_was_deleted_meanwhile_is_not_booked_by_hand(
    world: World, admin: SignedInBrowser
) -> None:
    event_type = world.create_event_type(schedule_id=world.shared_schedule["id"])
    world.api.delete(f"/api/v1/event-types/{event_type['id']}")
    fields = {"event_type": event_type["id"], "start": tomorrow_at(10), **named("Ada")}
    page = admin.submit("/bookings/new", **fields)
    assert page.status_code == 404
    assert world.api.get("/api/v1/bookings").json()["data"] == []


def test_a_refused_booking_by_hand_names_the_rule_and_keeps_input(
    world: World, admin: SignedInBrowser
) -> None:
    booked(world, 10)
    fields = {"schedule": world.shared_schedule["id"], "minutes": "30", "start": tomorrow_at(10)}
    page = admin.submit("/bookings/new", **fields, **named("Ada"), notes="Kept")
    assert page.status_code == 409
    assert problem_in(page)
    assert "Kept" in page.text


def test_an_admin_passes_over_the_rules_but_never_books_twice(
    world: World, admin: SignedInBrowser
) -> None:
    closed = world.create_schedule(availability={})
    fields = {"schedule": closed["id"], "minutes": "30", "start": tomorrow_at(10), **named("Ada")}
    assert admin.submit("/bookings/new", **fields).status_code == 422
    page = admin.submit("/bookings/new", **fields, override="yes")
    assert "The booking was made" in text_of(page)
    assert "rules passed over" in text_of(page)
    assert admin.submit("/bookings/new", **fields, override="yes").status_code == 409


@pytest.mark.parametrize("gone", ["event-types", "schedules"])
def test_nothing_is_booked_in_place_of_what_is_gone(
    world: World, admin: SignedInBrowser, gone: str
) -> None:
    """Not minutes without their service, nor somebody else."""
    chosen, other = world.create_schedule(), world.create_schedule()
    group = {"count": 1, "schedule_ids": [chosen["id"], other["id"]]}
    event_type = world.create_event_type(requirements=[group])
    fields = {"event_type": event_type["id"], "schedule": chosen["id"], "start": tomorrow_at(10)}
    thing = event_type if gone == "event-types" else chosen
    left = {"is_active": False}
    if gone == "schedules":
        assert world.api.patch(f"/api/v1/schedules/{thing['id']}", json=left).is_success
    else:
        assert world.api.delete(f"/api/v1/event-types/{thing['id']}").is_success
    refused = admin.submit("/bookings/new", **fields, **named("Ada"))
    assert refused.status_code == 404
    for one in (chosen, other):
        listed = world.api.get("/api/v1/bookings", params={"schedule_id": one["id"]})
        assert listed.json()["data"] == []


def test_an_event_type_of_any_schedule_asks_for_one(world: World, admin: SignedInBrowser) -> None:
    event_type, schedule = world.create_event_type(), world.shared_schedule
    page = admin.open("/bookings/new", event_type=event_type["id"])
    assert "on which schedule?" in text_of(page)
    assert schedule["name"] in text_of(page)
    fields = {"event_type": event_type["id"], "schedule": schedule["id"], **named("Ada")}
    made = admin.submit("/bookings/new", **fields, start=tomorrow_at(10))
    assert "The booking was made" in text_of(made)


@pytest.mark.parametrize(("start", "is_offered"), [(tomorrow_at(10), False), (PAST, True)])
def test_how_it_went_is_asked_once_it_has_begun(
    world: World, admin: SignedInBrowser, start: str, is_offered: bool
) -> None:
    booking = world.book(world.shared_schedule, start, attendee=named("Ada"))
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})
    page_text = text_of(admin.open(f"/bookings/{booking['id']}"))
    for question in ("Has the appointment with Ada taken place?", "Did Ada not come?"):
        assert (question in page_text) == is_offered


def _set(user: SignedInBrowser, booking: JSON, status: str) -> Any:
    return user.submit(f"/bookings/{booking['id']}/status", status=status)


def _status(world: World, booking: JSON) -> str:
    status: str = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]["status"]
    return status
