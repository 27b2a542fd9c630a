"""The desk gives bookings to somebody else, and settles what an absence meets on one page."""

import re

import httpx

from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import text_of
from tests.web.people.test_absences import now_is
from tests.web.people.test_reassigning import book_with, team
from tests.world import JSON, World, tomorrow_at


def test_somebody_else_is_chosen_among_who_could(world: World, admin: SignedInBrowser) -> None:
    (ada, grace, mary), event_type = team(world)
    booking = book_with(world, ada, event_type)
    book_with(world, grace, event_type)
    page = admin.open(f"/bookings/{booking['id']}/reassign")
    assert ids_in(page.text, "schedule") == [mary["id"]]
    form = {"schedule": mary["id"], "instead_of": ada["id"], "seen": "1"}
    done = admin.submit(f"/bookings/{booking['id']}/reassign", **form)
    assert "Somebody else takes the booking." in text_of(done)
    assert now_is(world, booking)["schedule_ids"] == [mary["id"]]
    taken = admin.submit(
        f"/bookings/{booking['id']}/reassign", schedule=grace["id"], instead_of=mary["id"]
    )
    assert taken.status_code == 409
    assert now_is(world, booking)["schedule_ids"] == [mary["id"]]


def test_a_sick_day_is_settled_on_one_page(world: World, admin: SignedInBrowser) -> None:
    (ada, grace, mary), event_type = team(world)
    bookings = [book_with(world, ada, event_type, tomorrow_at(hour)) for hour in range(8, 20)]
    for host in (grace, mary):
        book_with(world, host, event_type, tomorrow_at(8))
    day = tomorrow_at(8)[:10]
    form = {"who": ada["id"], "busy.start_day": day, "busy.end_day": day}
    page = admin.submit("/absences", **form)
    assert "12 bookings fall into this time" in text_of(page)
    fields = fields_of(page.text)
    # Nobody is free at eight; the others are shared.
    assert fields["do.0"] == "offer"
    given = [fields[f"do.{number}"] for number in range(1, 12)]
    assert {given.count(f"reassign:{host['id']}") for host in (grace, mary)} == {5, 6}
    settled = admin.submit(f"{path_of(page)}/resolve", **fields)
    assert "Settled." in text_of(settled)
    assert "asked for another time" in text_of(settled)
    assert "Nothing is left to settle." in text_of(settled)
    hosts = {now_is(world, booking)["schedule_id"] for booking in bookings[1:]}
    assert hosts == {grace["id"], mary["id"]}
    assert now_is(world, bookings[0])["needs_new_time"] is True


def test_a_last_day_before_the_first_is_a_clear_fault(world: World, admin: SignedInBrowser) -> None:
    schedule = world.create_schedule()
    form = {"who": schedule["id"], "busy.start_day": "2027-01-06", "busy.end_day": "2027-01-04"}
    page = admin.submit("/absences", **form)
    assert page.status_code == 422
    assert "It must be after the start." in text_of(page)
    assert 'id="wrong-busy.end"' in page.text


def ids_in(text: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', text)


def path_of(page: httpx.Response) -> str:
    found = re.search(r"/absences/abs_\w+", str(page.url))
    assert found
    return found[0]


def fields_of(text: str) -> JSON:
    """The form as it is suggested."""
    chosen = re.findall(r'<select[^>]* name="(do\.\d+)">(.*?)</select>', text, re.DOTALL)
    fields: JSON = {"of": ids_in(text, "of")}
    for name, options in chosen:
        (selected,) = re.findall(r'<option value="([^"]+)" selected', options)
        fields[name] = selected
    return fields
