"""The agenda: the mail with the bookings of a user's day."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from babel import Locale
from msgspec import Struct

from kalends.availability.wallclock import Zone, local_day, wall_clock
from kalends.domain.agenda import MailedBooking
from kalends.domain.booking import Status
from kalends.domain.location import visible_location
from kalends.formats.cleaning import one_line
from kalends.formats.mails.letters import Button, Content, LetterRow, Sentence
from kalends.formats.mails.messages import Message, write_message
from kalends.formats.mails.organization_mail import ReaderMail, letter_of
from kalends.formats.mails.wording import LOCATION_TYPES
from kalends.formats.times import clock_text, full_day, known_zone
from kalends.translation import (
    gettext,
    gettext_lazy,
    in_language,
    ngettext,
)

_TO_BE_CONFIRMED: Final = gettext_lazy("It still has to be confirmed.")
_WHY: Final = gettext_lazy(
    "You get this mail because of your appointments at {organization}. You choose in the console, "
    "under “Your notifications”, when it is sent."
)
_MORE: Final = gettext_lazy("There is more: the calendar shows the whole day.")


class AgendaMail(ReaderMail, frozen=True, kw_only=True):
    """The bookings of a day in the zone `reader_zone`. `has_more` says that these are not all.
    Without a `calendar_url` the mail has no link."""

    day: date
    reader_zone: str
    bookings: Sequence[MailedBooking]
    has_more: bool
    calendar_url: str | None


class _Reader(Struct, frozen=True):
    """How times are written for a mail's reader."""

    zone: Zone
    locale: Locale


def agenda_message(mail: AgendaMail) -> Message:
    """The mail in the reader's language; deterministic, so that each attempt sends the same."""
    with in_language(mail.language):
        return write_agenda_message(mail)


def write_agenda_message(mail: AgendaMail) -> Message:
    """The mail in the language of the context."""
    locale = mail.writing
    reader = _Reader(known_zone(mail.reader_zone), locale)
    organization = one_line(mail.organization_name)
    day, count = full_day(mail.day, locale), len(mail.bookings)
    counted = ngettext("{number} appointment", "{number} appointments", count)
    content = Content(
        heading=gettext("{label}: {value}", label=day, value=counted),
        paragraphs=(Sentence(_MORE),) if mail.has_more else (),
        rows=tuple(LetterRow(_span(b, mail.day, reader), _facts(b)) for b in mail.bookings),
        button=_button(mail),
        closing=(Sentence(_WHY, {"organization": organization}),),
    )
    return write_message(letter_of(mail, gettext("Your day: {day}", day=day), content))


def _button(mail: AgendaMail) -> Button | None:
    if mail.calendar_url is None:
        return None
    return Button(gettext("Open the calendar"), mail.calendar_url)


def _span(booking: MailedBooking, day: date, reader: _Reader) -> str:
    """`10:00–11:00`; a time on another day has that day too."""
    ends = (int(booking.start_time.timestamp()), int(booking.end_time.timestamp()))
    return "–".join(_time(instant, day, reader) for instant in ends)


def _time(instant: int, day: date, reader: _Reader) -> str:
    local = wall_clock(instant, reader.zone)
    text = clock_text(local.hour * 60 + local.minute, reader.locale)
    own_day = local_day(instant, reader.zone)
    return text if own_day == day else f"{full_day(own_day, reader.locale)}, {text}"


def _facts(booking: MailedBooking) -> str:
    """Attendee, title, location and phone number, each on a line."""
    kind = booking.location_type or ""
    place = visible_location(booking.status, booking.location, booking.location_type)
    lines = (
        booking.attendee_name,
        booking.title or "",
        place or str(LOCATION_TYPES.get(kind, "")),
        booking.attendee_phone or "",
        str(_TO_BE_CONFIRMED) if booking.status == Status.PENDING else "",
    )
    return "\n".join(cleaned for line in lines if (cleaned := one_line(line)))
