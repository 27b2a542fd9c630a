"""Mail from a booking to the mail server: who receives what, and how failures are met."""

import re
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_string
from typing import Any

import pytest

from kalends.compose import Installation
from kalends.domain.ids import DELIVERY, MAIL, encode_id, new_id
from tests.commands import run_kalends
from tests.conftest import fetch, run
from tests.homes import RunningInstallation
from tests.mail.reading import calendar_part, event_in, text_of, to
from tests.pictures import NEEDS_PILLOW
from tests.smtp import PostOffice
from tests.web.pages.test_photos import with_photo
from tests.world import JSON, World, plus, tomorrow_at, utc_text


def test_a_request_is_mailed_to_the_attendee_and_the_organization(
    world: World, office: PostOffice
) -> None:
    booking = world.book(world.create_schedule(), title="Consultation")
    messages = office.wait_for(2)
    (attendee,) = to(messages, booking["attendee_email"])
    (organization,) = to(messages, world.setup.admin_email)
    assert "Consultation" in str(attendee["Subject"])
    assert "bookings@example.com" in str(attendee["From"])
    assert world.setup.admin_email in str(attendee["Reply-To"])
    assert booking["attendee_email"] in text_of(organization)
    assert event_in(attendee)["STATUS"] == "TENTATIVE"


def test_a_booking_is_one_invitation_from_request_to_cancellation(
    world: World, office: PostOffice
) -> None:
    booking = world.book(world.create_schedule(timezone="Europe/Berlin"))
    path = f"/api/v1/bookings/{booking['id']}"
    world.api.patch(path, json={"status": "CONFIRMED"})
    world.api.patch(path, json={"start_time": plus(booking["start_time"], hours=2)})
    world.api.delete(path)
    messages = to(office.wait_for(8), booking["attendee_email"])
    events = [event_in(message) for message in messages]
    methods = [calendar_part(message).get_param("method") for message in messages]
    assert methods == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert len({str(event["UID"]) for event in events}) == 1
    assert len({str(event["ORGANIZER"]) for event in events}) == 1
    sequences = [event.sequence for event in events]
    assert sequences == sorted(set(sequences))
    assert [str(event["STATUS"]) for event in events] == [
        "TENTATIVE",
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
    ]
    moved = events[2].start
    assert moved == datetime.fromisoformat(plus(booking["start_time"], hours=2))


def test_mails_name_the_attendees_own_zone(world: World, office: PostOffice) -> None:
    body = world.booking_body(world.create_schedule(), "2031-07-01T12:00:00Z")
    body["attendee"]["timezone"] = "Asia/Kathmandu"
    world.api.post("/api/v1/bookings", json=body)
    (attendee,) = to(office.wait_for(2), body["attendee"]["email"])
    assert "17:45" in text_of(attendee)
    assert "Kathmandu" in text_of(attendee)


def test_the_attendees_mails_alone_have_a_link_each_its_own(
    world: World, office: PostOffice
) -> None:
    booking = world.book(world.create_schedule())
    office.wait_for(2)
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})
    messages = office.wait_for(4)
    links_by_mail = [
        re.findall(r"https://book\.example\.com(/booking/\S+)", text_of(message))
        for message in to(messages, booking["attendee_email"])
    ]
    assert [len(set(links)) for links in links_by_mail] == [1, 1]
    assert links_by_mail[0][0] != links_by_mail[1][0]
    to_admin = [text_of(message) for message in to(messages, world.setup.admin_email)]
    assert ["/booking/" in text for text in to_admin] == [False] * len(links_by_mail)


@NEEDS_PILLOW
def test_mail_shows_the_photo_of_whom_an_appointment_is_with(
    world: World, office: PostOffice
) -> None:
    schedule = with_photo(world)
    booking = world.book(schedule)
    (attendee,) = to(office.wait_for(2), booking["attendee_email"])
    html = attendee.get_body(("html",))
    assert html is not None
    assert schedule["photo"]["url"] in html.get_content()


def test_a_booking_in_the_past_is_mailed_to_nobody(world: World, office: PostOffice) -> None:
    schedule = world.create_schedule()
    world.book(schedule, "2001-01-01T10:00:00Z")
    ahead = world.book(schedule)
    messages = office.wait_for(2)
    assert all(ahead["start_time"][:4] in text_of(message) for message in messages)


def test_a_changed_detail_of_a_request_is_not_mailed(world: World, office: PostOffice) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule)
    office.wait_for(2)
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": "Another"})
    world.book(schedule, plus(booking["start_time"], hours=5))
    assert len(office.wait_for(4)) == 4


