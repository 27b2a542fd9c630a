"""Pages promise no mail that the organization has switched off: by event type, by language."""

from tests.mail.posting import Post
from tests.mail.test_own_words import own
from tests.web.pages.visitors import Browser, offered
from tests.web.pages.visitors import text_of as text_of_page
from tests.world import tomorrow_at

START = tomorrow_at(10)


def pages_of(post: Post, path: str, language: str = "en") -> tuple[str, str, str]:
    """The form, what follows it, and the form again once it was sent."""
    with Browser(post.world.url, **{"accept-language": language}) as visitor:
        form = visitor.hold(path, START)
        booked = visitor.fill_in(form, name="Ada", email="ada@example.com")
        again = visitor.get(form.url)
    return text_of_page(form), text_of_page(booked), text_of_page(again)


def test_nothing_promises_a_confirmation_that_is_off(post: Post) -> None:
    path, event_type = offered(post.world)
    own(post, locale=None, is_off=True, event_type_id=event_type["id"])
    form, booked, again = pages_of(post, path)
    assert "The confirmation goes there." not in form
    assert "You are booked" in booked
    assert "The details go to" not in booked
    assert "You booked this" in again
    assert "in your mail" not in again
    assert "in your mail" in pages_of(post, offered(post.world)[0])[2]


def test_a_request_is_confirmed_on_its_page_where_the_mail_is_off(post: Post) -> None:
    path, _ = offered(post.world, requires_confirmation=True)
    assert "You will hear by mail at" in pages_of(post, path)[1]
    own(post, locale=None, is_off=True)
    path, _ = offered(post.world, requires_confirmation=True)
    _, booked, again = pages_of(post, path)
    assert "This page shows when it is." in booked
    assert "in your mail" in again
    own(post, kind="requested", locale=None, is_off=True)
    path, _ = offered(post.world, requires_confirmation=True)
    assert "in your mail" not in pages_of(post, path)[2]


def test_a_mail_that_is_off_in_one_language_is_promised_in_others(post: Post) -> None:
    own(post, locale="de", is_off=True)
    assert "The details go to" in pages_of(post, offered(post.world)[0])[1]
    form, booked, _ = pages_of(post, offered(post.world)[0], "de-AT")
    assert "Dorthin geht die Bestätigung." not in form
    assert "Ihr Termin ist gebucht" in booked
    assert "gehen an" not in booked
