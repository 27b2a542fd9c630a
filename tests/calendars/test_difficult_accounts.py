"""Bookings are written into the calendar of a server that is difficult."""

import pytest

from kalends.compose import Installation
from tests.calendars.difficult import DifficultOffice
from tests.calendars.test_busy import at
from tests.conftest import run
from tests.fakes.caldav import DifficultCalDav
from tests.fakes.caldav_quirks import Quirk
from tests.gateways.caldav.events import event
from tests.psql import Psql
from tests.servers import Server
from tests.world import World

pytestmark = pytest.mark.server
PASSWORD = "Hohlweg-77"


@pytest.fixture
def office(own_world: World, own_home: Installation, dav: DifficultCalDav) -> DifficultOffice:
    dav.password = PASSWORD
    answer = own_world.api.patch("/api/v1/organization", json={"notify_email": "desk@example.com"})
    assert answer.is_success
    return DifficultOffice(own_world, own_home, dav)


@pytest.mark.parametrize(
    "quirk",
    [
        Quirk.NO_ETAG_ON_PUT,
        Quirk.WEAK_ETAG_ON_PUT,
        Quirk.CHANGES_ON_PUT,
        Quirk.BARE_ETAGS,
        Quirk.NO_ETAGS,
        Quirk.NONE_MATCH_IGNORED,
        Quirk.NO_DTEND,
        Quirk.NO_QUERY,
        Quirk.NO_MULTIGET,
        Quirk.NO_SYNC,
        Quirk.TOKEN_SILENT,
        Quirk.PHANTOM,
        Quirk.ENCODED_HREFS,
        Quirk.ABSOLUTE_HREFS,
        Quirk.ODD_PREFIXES,
        Quirk.UID_FORBIDDEN,
        Quirk.UID_CONFLICT,
        Quirk.UID_FAILED,
    ],
    ids=lambda quirk: quirk.name,
)
def test_each_booking_is_one_event_that_moves_and_goes(
    office: DifficultOffice, dav: DifficultCalDav, quirk: Quirk
) -> None:
    dav.quirks |= {quirk}
    office.book_move_and_cancel()


@pytest.mark.parametrize(
    "quirk",
    [Quirk.BUSY, Quirk.DOWN, Quirk.TEAPOT, Quirk.CUT, Quirk.SIGN_IN_PAGE, Quirk.BOMB, Quirk.FULL],
    ids=lambda quirk: quirk.name,
)
def test_what_could_not_be_written_is_written_later(
    office: DifficultOffice, dav: DifficultCalDav, quirk: Quirk
) -> None:
    booking = office.booked(9)
    office.shows(9)
    dav.quirks |= {quirk}
    office.move(booking, 14)
    office.wait_for(lambda: office.error_of(booking))
    dav.quirks.clear()
    office.try_again()
    office.shows(14)