def test_without_a_notify_address_the_attendee_alone_gets_mail(
    world: World, office: PostOffice
) -> None:
    world.api.patch("/api/v1/organization", json={"notify_email": None})
    schedule = world.create_schedule()
    first = world.book(schedule)
    second = world.book(schedule, plus(first["start_time"], hours=5))
    messages = office.wait_for(2)
    assert {str(m["To"].addresses[0].addr_spec) for m in messages} == {
        first["attendee_email"],
        second["attendee_email"],
    }


def test_a_sandbox_sends_nothing(world: World, office: PostOffice) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    body = world.booking_body(schedule, tomorrow_at(9))
    assert world.sandbox.post("/api/v1/bookings", json=body).status_code == 201
    booking = world.book(world.create_schedule())
    office.wait_for(2)
    assert to(office.messages, body["attendee"]["email"]) == []
    assert len(to(office.messages, booking["attendee_email"])) == 1


@pytest.mark.parametrize("answer", ["421 Closing", "451 Not now"])
def test_what_is_not_taken_for_now_comes_later_as_the_same_message(
    world: World, office: PostOffice, answer: str
) -> None:
    refused: list[bytes] = []

    def refuse_each_once(envelope: Any) -> str:
        if envelope.content in refused:
            return "250 OK"
        refused.append(envelope.content)
        return answer

    office.answer = refuse_each_once
    world.book(world.create_schedule())
    office.wait_for(2, within_seconds=60)
    assert set(refused) == {envelope.content for envelope in office.taken}


def test_a_server_that_takes_nothing_uses_up_no_try(
    world: World, office: PostOffice, mailing: RunningInstallation
) -> None:
    office.answer = lambda _: "421 Closing"
    world.book(world.create_schedule())
    health = "SELECT failures FROM channel_health WHERE channel = 'mail' AND failures > 1"
    until = time.monotonic() + 90
    while not fetch(mailing.home, health):
        assert time.monotonic() < until
        time.sleep(0.1)
    office.answer = lambda _: "250 OK"
    office.wait_for(2, within_seconds=90)
    of_world = f"organization_id = '{world.setup.organization_id}'"
    waiting = f"SELECT FROM mails WHERE {of_world} AND state = 'queued'"
    while fetch(mailing.home, waiting):
        assert time.monotonic() < until
    tries = f"SELECT tries, jsonb_array_length(attempts) FROM deliveries WHERE {of_world}"
    assert [tuple(row) for row in fetch(mailing.home, tries)] == [(1, 1), (1, 1)]


def test_hostile_names_stay_names(world: World, office: PostOffice) -> None:
    body = world.booking_body(world.create_schedule())
    body["attendee"]["name"] = "<img src=x onerror=alert(1)> \u202e; Bcc: a@b.example"
    assert world.api.post("/api/v1/bookings", json=body).status_code == 201
    for message in office.wait_for(2):
        assert message["Bcc"] is None
        html = message.get_body(("html",))
        assert html is not None
        assert "<img" not in html.get_content()
    refused = dict(body["attendee"], name="x\r\nBcc: a@b")
    assert world.api.post("/api/v1/bookings", json=body | {"attendee": refused}).status_code == 422


def soon(minutes: int) -> str:
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    return utc_text(start)


def reminded_event_type(world: World, *minutes: int) -> JSON:
    return world.create_event_type(
        schedule_id=world.create_schedule()["id"],
        slot_step_minutes=1,
        requires_confirmation=False,
        reminders_minutes_before=list(minutes),
    )


def make_due(home: Installation, world: World) -> None:
    """Makes the organization's reminders due, as time would."""
    organization = world.setup.organization_id
    run(home, f"UPDATE reminders SET remind_at = now() WHERE organization_id = '{organization}'")


def test_a_reminder_is_mailed_once_it_is_due(
    world: World, office: PostOffice, mailing: RunningInstallation
) -> None:
    event_type = reminded_event_type(world, 60, 1440)
    booking = world.book(None, soon(3000), event_type_id=event_type["id"])
    office.wait_for(2)
    make_due(mailing.home, world)
    reminders = [m for m in office.wait_for(6, 90) if "Reminder" in str(m["Subject"])]
    assert len(to(reminders, booking["attendee_email"])) == 2
    types = [e["type"] for e in world.api.get("/api/v1/event-log").json()["data"]]
    assert types == ["booking.created", "booking.reminder", "booking.reminder"]


