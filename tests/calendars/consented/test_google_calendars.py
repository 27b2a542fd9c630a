"""Bookings and a Google calendar follow one another, in what Google alone does."""

import httpx
import pytest

from tests.calendars.consented.google import GoogleOffice
from tests.fakes.consented import path_of
from tests.fakes.google import FakeGoogle
from tests.fakes.quirks import Quirk
from tests.servers import Server

pytestmark = pytest.mark.server


@pytest.fixture
def office(google_office: GoogleOffice) -> GoogleOffice:
    return google_office


@pytest.mark.parametrize("quirk", [Quirk.RATE_LIMITED, Quirk.QUOTA])
def test_what_could_not_be_written_is_written_later(office: GoogleOffice, quirk: Quirk) -> None:
    office.book_while(quirk)


@pytest.mark.parametrize("quirk", [Quirk.PUSHES_TWICE, None])
def test_a_message_has_the_calendar_read_at_once(
    office: GoogleOffice, google: FakeGoogle, quirk: Quirk | None
) -> None:
    google.quirks |= {quirk} if quirk else set()
    office.read_when_told(office.channel())


@pytest.mark.parametrize("wrong", ["X-Goog-Channel-ID", "X-Goog-Channel-Token", "address"])
def test_a_message_of_nobody_is_taken_and_passed_over(
    office: GoogleOffice, own_server: Server, wrong: str
) -> None:
    channel = office.channel()
    right = {"X-Goog-Channel-ID": channel["id"], "X-Goog-Channel-Token": channel["token"]}
    path = path_of(channel["address"]) + "x" * (wrong == "address")
    office.put_off_readings()
    headers = {name: value + "x" * (name == wrong) for name, value in right.items()}
    assert httpx.post(own_server.url + path, headers=headers).status_code == 200
    assert office.has_put_off_readings()


def test_disconnecting_gives_the_consent_back(office: GoogleOffice, google: FakeGoogle) -> None:
    assert office.api.delete(office.path).status_code == 200
    office.wait_for(lambda: office.refresh_token not in google.refresh_tokens)
