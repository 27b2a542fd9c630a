"""The clock of mail: the attendee's as the page showed it, the organization's by its country."""

import re
from email.message import EmailMessage

import pytest

from tests.conftest import run
from tests.homes import RunningInstallation
from tests.mail.posting import Post
from tests.mail.reading import text_of, to
from tests.web.pages.visitors import Browser, offered
from tests.web.pages.visitors import text_of as text_of_page
from tests.world import tomorrow_at

ADA = "ada@example.com"


def in_country(post: Post, country: str) -> None:
    path = "/api/v1/organization"
    assert post.world.api.patch(path, json={"country": country}).status_code == 200


def when_in(mail: EmailMessage) -> str:
    match = re.search(r"^When: (.*)$", text_of(mail), re.MULTILINE)
    assert match
    return match[1]


@pytest.mark.parametrize(("language", "time"), [("en-US", "9:00 AM"), ("sv-SE", "09:00")])
def test_the_mail_shows_the_time_as_the_page_did(post: Post, language: str, time: str) -> None:
    path, _ = offered(post.world, cancellation_notice_minutes=60)
    with Browser(post.world.url, **{"accept-language": language}) as visitor:
        page = visitor.book(path, tomorrow_at(9))
    assert time in text_of_page(page)
    (mail,) = to(post.news(), ADA)
    assert f", {time} to " in when_in(mail)
    assert str(mail["Subject"]).endswith(f", {time}")
    until = "8:00 AM" if time.endswith("AM") else "08:00"
    assert f", {until} (UTC)." in text_of(mail)


@pytest.mark.parametrize(("locale", "time"), [("en-US", "9:00 AM"), ("fi", "09:00")])
def test_all_later_mail_goes_by_the_clock_of_the_booking(
    post: Post, locale: str, time: str
) -> None:
    attendee = {"name": "Ada", "email": ADA, "locale": locale}
    booking = post.confirmed(tomorrow_at(8), attendee=attendee)
    post.patch(booking, start_time=tomorrow_at(9), end_time=tomorrow_at(10))
    (moved,) = to(post.news(), ADA)
    post.patch(booking, status="CANCELLED")
    (cancelled,) = to(post.news(), ADA)
    for mail in (moved, cancelled):
        assert f", {time} to " in when_in(mail)


@pytest.mark.parametrize(("locale", "time"), [("en-US", "9:00 AM"), ("nb-NO", "09:00")])
def test_a_reminder_goes_by_the_clock_of_the_booking(
    post: Post, mailing: RunningInstallation, locale: str, time: str
) -> None:
    _, event_type = offered(post.world, reminders_minutes_before=[60])
    attendee = {"name": "Ada", "email": ADA, "locale": locale}
    post.world.book(None, tomorrow_at(9), event_type_id=event_type["id"], attendee=attendee)
    organization = post.world.setup.organization_id
    due = f"UPDATE reminders SET remind_at = now() WHERE organization_id = '{organization}'"
    run(mailing.home, due)
    mails = post.office.wait_for(4, 90)
    (mail,) = [one for one in to(mails, ADA) if "Reminder" in str(one["Subject"])]
    assert f", {time} to " in when_in(mail)


@pytest.mark.parametrize(("country", "time"), [("US", "9:00 AM"), ("DE", "09:00")])
def test_without_a_language_mail_and_page_go_by_the_country(
    post: Post, country: str, time: str
) -> None:
    in_country(post, country)
    post.world.book(post.world.create_schedule(), tomorrow_at(9))
    mails = post.news()
    assert [f", {time} to " in when_in(mail) for mail in mails] == [True, True]
    (link,) = {path for mail in mails for path in re.findall(r"/booking/[\w.-]+", text_of(mail))}
    for language in ("sv", "en-US"):
        with Browser(post.world.url, **{"accept-language": language}) as visitor:
            assert time in text_of_page(visitor.get(link))


def test_the_organizations_mail_keeps_its_own_clock(post: Post) -> None:
    in_country(post, "DE")
    attendee = {"name": "Ada", "email": ADA, "locale": "en-US"}
    post.world.book(post.world.create_schedule(), tomorrow_at(9), attendee=attendee)
    mails = post.news()
    (its,) = [mail for mail in mails if mail not in to(mails, ADA)]
    assert ", 09:00 to " in when_in(its)
