"""What is to come, and the one box in which bookings are searched."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from kalends.compose import Installation
from kalends.domain.booking import BookingFilter
from kalends.store.bookings.lists import AskedPage, list_statement
from tests.conftest import in_thread, run
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import text_of
from tests.world import JSON, World, plus, tomorrow_at, utc_text

ADA = {"name": "Zoë Ångström-Łukasz", "email": "Zoe.A@Example.COM", "phone": "+49 (0)30 123-45.67"}
IVAN = {"name": "Иван Йорданов", "email": "ivan@example.org", "phone": "030 9876543"}
GREEK = {"name": "ΝΊΚΟΣ Παπαδόπουλος", "email": "n@example.org"}
STRASSE = {"name": "O’Brien Groß", "email": "o_b@example.org"}
WANG = {"name": "王小明", "email": "wang@example.org"}


def now_plus(**delta: float) -> str:
    return plus(utc_text(datetime.now(UTC)), **delta)


def names_in(rows: str, *names: str) -> set[str]:
    return {name for name in names if f">{name}<" in rows}


@pytest.fixture(scope="module")
def crowd(module_world: World) -> dict[str, JSON]:
    """A booking of each, on the one schedule; Ada's has a title."""
    schedule = module_world.shared_schedule
    people = {"ada": ADA, "ivan": IVAN, "greek": GREEK, "strasse": STRASSE, "wang": WANG}
    made = {}
    for hour, (key, attendee) in enumerate(people.items()):
        title = {"title": "Größe 100%_x Café 2031-05-01"} if key == "ada" else {"title": "Other"}
        made[key] = module_world.book(schedule, tomorrow_at(hour), attendee=attendee, **title)
    return made


@pytest.fixture(scope="module")
def searcher(module_world: World) -> Any:
    user = SignedInBrowser(module_world)
    yield user
    user.close()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zoe", "ada"),
        ("ZOË", "ada"),
        ("angstrom", "ada"),
        ("A\u030angstro\u0308m", "ada"),
        ("lukasz zoe", "ada"),
        ("łukasz", "ada"),
        ("ngstr", "ada"),
        ("zoe.a@example.com", "ada"),
        ("A@EXAMPLE.C", "ada"),
        ("+49 30 1234567", "ada"),
        ("+4930 123 45 67", "ada"),
        ("0049 30 1234567", "ada"),
        ("030/123.45.67", "ada"),
        ("123-45", "ada"),
        ("(030) 1234567 zoe", "ada"),
        ("grosse cafe", "ada"),
        ("100%_x", "ada"),
        ("2031-05-01", "ada"),
        ("zo", "ada"),
        ("иван", "ivan"),
        ("ИВАН ЙОРДАНОВ", "ivan"),
        ("ива", "ivan"),
        ("9876543", "ivan"),
        ("030 98 76", "ivan"),
        ("νικος", "greek"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "greek"),
        ("o'brien gross", "strasse"),
        ("O_B@", "strasse"),
        ("小明", "wang"),
        ("  wang  ", "wang"),
        ("oe", ""),
        ("zoe ivan", ""),
        ("o%b", ""),
        ("100_", ""),
        ("0430", ""),
        ("'; DROP TABLE bookings; --", ""),
        ("\\", ""),
        ("🎉", ""),
        ("x" * 500, ""),
    ],
)
def test_what_is_typed_is_found_however_it_is_written(
    crowd: dict[str, JSON], searcher: SignedInBrowser, text: str, name: str
) -> None:
    page = searcher.open("/bookings", search=text)
    assert page.status_code == 200
    there = {key for key, booking in crowd.items() if booking["id"] in page.text}
    assert there == ({name} if name else set())


def test_a_booking_is_found_by_its_id_though_it_is_past(
    world: World, admin: SignedInBrowser
) -> None:
    past = world.shared_booking
    other = world.book(world.shared_schedule)
    page = admin.open("/bookings", search=f" {past['id']} ", upcoming="yes")
    assert past["id"] in text_ids(page.text)
    assert other["id"] not in text_ids(page.text)


def text_ids(page: str) -> str:
    """The part of the page in which bookings are listed."""
    return page[page.index('id="fresh"') :]


def test_nothing_of_another_organization_is_found(
    crowd: dict[str, JSON], world: World, admin: SignedInBrowser
) -> None:
    mine = world.book(world.shared_schedule, attendee=ADA)
    for text in ("zoe", "+49 30 1234567"):
        page = admin.open("/bookings", search=text)
        assert "1 booking" in text_of(page)
        assert mine["id"] in page.text
    foreign = crowd["ada"]["id"]
    assert f"/bookings/{foreign}" not in admin.open("/bookings", search=foreign).text


def test_the_file_has_what_the_search_finds(
    crowd: dict[str, JSON], searcher: SignedInBrowser
) -> None:
    page = searcher.open("/bookings", search="angstrom")
    assert 'href="' + f"/console/{searcher.slug}/bookings.csv?search=angstrom" in page.text
    answer = searcher.open("/bookings.csv", search="angstrom")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Id"] for row in rows] == [crowd["ada"]["id"]]


