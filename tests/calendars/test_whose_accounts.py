"""Accounts that are somebody else's by now, and such of which a part cannot be read."""

import time

import pytest

from kalends.compose import Installation
from tests.calendars.difficult import SECONDS, DifficultOffice, connected
from tests.conftest import run
from tests.fakes.caldav import PRINCIPAL, DifficultCalDav
from tests.world import JSON, World

pytestmark = pytest.mark.server
SOMEBODY_ELSE = "/dav/principals/eve/"


@pytest.fixture
def office(own_world: World, own_home: Installation, dav: DifficultCalDav) -> DifficultOffice:
    answer = own_world.api.patch("/api/v1/organization", json={"notify_email": "desk@example.com"})
    assert answer.is_success
    office = DifficultOffice(own_world, own_home, dav)
    office.policy(on_delete="cancel")
    return office


def lost_to_another(office: DifficultOffice, dav: DifficultCalDav) -> JSON:
    """A booking that was written, in an account that somebody else has now."""
    booking = office.booked(9)
    office.shows(9)
    office.read_anew()
    dav.principal = SOMEBODY_ELSE
    dav.remove(office.name_of(booking))
    return booking


def let_all_be_compared(office: DifficultOffice) -> None:
    run(office.home, "UPDATE calendars SET compared_at = now() - interval '2 days'")
    office.read_anew()


def test_what_another_account_lacks_is_not_believed_gone(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = lost_to_another(office, dav)
    for _ in range(2):  # empty, all at once, is believed the second time
        office.read_anew()
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    assert office.connection()["state"] == "reconnect"
    assert office.booking(booking)["status"] == "CONFIRMED"
    assert [one["kind"] for one in office.findings()] == ["reconnect"]
    assert office.mails("calendar_finding") == 1
    assert "Another account" in office.connection()["reason"]


def test_another_account_is_noticed_as_all_is_compared(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    lost_to_another(office, dav)
    let_all_be_compared(office)
    assert office.connection()["state"] == "reconnect"
    (calendar,) = office.calendars()
    assert calendar["events_total"] == 1


def test_a_password_of_another_account_is_refused(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = lost_to_another(office, dav)
    let_all_be_compared(office)
    password = {"password": dav.password}
    assert office.api.patch(office.path, json=password).status_code == 422
    dav.principal = PRINCIPAL
    assert office.api.patch(office.path, json=password).status_code == 200
    for _ in range(2):
        office.read_anew()
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    office.wait_for(lambda: office.booking(booking)["status"] == "CANCELLED")


def test_what_was_doubted_is_looked_at_after_a_pause(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = office.booked(9)
    office.shows(9)
    office.read_anew()
    dav.remove(office.name_of(booking))
    for _ in range(2):
        office.read_anew()
    office.wait_for(office.is_doubted)
    office.pause(paused=True)
    office.drop_looks()
    office.age_doubts()
    office.pause(paused=False)
    office.read_anew()
    office.wait_for(lambda: office.booking(booking)["status"] == "CANCELLED")


def test_an_account_works_though_one_calendar_cannot_be_read(
    own_world: World, dav: DifficultCalDav
) -> None:
    path = connected(own_world, dav)
    until = time.monotonic() + SECONDS
    while own_world.api.get(path).json()["data"]["state"] == "reading":
        assert time.monotonic() < until, "it is read for ever"
        time.sleep(0.1)
    assert own_world.api.get(path).json()["data"]["state"] == "active"
    listed = own_world.api.get(f"{path}/calendars").json()["data"]
    reasons = {one["name"]: one["reason"] for one in listed if one["known_until"] is None}
    assert "Work" not in reasons
    assert set(reasons.values()) == {"There is no such calendar any more."}