def test_a_uid_that_lies_in_the_bin_is_not_used_again(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    dav.quirks |= {Quirk.UID_IN_BIN}
    booking = office.booked(9)
    office.wait_for(lambda: office.error_of(booking))
    dav.quirks.clear()
    office.try_again()
    office.shows(9)


def test_a_refused_password_waits_for_the_new_one(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    dav.password = "another"
    booking = office.booked(9)
    office.wait_for(lambda: office.connection()["state"] == "reconnect")
    (finding,) = office.findings()
    assert (finding["kind"], finding["booking_id"]) == ("reconnect", None)
    assert [data["state"] for data in office.logged("calendar.failing")] == ["reconnect"]
    assert office.mails("calendar_finding") == 1
    assert office.api.patch(office.path, json={"password": "another"}).status_code == 200
    office.shows(9)
    office.wait_for(lambda: office.state(booking) == "written")
    office.wait_for(lambda: office.connection()["state"] == "active")
    assert office.findings() == []
    assert [data["state"] for data in office.logged("calendar.recovered")] == ["active"]


def test_a_deletion_there_is_noticed_as_the_booking_changes(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = office.booked(9)
    office.shows(9)
    dav.remove(office.name_of(booking))
    office.move(booking, 14)
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    (finding,) = office.findings()
    assert (finding["kind"], finding["booking_id"]) == ("deleted", booking["id"])
    assert office.starts() == []
    office.resolve(finding, "restore")
    office.shows(14)


def test_a_move_there_is_followed_as_the_booking_changes(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = office.booked(9)
    office.shows(9)
    office.move_there(booking, 14)
    office.change(booking, title="Another title")
    office.wait_for(lambda: office.booking(booking)["start_time"][11:13] == "14")

    def is_written() -> bool:
        office.try_again()
        return b"Another title" in dav.objects[office.name_of(booking)]

    office.wait_for(is_written)
    office.shows(14)


def test_a_calendar_that_takes_nothing_is_found(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    dav.quirks |= {Quirk.READ_ONLY}
    booking, second = office.booked(9), office.booked(11)
    office.wait_for(lambda: len(office.findings()) == 2)
    assert {one["kind"] for one in office.findings()} == {"unwritable"}
    assert {one["booking_id"] for one in office.findings()} == {booking["id"], second["id"]}
    assert len(office.logged("calendar.finding")) == 2
    assert office.mails("calendar_finding") == 1
    dav.quirks.clear()
    for finding in office.findings():
        office.resolve(finding, "restore")
    office.shows(9, 11)
    assert office.findings() == []


def test_another_secret_of_ours_wants_the_password_again(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = office.booked(9)
    office.shows(9)
    run(office.home, "UPDATE calendar_connections SET sealed = 'of another secret'")
    office.move(booking, 14)
    office.wait_for(lambda: office.connection()["state"] == "reconnect")
    assert [one["kind"] for one in office.findings()] == ["reconnect"]
    assert office.api.patch(office.path, json={"password": PASSWORD}).status_code == 200
    office.shows(14)


def test_a_server_that_was_restored_cancels_nothing(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    office.policy(on_delete="cancel")
    bookings = [office.booked(hour) for hour in (8, 9, 10, 11, 12)]
    office.shows(8, 9, 10, 11, 12)
    office.read_anew()
    for booking in bookings:
        dav.remove(office.name_of(booking))
    for _ in range(2):  # empty, all at once, is believed the second time
        office.read_anew()
    office.wait_for(office.is_doubted)
    office.let_a_minute_pass()
    office.wait_for(lambda: len(office.findings()) == len(bookings))
    assert {office.booking(one)["status"] for one in bookings} == {"CONFIRMED"}
    assert office.mails("calendar_finding") == 1


def test_a_backup_of_ours_that_was_restored_writes_no_second_event(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    booking = office.booked(9)
    office.shows(9)
    run(
        office.home,
        "UPDATE calendar_links SET state = 'waiting', digest = NULL, etag = NULL, ref = NULL,"
        f" uid = NULL, written_at = NULL WHERE organization_id = '{office.organization_id}'",
    )
    office.change(booking, title="Another title")
    office.wait_for(lambda: b"Another title" in dav.objects[office.name_of(booking)])
    office.shows(9)


def test_a_calendar_that_is_gone_is_told_after_two_hours(
    office: DifficultOffice, dav: DifficultCalDav
) -> None:
    dav.quirks |= {Quirk.SIGN_IN_PAGE}
    office.read_anew()
    assert office.findings() == []
    ago = "now() - interval '3 hours'"
    run(office.home, f"UPDATE calendars SET last_synced_at = {ago}")
    run(office.home, f"UPDATE calendar_connections SET stale_since = {ago}")
    office.read_anew()
    assert office.connection()["state"] == "failing"
    assert [one["kind"] for one in office.findings()] == ["unreadable"]
    assert len(office.logged("calendar.failing")) == 1
    office.read_anew()
    assert len(office.logged("calendar.failing")) == 1
    dav.quirks.clear()
    office.read_anew()
    assert office.findings() == []
    assert len(office.logged("calendar.recovered")) == 1


def test_nothing_secret_is_in_logs_or_in_the_database(
    office: DifficultOffice, dav: DifficultCalDav, own_server: Server, psql: Psql
) -> None:
    dav.put("foreign.ics", event("foreign", f"{at(20):%Y%m%d}", "LOCATION:Zebulons Keller"))
    dav.quirks |= {Quirk.READ_ONLY}
    office.booked(9)
    office.wait_for(office.findings)
    office.read_anew()
    names = "SELECT string_agg(quote_ident(tablename), ' ') FROM pg_tables"
    tables = psql.ask(f"{names} WHERE schemaname = 'public'").split()
    said = "".join(psql.ask(f"SELECT t::text FROM {table} t") for table in tables)
    said += own_server.log_file.read_text()
    for word in (PASSWORD, "Zebulon", "Lunch"):
        assert word not in said
        assert word.encode().hex() not in said
