"""Mail and invitations of what is in person: on the clock of the place, for every reader."""

import re
from typing import Any

import pytest

from tests.conftest import run
from tests.homes import RunningInstallation
from tests.mail.posting import Post
from tests.mail.reading import event_in, text_of, to
from tests.web.pages.visitors import Browser, offered
from tests.web.pages.visitors import text_of as page_text
from tests.world import JSON, plus, tomorrow_at

ADA = "ada@example.com"
IN_TOKYO = "09:00 to 10:00 (Asia/Tokyo, GMT+9)"


def haircut(post: Post, **fields: Any) -> JSON:
    """At 09:00 in Tokyo, for an attendee in Chicago and an organization in UTC."""
    _, event_type = offered(
        post.world, timezone="Asia/Tokyo", location="1-1", location_type="in_person", **fields
    )
    attendee = {"name": "Ada", "email": ADA, "timezone": "America/Chicago"}
    return post.world.book(
        None,
        plus(tomorrow_at(0), days=1),  # late in the evening tomorrow is too near
        event_type_id=event_type["id"],
        timezone="Europe/Berlin",
        attendee=attendee,
    )


def test_attendee_and_organization_read_the_clock_of_the_place(post: Post) -> None:
    haircut(post, cancellation_notice_minutes=120)
    mails = post.news()
    assert len(mails) == 2
    for mail in mails:
        assert IN_TOKYO in text_of(mail)
        assert str(mail["Subject"]).endswith("09:00")
        event = event_in(mail)
        assert event["DTSTART"].params["TZID"] == "Asia/Tokyo"
        assert event.start.strftime("%H:%M") == "09:00"
    (mine,) = to(mails, ADA)
    assert "07:00 (Asia/Tokyo, GMT+9)." in text_of(mine)


def test_a_reschedule_mail_uses_the_clock_of_the_place(post: Post) -> None:
    booking = haircut(post)
    post.news()
    post.patch(booking, start_time=plus(booking["start_time"], hours=1))
    for mail in post.news():
        assert "10:00 to 11:00 (Asia/Tokyo" in text_of(mail)
        assert re.search(r"Instead of: .* 09:00 to 10:00 \(Asia/Tokyo", text_of(mail))


def test_a_reminder_is_on_the_clock_of_the_place(post: Post, mailing: RunningInstallation) -> None:
    haircut(post, reminders_minutes_before=[60])
    organization = post.world.setup.organization_id
    run(
        mailing.home,
        f"UPDATE reminders SET remind_at = now() WHERE organization_id = '{organization}'",
    )
    mails = [one for one in post.office.wait_for(4, 90) if "Reminder" in str(one["Subject"])]
    assert len(mails) == 2
    for mail in mails:
        assert IN_TOKYO in text_of(mail)


@pytest.mark.parametrize(
    "change", [{"timezone": "Africa/Lagos"}, {"attendee": {"timezone": "Asia/Tokyo"}}]
)
def test_a_zone_that_appears_in_no_text_sends_no_mail(post: Post, change: JSON) -> None:
    booking = haircut(post)
    post.news()
    post.patch(booking, **change)
    assert post.news() == []


def test_a_place_instead_of_a_call_changes_the_clock(post: Post) -> None:
    booked = haircut(post)
    post.news()  # two mails to one address may arrive in any order
    booking = post.patch(booked, location_type="phone")
    assert booking["location_type"] == "phone"
    (mail,) = to(post.news(), ADA)
    assert "(America/Chicago" in text_of(mail)
    post.patch(booking, location_type="in_person")
    (mail,) = to(post.news(), ADA)
    assert IN_TOKYO in text_of(mail)
    assert re.search("What has changed: .*Time zone", text_of(mail))


def test_the_page_says_that_mail_comes_where_it_does(post: Post) -> None:
    path, _ = offered(post.world)
    with Browser(post.world.url) as visitor:
        form = visitor.hold(path, tomorrow_at(10))
        assert "The confirmation goes there." in page_text(form)
        booked = page_text(visitor.fill_in(form, name="Ada", email=ADA))
    assert "The details go to" in booked


def test_a_call_is_mailed_with_the_number_that_is_called(post: Post) -> None:
    path, _ = offered(post.world, location_type="phone")
    with Browser(post.world.url) as visitor:
        booked = visitor.book(path, tomorrow_at(10), email=ADA, phone="+49 30 1234567")
    assert "+49 30 1234567" in page_text(booked)
    (mine,) = to(post.news(), ADA)
    assert "Phone: +49 30 1234567" in text_of(mine)
