"""An absence that is settled: one mail to each attendee, whatever is decided."""

from tests.mail.posting import Post
from tests.mail.reading import text_of, to
from tests.web.people.test_absences import absent, decision, resolve
from tests.web.people.test_reassigning import book_with, team
from tests.world import tomorrow_at

EXPECTED = ("With somebody else: ", "Please choose another time: ", "Cancelled: ")


def test_each_attendee_gets_one_mail(post: Post) -> None:
    (ada, grace, _), event_type = team(post.world, cancellation_notice_minutes=7 * 24 * 60)
    bookings = [book_with(post.world, ada, event_type, tomorrow_at(h)) for h in (10, 11, 12)]
    post.news()
    taken, asked, gone = bookings
    decisions = (
        decision(taken, "reassign", grace),
        decision(asked, "offer"),
        decision(gone, "cancel"),
    )
    absence = absent(post.world, ada)
    for _ in range(2):
        resolve(post.world, absence, *decisions)
    mails = post.news()
    for booking, subject in zip(bookings, EXPECTED, strict=True):
        (mail,) = to(mails, booking["attendee_email"])
        assert str(mail["Subject"]).startswith(subject)
        assert "Ill" not in text_of(mail)
        # The notice is over, but not for who is asked to choose.
        assert ("/booking/" in text_of(mail)) == (booking is asked)
