"""An organization has several addresses: each gets all of its mail, once and in order."""

from tests.conftest import fetch
from tests.mail.posting import Post
from tests.mail.reading import event_in, text_of, to
from tests.mail.teams import member
from tests.world import tomorrow_at

DESK, BOSS, ARCHIVE = (f"{name}@office.example" for name in ("desk", "boss", "archive"))


def notify(post: Post, *addresses: str) -> None:
    answer = post.world.api.patch("/api/v1/organization", json={"notify_emails": addresses})
    assert answer.status_code == 200, answer.text


def test_each_address_gets_each_mail_in_order(post: Post) -> None:
    notify(post, DESK, BOSS, ARCHIVE)
    booking = post.world.book(post.world.create_schedule(), tomorrow_at(10))
    post.patch(booking, status="CONFIRMED")
    post.patch(booking, start_time=tomorrow_at(12))
    assert post.world.api.delete(f"/api/v1/bookings/{booking['id']}").is_success
    mails = post.news()
    for address in (DESK, BOSS, ARCHIVE):
        own = to(mails, address)
        assert [str(mail["Subject"]).partition(":")[0] for mail in own] == [
            "New request", "Confirmed", "New time", "Cancelled",
        ]  # fmt: skip
        assert event_in(own[-1])["STATUS"] == "CANCELLED"
        assert len({str(mail["Message-ID"]) for mail in own}) == 4


def test_an_address_that_was_taken_out_gets_nothing_more(post: Post) -> None:
    notify(post, DESK, BOSS)
    booking = post.world.book(post.world.create_schedule(), tomorrow_at(10))
    post.news()
    notify(post, BOSS)
    post.patch(booking, status="CONFIRMED")
    mails = post.news()
    assert to(mails, DESK) == []
    assert len(to(mails, BOSS)) == 1


def test_without_an_address_only_the_attendee_is_mailed(post: Post) -> None:
    notify(post)
    booking = post.world.book(post.world.create_schedule(), tomorrow_at(10))
    (mail,) = post.news()
    assert booking["attendee_email"] in str(mail["To"])


def test_each_address_reads_in_the_language_of_its_user(post: Post) -> None:
    ada = member(post, "Ada")
    notify(post, DESK, ada["email"])
    fetch(post.home, "UPDATE users SET locale = 'de' WHERE email = $1", ada["email"])
    post.world.book(post.world.create_schedule(), tomorrow_at(10))
    mails = post.news()
    assert "A new request" in text_of(to(mails, DESK)[0])
    assert "Termin" in text_of(to(mails, ada["email"])[0])