def planned(home: Installation, world: World) -> list[tuple[int, str]]:
    """The organization's planned reminders."""
    organization = world.setup.organization_id
    rows = fetch(
        home,
        'SELECT minutes_before, to_char(remind_at, \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') FROM reminders'
        f" WHERE organization_id = '{organization}' ORDER BY 1",
    )
    return [(row[0], row[1]) for row in rows]


def test_reminders_move_with_their_booking_and_go_with_it(
    world: World, mailing: RunningInstallation
) -> None:
    event_type = reminded_event_type(world, 60, 1440)
    start = soon(3000)
    booking = world.book(None, start, event_type_id=event_type["id"])
    assert planned(mailing.home, world) == [
        (60, plus(start, hours=-1)),
        (1440, plus(start, days=-1)),
    ]
    path = f"/api/v1/bookings/{booking['id']}"
    world.api.patch(path, json={"start_time": plus(start, days=1)})
    assert planned(mailing.home, world) == [(60, plus(start, hours=23)), (1440, start)]
    world.api.delete(path)
    assert planned(mailing.home, world) == []


def test_a_reminder_whose_time_is_over_is_not_planned(
    world: World, mailing: RunningInstallation
) -> None:
    event_type = reminded_event_type(world, 60, 1440)
    start = soon(120)
    world.book(None, start, event_type_id=event_type["id"])
    assert planned(mailing.home, world) == [(60, plus(start, hours=-1))]


def wait_for_output(
    environment: dict[str, str], words: tuple[str, ...], expected: str
) -> subprocess.CompletedProcess[str]:
    until = time.monotonic() + 90
    while expected not in (done := run_kalends(environment, *words)).stdout:
        assert time.monotonic() < until, done.stdout + done.stderr
        time.sleep(0.2)
    return done


def test_mail_refused_for_good_is_listed_and_can_be_resent(
    world: World, office: PostOffice, mailing: RunningInstallation
) -> None:
    office.answer = lambda _: "554 5.7.1 Not this one"
    booking = world.book(world.create_schedule())
    organization = str(world.api.get("/api/v1/organization").json()["data"]["id"])
    ours = ("mail", "--organization", organization)
    listed = run_kalends(mailing.environment, *ours).stdout
    mail_ids = re.findall(r"^mail_\w+", listed, re.MULTILINE)
    given_up = [wait_for_output(mailing.environment, ("jobs",), id_).stdout for id_ in mail_ids][-1]
    for id_ in mail_ids:
        (failed,) = [line for line in given_up.splitlines() if id_ in line]
        assert failed.startswith(f"{id_}  requested  ")
        assert "Not this one" in failed
    assert "Not this one" in run_kalends(mailing.environment, *ours).stdout
    assert office.messages == []

    office.answer = lambda _: "250 OK"
    again = run_kalends(mailing.environment, "jobs", "retry", *mail_ids)
    assert again.returncode == 0
    assert all(id_ in again.stdout for id_ in mail_ids)
    assert len(to(office.wait_for(2), booking["attendee_email"])) == 1
    sent = wait_for_output(mailing.environment, ours, "sent").stdout
    assert "failed" not in sent
    printed = run_kalends(
        mailing.environment, "mail", "show", mail_ids[0], "--organization", organization
    )
    assert "Message-ID" in printed.stdout
    show = ("mail", "show", mail_ids[0], "--raw", "--organization", organization)
    raw = message_from_string(run_kalends(mailing.environment, *show).stdout)
    assert mail_ids[0] in raw["Message-ID"]
    assert not raw.defects


def mail_id() -> str:
    return encode_id(MAIL, new_id())


def webhook_id() -> str:
    return encode_id(DELIVERY, new_id())


@pytest.mark.parametrize("make_id", [lambda: "999999", mail_id, webhook_id])
def test_what_was_not_given_up_cannot_be_retried(
    mailing: RunningInstallation, make_id: Callable[[], str]
) -> None:
    id_ = make_id()
    answer = run_kalends(mailing.environment, "jobs", "retry", id_)
    assert answer.returncode == 1
    assert id_ in answer.stdout


def test_retry_wants_to_know_which(mailing: RunningInstallation) -> None:
    answer = run_kalends(mailing.environment, "jobs", "retry")
    assert answer.returncode == 2
    assert "--all" in answer.stderr


def test_retry_refuses_what_is_no_id(mailing: RunningInstallation) -> None:
    answer = run_kalends(mailing.environment, "jobs", "retry", "bk_1")
    assert answer.returncode == 2
    assert "mail_" in answer.stderr
