"""Mail about bookings: its parts, its headers, its words, and what a hostile name does to it."""

from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from icalendar import Calendar
from msgspec import structs

from kalends.domain.booking import LocationType, Status
from kalends.domain.mail import Audience, MailKind
from kalends.formats.bookings import HostBody
from kalends.formats.cleaning import one_line, shortened
from kalends.formats.mails.bookings import booking_message, letter_about
from kalends.formats.mails.facts import BookingMail
from kalends.formats.mails.headers import LONGEST_NAME
from kalends.formats.mails.letters import write_html, write_text
from kalends.formats.mails.messages import message_as_text
from kalends.formats.mails.page import MailLook, MailPicture
from tests.formats.samples import CHANGED, NOON, booking, booking_mail
from tests.formats.strategies import WITHOUT_HURRY, hostile

# Those that hear of bookings.
AUDIENCES = (Audience.ATTENDEE, Audience.ORGANIZATION)

TAGS = {"head", "meta", "title", "style", "body", "table", "tr", "td", "h1", "p", "div", "bdi"}
HEADERS = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]


class Elements(HTMLParser):
    """The elements of a page, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str | None] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src")]


def parsed(mail: BookingMail) -> EmailMessage:
    """The message as a mail program reads it; it finds nothing wrong with it."""
    content = booking_message(mail).content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    message = message_from_string(content.decode(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    return message


def body_of(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def text_of(mail: BookingMail) -> str:
    return body_of(parsed(mail), "plain")


def page_of(mail: BookingMail) -> str:
    return body_of(parsed(mail), "html")


def calendar_of(mail: BookingMail) -> Any:
    (part,) = (each for each in parsed(mail).walk() if each.get_content_subtype() == "calendar")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Calendar.from_ical(content)


def event_of(mail: BookingMail) -> Any:
    (event,) = calendar_of(mail).events
    return event


def test_the_invitation_is_an_alternative_and_a_file() -> None:
    message = parsed(booking_mail())
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_, alternative, file = message.walk()
    assert alternative["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert file.get_filename() == "invite.ics"
    assert file.get_payload(decode=True) == alternative.get_payload(decode=True)


def test_the_attendees_mail_comes_from_the_organization_and_can_be_answered() -> None:
    message = parsed(booking_mail())
    assert list(message) == HEADERS
    assert str(message["From"]) == "Praxis Müller <kalends@praxis.example>"
    assert str(message["To"]) == "Jane Doe <jane@example.com>"
    assert str(message["Reply-To"]) == "Praxis Müller <desk@praxis.example>"
    assert message["Subject"] == "Confirmed: Consultation, Tue 1 Dec 2026, 10:00"
    assert message["Date"].datetime == CHANGED
    assert message["Message-ID"] == "<ml_1.1@kalends.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_without_an_address_of_the_organization_there_is_no_reply_to() -> None:
    mail = booking_mail(organization_email=None)
    assert parsed(mail)["Reply-To"] is None
    assert "Reply" not in text_of(mail)


def test_the_organizations_mail_names_the_attendee_without_the_secret_link() -> None:
    body = booking(
        attendee={"phone": "+49 30 1234", "notes": "Bring\nthe dog"},
        answers={"topic": ["teeth", "tongue"], "first_visit": True, "left_out": None},
    )
    mail = booking_mail(booking=body, audience=Audience.ORGANIZATION, recipient="desk@x.example")
    text = text_of(mail)
    for line in (
        "Attendee: Jane Doe",
        "E-mail: jane@example.com",
        "Phone: +49 30 1234",
        "Notes: Bring\n    the dog",
        "Topic: teeth, tongue",
        "First visit: Yes",
    ):
        assert line in text
    assert "T0ken" not in text + page_of(mail) + str(event_of(mail)["DESCRIPTION"])
    assert "left_out" not in text
    assert parsed(mail)["Subject"].startswith("Confirmed: Jane Doe, Consultation, ")
    assert str(parsed(mail)["Reply-To"]) == "Jane Doe <jane@example.com>"


def test_each_calendar_finds_its_owner_among_the_attendees() -> None:
    to_attendee = event_of(booking_mail())
    to_desk = event_of(
        booking_mail(audience=Audience.ORGANIZATION, recipient="desk@praxis.example")
    )
    assert str(to_attendee["ATTENDEE"]) == "mailto:jane@example.com"
    assert [str(each) for each in to_desk["ATTENDEE"]] == [
        "mailto:jane@example.com",
        "mailto:desk@praxis.example",
    ]
    assert to_attendee["ORGANIZER"] == to_desk["ORGANIZER"] == "mailto:kalends@praxis.example"
    assert to_attendee["UID"] == to_desk["UID"] == "bk_0352lF5NnllfIJ66lPpfc3@kalends"


@pytest.mark.parametrize(
    ("kind", "booked", "method", "status"),
    [
        (MailKind.REQUESTED, Status.PENDING, "REQUEST", "TENTATIVE"),
        (MailKind.CONFIRMED, Status.CONFIRMED, "REQUEST", "CONFIRMED"),
        (MailKind.RESCHEDULED, Status.PENDING, "REQUEST", "TENTATIVE"),
        (MailKind.RESCHEDULED, Status.CONFIRMED, "REQUEST", "CONFIRMED"),
        (MailKind.REMINDER, Status.CONFIRMED, "REQUEST", "CONFIRMED"),
        (MailKind.UPDATED, Status.CONFIRMED, "REQUEST", "CONFIRMED"),
        (MailKind.CANCELLED, Status.CANCELLED, "CANCEL", "CANCELLED"),
    ],
)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_each_kind_asks_the_calendar_for_what_happened(
    kind: MailKind, booked: Status, method: str, status: str, audience: Audience
) -> None:
    mail = booking_mail(kind=kind, audience=audience, booking=booking(status=booked), sequence=7)
    (part,) = (each for each in parsed(mail).walk() if each.get_content_subtype() == "calendar")
    event = event_of(mail)
    assert part["Content-Type"].params["method"] == calendar_of(mail)["METHOD"] == method
    assert (event["STATUS"], event["SEQUENCE"]) == (status, 7)


def test_a_retry_is_the_same_message() -> None:
    assert booking_message(booking_mail()) == booking_message(booking_mail())


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "when"),
    [
        (
            "Europe/Berlin",
            "2026-12-01T09:00",
            60,
            "Tuesday, 1 December 2026, 10:00 to 11:00 (Europe/Berlin, GMT+1)",
        ),
        ("UTC", "2026-12-01T09:00", 60, "Tuesday, 1 December 2026, 09:00 to 10:00 (UTC)"),
        (
            "Asia/Kathmandu",
            "2026-12-01T17:45",
            60,
            "Tuesday, 1 December 2026, 23:30 to Wednesday, 2 December 2026, 00:30 "
            "(Asia/Kathmandu, GMT+5:45)",
        ),
        (
            "Europe/Berlin",
            "2026-10-25T00:15",
            60,
            "Sunday, 25 October 2026, 02:15 (GMT+2) to 02:15 (GMT+1) (Europe/Berlin)",
        ),
        (
            "Europe/Berlin",
            "2026-10-25T01:00",
            30,
            "Sunday, 25 October 2026, 02:00 (GMT+1) to 02:30 (GMT+1) (Europe/Berlin)",
        ),
        (
            "America/St_Johns",
            "2026-12-01T17:30",
            30,
            "Tuesday, 1 December 2026, 14:00 to 14:30 (America/St_Johns, GMT-3:30)",
        ),
        (
            "Europe/London",
            "2026-12-01T09:00",
            30,
            "Tuesday, 1 December 2026, 09:00 to 09:30 (Europe/London, GMT)",
        ),
        (
            "Australia/Sydney",
            "2199-12-31T12:30",
            30,
            "Tuesday, 31 December 2199, 23:30 to Wednesday, 1 January 2200, 00:00 "
            "(Australia/Sydney, GMT+11)",
        ),
    ],
)
def test_times_are_in_the_attendees_zone_and_name_it(
    zone: str, start: str, minutes: int, when: str
) -> None:
    starts_at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    mail = booking_mail(
        booking=booking(
            start_time=starts_at,
            end_time=starts_at + timedelta(minutes=minutes),
            attendee={"timezone": zone},
        )
    )
    assert f"When: {when}\n" in text_of(mail)
    assert when in page_of(mail)


def test_zones_fall_back_to_the_bookings_and_the_organization_reads_its_own() -> None:
    unknown = booking(attendee={"timezone": "Mars/Olympus"}, timezone="Asia/Kolkata")
    assert "14:30 to 15:30 (Asia/Kolkata" in text_of(booking_mail(booking=unknown))
    to_desk = booking_mail(booking=unknown, audience=Audience.ORGANIZATION, zone="Europe/Lisbon")
    assert "09:00 to 10:00 (Europe/Lisbon, GMT)" in text_of(to_desk)


def test_a_reschedule_mail_has_both_times_and_a_pending_status() -> None:
    mail = booking_mail(
        kind=MailKind.RESCHEDULED,
        booking=booking(status=Status.PENDING),
        before=booking(status=Status.PENDING, start_time=NOON - timedelta(days=1)),
    )
    text = text_of(mail)
    assert "Instead of: Monday, 30 November 2026, 10:00 to 11:00 (Europe/Berlin, GMT+1)" in text
    assert "It still has to be confirmed." in text


def test_a_cancellation_gives_its_reason_and_offers_nothing() -> None:
    cancelled = {"kind": MailKind.CANCELLED}
    given_reason = booking(status=Status.CANCELLED, cancellation_reason="Closed for snow")
    expired = booking(status=Status.CANCELLED, cancellation_reason="expired")
    text = text_of(booking_mail(booking=given_reason, **cancelled))
    assert "Reason: Closed for snow" in text
    assert "T0ken" not in text
    assert "Reason: It was not confirmed in time." in text_of(
        booking_mail(booking=expired, **cancelled)
    )


@pytest.mark.parametrize(
    ("location", "link"),
    [
        ("https://meet.example/room?a=1&b=2", "https://meet.example/room?a=1&b=2"),
        ("tel:+49301234", "tel:+49301234"),
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)//https://meet.example", None),
        ("data:text/html,<script>", None),
        ("https://bank.example@evil.example/", None),
        ("https:///nowhere", None),
        ("https://meet.example/ a", None),
        ('https://meet.example/"onclick="x', None),
        ("https://[bad", None),
        ("Room 5, https://meet.example", None),
    ],
)
def test_a_location_is_a_link_only_if_it_is_a_safe_one(location: str, link: str | None) -> None:
    mail = booking_mail(booking=booking(location=location), manage_url=None)
    elements = Elements(page_of(mail))
    assert elements.links == ([link] if link else [])
    url = event_of(mail).get("URL")
    assert url == (link if link and link.startswith("https") else None)
    assert event_of(mail)["LOCATION"] == location


def test_nothing_but_a_location_becomes_a_link() -> None:
    link = "https://evil.example/"
    body = booking(title=link, answers={"site": link}, attendee={"name": link, "notes": link})
    mail = booking_mail(booking=body, audience=Audience.ORGANIZATION)
    assert link in page_of(mail)
    assert Elements(page_of(mail)).links == []


def test_without_a_location_its_kind_is_written() -> None:
    assert "Where: By phone" in text_of(
        booking_mail(booking=booking(location_type=LocationType.PHONE))
    )


@WITHOUT_HURRY
@given(hostile, hostile, hostile)
def test_anything_users_write_is_only_text(name: str, title: str, words: str) -> None:
    body = booking(
        title=title,
        location=words,
        answers={words: words},
        attendee={"name": name, "notes": words},
    )
    for audience in AUDIENCES:
        mail = booking_mail(booking=body, audience=audience, organization_name=name)
        message = parsed(mail)
        assert list(message) == HEADERS
        assert message["Subject"] == booking_message(mail).subject
        assert len(message["To"].addresses) == len(message["From"].addresses) == 1
        assert message["To"].addresses[0].addr_spec == "jane@example.com"
        page = body_of(message, "html")
        elements = Elements(page)
        assert elements.tags <= TAGS | {"html", "a"}
        assert not any(attribute.startswith("on") for attribute in elements.attributes)
        assert all(str(link).startswith(("https:", "http:", "tel:")) for link in elements.links)
        assert not set("\x00\x0b\u2028\u202e") & set(body_of(message, "plain") + page)


@WITHOUT_HURRY
@given(hostile)
def test_a_name_arrives_as_it_is_but_for_controls(name: str) -> None:
    content = booking_message(booking_mail(booking=booking(attendee={"name": name}))).content
    raw = message_from_string(content.decode(), policy=policy.compat32)["To"]
    # Not the newer parser: in Python 3.11 it puts spaces between the words of an encoded name.
    encoded, address = parseaddr(raw.replace("\r\n", ""))
    expected = shortened(one_line(name) or "jane@example.com", LONGEST_NAME)
    assert str(make_header(decode_header(encoded))) == expected
    assert address == "jane@example.com"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("jürgen@example.com", "jürgen@example.com"),
        ("a+b'c=d@example.com", "a+b'c=d@example.com"),
        (".dots.@example.com", ".dots.@example.com"),
        ("a@b＞，＜c＠d.example", "a@b＞，＜c＠d.example"),
        ("a@b>,<c@d.example", "a@b>,<c@d.example"),
    ],
)
def test_addresses_of_other_alphabets_are_written_as_servers_want_them(
    address: str, written: str
) -> None:
    message = parsed(booking_mail(recipient=address))
    (to,) = message["To"].addresses
    assert f"{to.username}@{to.domain}" == written
    assert to.display_name == "Jane Doe"


@WITHOUT_HURRY
@given(hostile, hostile)
def test_any_address_is_one_recipient(local: str, domain: str) -> None:
    content = booking_message(booking_mail(recipient=f"{local[:60]}@{domain[:120]}")).content
    raw = message_from_string(content.decode(), policy=policy.compat32)
    assert list(raw) == HEADERS
    assert len(getaddresses([raw["To"]])) == 1


def test_a_long_title_is_cut_in_the_subject_alone() -> None:
    mail = booking_mail(booking=booking(title="Ä" * 500))
    assert len(parsed(mail)["Subject"]) < 200
    assert "Ä" * 500 in text_of(mail)


def test_a_page_loads_nothing_and_follows_nobody() -> None:
    page = page_of(booking_mail())
    assert Elements(page).links == ["https://praxis.example/b/T0kenT0kenT0kenT0kenT0ken"]
    assert "url(" not in page
    assert "@import" not in page


def test_a_message_is_shown_as_text_without_controls() -> None:
    mail = booking_mail(booking=booking(title="Hearing\x1b[31m test"))
    text = message_as_text(booking_message(mail).content)
    assert text.startswith("From: Praxis Müller <kalends@praxis.example>\nTo: Jane Doe <jane@")
    assert "\n\nYour appointment is confirmed\n" in text
    assert "https://praxis.example/b/T0ken" in text
    assert "\x1b" not in text


def test_short_lines_of_ascii_are_sent_as_they_are() -> None:
    parts = {part.get_content_subtype(): part for part in parsed(ascii_mail()).walk()}
    assert parts["plain"]["Content-Transfer-Encoding"] == "7bit"
    assert parts["html"]["Content-Transfer-Encoding"] == "7bit"


@pytest.mark.parametrize("notes", ["ä", "a" * 999, "--=_2_boundary", "a\tb"])
def test_what_mail_does_not_carry_as_it_is_gets_encoded(notes: str) -> None:
    message = parsed(ascii_mail(booking=booking(attendee={"notes": notes})))
    part = message.get_body(("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == "quoted-printable"
    assert f"Notes: {notes}\n" in body_of(message, "plain")
    assert notes in body_of(message, "html")


def ascii_mail(**changes: Any) -> BookingMail:
    return booking_mail(organization_name="Praxis", **changes)


def test_a_logo_is_on_white_and_says_the_name() -> None:
    logo = MailPicture("https://x.test/a.png", 240, 60, 'Salon "A" & B')
    letter = letter_about(booking_mail(look=MailLook(logo=logo)))
    html = write_html(letter.content, letter.look)
    assert '<img src="https://x.test/a.png" width="240" height="60"' in html
    assert 'alt="Salon &#34;A&#34; &amp; B"' in html
    assert html.index("<img") < html.index("<h1")
    assert "background:#ffffff" in html[html.index("<img") : html.index("<h1")]


def test_a_photo_stands_before_whom_an_appointment_is_with() -> None:
    photo = MailPicture("https://x.test/ada.png", 48, 48, "")
    with_ada = structs.replace(booking(), hosts=[HostBody("sch_1", "usr_1", "Ada Lovelace")])
    letter = letter_about(booking_mail(booking=with_ada, host_photos=(photo,)))
    html = write_html(letter.content, letter.look)
    place = html.index('<img src="https://x.test/ada.png" width="48" height="48" alt=""')
    assert html.index("With") < place < html.index("Ada Lovelace", place)
    assert "ada.png" not in write_text(letter.content)
