"""Who reads what in which language: an attendee by the booking, users and the organization by
what they chose."""

from email.message import EmailMessage
from typing import Any

import httpx

from tests.conftest import run
from tests.mail.posting import Post
from tests.mail.reading import event_in, text_of, to
from tests.web.pages.visitors import Browser, offered
from tests.web.pages.visitors import text_of as text_of_page
from tests.world import tomorrow_at

KARL = "karl@example.com"
ORGANIZATION = "/api/v1/organization"


def in_salon(post: Post, **fields: Any) -> str:
    """A Brazilian salon whose mail goes to its English owner; the path of its page."""
    changes = {"locale": "pt-BR", "country": "BR", "timezone": "America/Sao_Paulo"}
    assert post.world.api.patch(ORGANIZATION, json=changes).status_code == 200
    speaks(post, "en-GB")
    return offered(post.world, **fields)[0]


def speaks(post: Post, locale: str | None) -> None:
    """The language of the admin, to whom the organization's mail goes."""
    chosen = "NULL" if locale is None else f"'{locale}'"
    email = post.world.setup.admin_email
    run(post.home, f"UPDATE users SET locale = {chosen} WHERE email = '{email}'")


def remind(post: Post) -> None:
    organization = post.world.setup.organization_id
    due = f"UPDATE reminders SET remind_at = now() WHERE organization_id = '{organization}'"
    run(post.home, due)


def booked_by_karl(post: Post, path: str, **typed: str) -> httpx.Response:
    with Browser(post.world.url, **{"accept-language": "de-DE,de;q=0.9,en;q=0.5"}) as karl:
        return karl.book(path, tomorrow_at(9), name="Karl", email=KARL, **typed)


def his_and_hers(post: Post) -> tuple[EmailMessage, EmailMessage]:
    """The latest mail to the attendee and to the owner."""
    mails = post.news()
    (his,) = to(mails, KARL)
    (hers,) = to(mails, post.world.setup.admin_email)
    return his, hers


def test_a_german_books_a_brazilian_salon_of_an_english_owner(post: Post) -> None:
    path = in_salon(post)
    page = booked_by_karl(post, path)
    assert 'lang="de"' in page.text
    assert "Ihr Termin ist gebucht" in text_of_page(page)
    his, hers = his_and_hers(post)
    assert str(his["Subject"]).startswith("Bestätigt: ")
    assert "Ihr Termin ist bestätigt" in text_of(his)
    assert "Wann: " in text_of(his)
    assert str(hers["Subject"]).startswith("Confirmed: Karl")
    assert "The appointment with Karl is confirmed." in text_of(hers)
    assert "Diesen Termin absagen oder verschieben:" in text_of(his)
    assert "absagen oder verschieben" in str(event_in(his)["description"])


def test_own_texts_are_in_the_language_of_their_reader(post: Post) -> None:
    size = {"key": "size", "label": "Tamanho?", "type": "select", "options": ["P", "G"]}
    german = {
        "name": "Haarschnitt",
        "questions": {"size": {"label": "Größe?", "options": ["klein", "groß"]}},
    }
    fields = {"name": "Corte", "questions": [size], "translations": {"de": german}}
    path = in_salon(post, reminders_minutes_before=[60], **fields)
    page = booked_by_karl(post, path, answer__size="G")
    assert "Haarschnitt" in text_of_page(page)
    his, hers = his_and_hers(post)
    remind(post)
    (reminder,) = to(post.office.wait_for(4, 90)[2:], KARL)
    for mail in (his, reminder):
        assert "Haarschnitt" in str(mail["Subject"])
        assert "Größe?: groß\n" in text_of(mail)
        assert "Corte" not in text_of(mail)
    assert event_in(his)["summary"] == "Haarschnitt"
    assert "Größe?: groß" in str(event_in(his)["description"])
    assert "Tamanho?: G\n" in text_of(hers)
    assert event_in(hers)["summary"] == "Corte (Karl)"


def test_what_others_change_is_mailed_in_the_attendees_language(post: Post) -> None:
    path = in_salon(post)
    booked_by_karl(post, path)
    his_and_hers(post)
    (booking,) = post.world.api.get("/api/v1/bookings").json()["data"]
    post.patch(booking, start_time=tomorrow_at(11), end_time=tomorrow_at(12))
    his, hers = his_and_hers(post)
    assert "Ihr Termin hat eine neue Zeit" in text_of(his)
    assert "An appointment has a new time" in text_of(hers)


def test_a_reminder_is_in_the_attendees_language(post: Post) -> None:
    path = in_salon(post, reminders_minutes_before=[60])
    booked_by_karl(post, path)
    his_and_hers(post)
    remind(post)
    (his,) = to(post.office.wait_for(4, 90)[2:], KARL)
    assert str(his["Subject"]).startswith("Erinnerung: ")


def test_self_service_is_in_the_language_of_the_booking(post: Post) -> None:
    path = in_salon(post)
    mine = booked_by_karl(post, path).url.path
    his_and_hers(post)
    with Browser(post.world.url, **{"accept-language": "pl"}) as other:
        shown = other.get(mine)
        assert 'lang="de"' in shown.text
        cancelled = other.fill_in(shown, reason="Krank")
        assert "Ihre Buchung wurde abgesagt." in text_of_page(cancelled)
    his, hers = his_and_hers(post)
    assert str(his["Subject"]).startswith("Abgesagt: ")
    assert str(hers["Subject"]).startswith("Cancelled: ")


def test_who_is_not_known_reads_the_organizations_language(post: Post) -> None:
    in_salon(post)
    speaks(post, None)
    post.world.book(post.world.create_schedule(), attendee={"name": "Karl", "email": KARL})
    his, hers = his_and_hers(post)
    assert "Recebemos o seu pedido" in text_of(his)
    assert "Um novo pedido de horário" in text_of(hers)


def test_a_language_without_words_gets_english(post: Post) -> None:
    in_salon(post)
    attendee = {"name": "Karl", "email": KARL, "locale": "sv"}
    post.world.book(post.world.create_schedule(), attendee=attendee)
    his, _ = his_and_hers(post)
    assert "We have your request" in text_of(his)


def test_a_link_for_a_user_is_in_the_users_language(post: Post) -> None:
    in_salon(post)
    speaks(post, "fr-CA")
    with Browser(post.world.url) as visitor:
        visitor.post("/password-reset", data={"email": post.world.setup.admin_email})
    (mail,) = post.office.wait_for(1)
    assert str(mail["Subject"]) == "Choisir un nouveau mot de passe"


def test_an_arabic_mail_runs_from_right_to_left(post: Post) -> None:
    attendee = {"name": "Karl", "email": KARL, "locale": "ar-EG"}
    post.world.book(post.world.create_schedule(), attendee=attendee)
    his, _ = his_and_hers(post)
    body = his.get_body(("html",))
    assert body is not None
    assert '<html lang="ar" dir="rtl">' in body.get_content()