def test_the_search_stays_when_the_view_is_changed(
    crowd: dict[str, JSON], searcher: SignedInBrowser
) -> None:
    page = searcher.open("/bookings", search="zoe", upcoming="yes")
    for query in ("upcoming=yes&amp;search=zoe", "search=zoe"):
        assert f'href="/console/{searcher.slug}/bookings?{query}"' in page.text
    assert 'value="zoe"' in page.text


def test_a_changed_attendee_is_found_as_it_is_now(world: World, admin: SignedInBrowser) -> None:
    booking = world.book(world.shared_schedule, attendee=ADA)
    changed = {"attendee": {"name": "Erased", "email": "gone@example.test", "phone": None}}
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json=changed)
    for text in ("zoe", "angstrom", "1234567", "example.com"):
        assert "No bookings" in text_of(admin.open("/bookings", search=text)), text
    assert booking["id"] in admin.open("/bookings", search="erased gone@").text


def test_a_phone_typed_as_at_home_is_found_from_abroad(
    world: World, admin: SignedInBrowser
) -> None:
    world.api.patch("/api/v1/organization", json={"country": "DE"})
    booking = world.book(world.shared_schedule, attendee={**WANG, "phone": "030 9876543"})
    for text in ("+49 30 9876543", "0049-30-9876543", "030 987 65 43"):
        assert booking["id"] in admin.open("/bookings", search=text).text, text


def test_what_is_written_behind_our_back_is_found(
    home: Installation, world: World, admin: SignedInBrowser
) -> None:
    booking = world.book(world.shared_schedule)
    organization = world.setup.organization_id
    run(
        home,
        f"UPDATE bookings SET attendee_name = 'Émile' WHERE organization_id = '{organization}'",
    )
    assert booking["id"] in admin.open("/bookings", search="emile").text


def test_to_come_is_what_has_not_ended_and_is_not_cancelled(
    world: World, admin: SignedInBrowser
) -> None:
    schedule = world.shared_schedule

    def add(name: str, start: str, hours: float, *statuses: str) -> None:
        attendee = {"name": name, "email": "x@example.com"}
        body = {"end_time": plus(start, hours=hours), "attendee": attendee}
        made = world.book(schedule, start, **body)
        for status in statuses:
            answer = world.api.patch(f"/api/v1/bookings/{made['id']}", json={"status": status})
            assert answer.status_code == 200

    add("Past", now_plus(hours=-30), 1)
    add("Running", now_plus(hours=-20), 21)
    add("Ahead", now_plus(hours=2), 1)
    add("Sure", now_plus(hours=3), 1, "CONFIRMED")
    add("Dropped", now_plus(hours=4), 1, "CANCELLED")
    add("Missed", now_plus(hours=5), 1, "CONFIRMED", "NO_SHOW")
    names = ("Past", "Running", "Ahead", "Sure", "Dropped", "Missed")

    def names_listed(**query: Any) -> set[str]:
        return names_in(admin.open("/bookings", **query).text, *names)

    assert names_listed() == set(names)
    assert names_listed(upcoming="yes") == {"Running", "Ahead", "Sure", "Missed"}
    assert names_listed(upcoming="yes", status="CANCELLED") == {"Dropped"}
    assert names_listed(upcoming="yes", status="PENDING") == {"Running", "Ahead"}
    assert names_listed(upcoming="yes", search="ahead") == {"Ahead"}
    assert names_listed(upcoming="yes", search="past") == set()
    assert names_listed(upcoming="yes", since="2001-01-01") == names_listed(upcoming="yes")
    upcoming = world.api.get("/api/v1/bookings", params={"upcoming": "true"}).json()["data"]
    api = {booking["attendee"]["name"] for booking in upcoming}
    assert api == {"Ahead", "Sure", "Dropped", "Missed"}
    rows = csv.DictReader(
        io.StringIO(admin.open("/bookings.csv", upcoming="yes").content.decode("utf-8-sig"))
    )
    assert {row["Name"] for row in rows} == names_listed(upcoming="yes")
    assert "2 bookings wait to be confirmed" in text_of(admin.open("/calendar"))


MANY = """
INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, start_time, end_time,
    timezone, wall_clock, attendee_name, attendee_email, source, created_at, updated_at)
SELECT b.organization_id, gen_random_uuid(), b.schedule_id, b.schedule_ids, 'CANCELLED',
    now() + make_interval(hours => n), now() + make_interval(hours => n + 1), 'UTC', '',
    md5(n::text), n || '@example.org', 'api', now(), now()
FROM bookings b, generate_series(1, 5000) n WHERE b.organization_id = $1
"""


def test_a_search_among_many_reads_by_an_index(home: Installation, world: World) -> None:
    world.book(world.shared_schedule)
    organization_id = world.setup.organization_id
    criteria = BookingFilter(search=(("%angstrom%",),))
    sql, arguments = list_statement(AskedPage(organization_id, criteria, 50, 0))

    async def explain() -> str:
        context = home.context()
        tx = await asyncpg.connect(**context.database.parameters.as_arguments())
        transaction = tx.transaction()
        await transaction.start()
        await tx.execute(MANY, organization_id)
        await tx.execute("ANALYZE bookings")
        rows = await tx.fetch(f"EXPLAIN {sql}", *arguments)
        await transaction.rollback()
        await tx.close()
        await context.close()
        return "\n".join(row[0] for row in rows)

    assert "Index Scan on bookings_by_search_text" in in_thread(explain())
