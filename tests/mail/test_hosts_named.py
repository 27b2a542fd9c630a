"""Mail and invitations say with whom an appointment is."""

from tests.mail.posting import Post
from tests.mail.reading import event_in, text_of
from tests.web.people.test_reassigning import book_with, reassign, team
from tests.web.people.test_schedule_people import owner_of
from tests.world import tomorrow_at


def test_mail_and_invitation_name_the_hosts(post: Post) -> None:
    schedule = post.world.create_schedule(
        name="Upstairs", public_name="Ada Lovelace", user_id=owner_of(post.world)
    )
    post.world.book(schedule, tomorrow_at(10))
    mails = post.news()
    assert len(mails) == 2
    for mail in mails:
        assert "With: Ada Lovelace" in text_of(mail)
        assert "With: Ada Lovelace" in str(event_in(mail)["DESCRIPTION"])
        assert "Upstairs" not in text_of(mail)


def test_another_host_is_one_mail_to_each(post: Post) -> None:
    (ada, grace, mary), event_type = team(post.world, requires_confirmation=True)
    booking = book_with(post.world, ada, event_type)  # a request is told at once, too
    assert len(post.news()) == 2
    reassign(post.world, booking, schedule_id=mary["id"], notify=False)
    reassign(post.world, booking, schedule_id=ada["id"])
    reassign(post.world, booking, schedule_id=grace["id"])
    mails = post.news()
    assert len(mails) == 2
    for mail in mails:
        assert "will now be with Grace Hopper. The time stays the same." in text_of(mail)
        assert "With: Grace Hopper" in str(event_in(mail)["DESCRIPTION"])
        assert str(mail["Subject"]).startswith("With somebody else: ")
