"""The input of a mail about a booking, and the facts that the mail lists."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from babel import Locale
from msgspec import Struct, structs

from kalends.availability.wallclock import Zone
from kalends.domain.booking import LocationType, Status
from kalends.domain.event_type import EventTypeTexts, Question
from kalends.domain.location import is_in_person, visible_location
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import OwnWords
from kalends.domain.translations import ORIGINAL, questions_in, title_in
from kalends.formats.answers import label_answers
from kalends.formats.bookings import BookingBody
from kalends.formats.cleaning import find_link, many_lines, one_line
from kalends.formats.locales import locale_for
from kalends.formats.mails.letters import Button, LetterRow
from kalends.formats.mails.organization_mail import OrganizationMail
from kalends.formats.mails.page import MailPicture
from kalends.formats.mails.wording import CHANGE, LINK_COMES, LOCATION_TYPES, ONLINE, REASONS
from kalends.formats.once import once
from kalends.formats.times import known_zone, span_text
from kalends.translation import gettext, language_for, pgettext

ENDINGS: Final = frozenset({MailKind.CANCELLED, MailKind.WITHDRAWN})
# The kinds of mail that say what the booking was before.
CHANGES: Final = frozenset({MailKind.RESCHEDULED, MailKind.UPDATED})


class MailedUser(Struct, frozen=True):
    """The user who receives a mail, for the organization or as a host: the id, the language (BCP
    47) and the zone (IANA), each None if it is not known."""

    id: str | None = None
    locale: str | None = None
    zone: str | None = None


class BookingMail(OrganizationMail, frozen=True, kw_only=True, dict=True):
    """The input of a mail about a booking.

    `sequence` is the number of the booking's changes, and `happened_at` is when the change happened
    (for a reminder, when it was due). The attendee's zone and language are in the booking;
    `place_zone` is that of its first schedule. `manage_url` opens the booking to anybody who has
    it, so only the attendee's mail contains it; `changeable_until` is until when it can change the
    booking. `before` is the booking as the recipient last read it. `organization_locale` is the
    language (BCP 47) for readers whose own is not known. `host_photos` are the photos of the hosts.
    `user` is the recipient, unless that is the attendee. `own_words` are the organization's for
    such a mail, and `texts` the event type's in the reader's language. `now_is` is the status when
    the mail is written, which may be later than its event.

    Derived properties are computed once, in the language of the context of their first use.
    """

    kind: MailKind
    audience: Audience
    booking: BookingBody
    before: BookingBody | None = None
    now_is: Status | None = None
    sequence: int
    event_type_name: str | None = None
    questions: Sequence[Question] = ()
    texts: EventTypeTexts = ORIGINAL
    place_zone: str | None = None
    organization_email: str | None = None
    organization_locale: str | None = None
    host_photos: tuple[MailPicture, ...] = ()
    user: MailedUser = MailedUser()
    manage_url: str | None = None
    changeable_until: datetime | None = None
    own_words: OwnWords | None = None
    has_invitation: bool = True

    @once
    def is_for_attendee(self) -> bool:
        return self.audience == Audience.ATTENDEE

    @once
    def is_for_host(self) -> bool:
        return self.audience == Audience.HOST

    @once
    def is_ending(self) -> bool:
        """Whether the recipient does not have the appointment any more."""
        return self.kind in ENDINGS

    @once
    def reader_zone(self) -> Zone:
        """The zone in which the mail has its times; that of the place, if the attendee comes to
        one."""
        booking = self.booking
        if is_in_person(booking.location_type):
            return known_zone(self.place_zone, booking.timezone)
        if self.is_for_attendee:
            return known_zone(booking.attendee.timezone, booking.timezone)
        if self.is_for_host:
            return known_zone(self.user.zone, self.place_zone, self.zone, booking.timezone)
        return known_zone(self.zone, booking.timezone)

    @once
    def locale(self) -> Locale:
        """The locale in which dates and times are written. The organization, and an attendee whose
        language is not known, have the clock of the organization's country."""
        return locale_for(self._reader, self.language, self.country)

    @once
    def language(self) -> str:
        """The language of the mail's words: the reader's, if that has a catalogue."""
        return language_for([self._reader])

    @property
    def _reader(self) -> str | None:
        """The reader's language (BCP 47), if it is known, else the organization's."""
        own = self.booking.attendee.locale if self.is_for_attendee else self.user.locale
        return own or self.organization_locale

    @once
    def organization(self) -> str:
        return one_line(self.organization_name) or "Kalends"

    @once
    def who(self) -> str:
        """The attendee's name."""
        return one_line(self.booking.attendee_name) or self.booking.attendee_email

    @once
    def reader_name(self) -> str:
        """The name by which the mail addresses its recipient; for a host, the public name."""
        if self.is_for_attendee:
            return self.who
        if not self.is_for_host:
            return self.organization
        bookings = (self.booking, self.before) if self.before else (self.booking,)
        named = (h.name for b in bookings for h in b.hosts if h.user_id == self.user.id)
        return one_line(next(named, ""))

    @once
    def title(self) -> str:
        own_title = one_line(self.booking.title or "") or one_line(self.event_type_name or "")
        own_title = one_line(title_in(own_title, self.event_type_name, self.texts))
        return own_title or gettext(
            "Appointment with {organization}", organization=self.organization
        )

    @once
    def place(self) -> str | None:
        """The location, if the reader may know it, or at least its type."""
        kind = self.booking.location_type
        if location := one_line(self.booking.location or ""):
            return location if self._is_place_told else str(LOCATION_TYPES.get(kind or "", ONLINE))
        return str(LOCATION_TYPES[kind]) if kind in LOCATION_TYPES else None

    @once
    def place_words(self) -> str | None:
        """The location, with a note if its link is still to come."""
        if self.is_ending or self.booking.status != Status.PENDING or self._is_place_told:
            return self.place
        return LINK_COMES.format(place=self.place)

    @once
    def change_button(self) -> Button | None:
        if self.is_for_attendee and self.manage_url and not self.is_ending:
            return Button(str(CHANGE), self.manage_url)
        return None

    @once
    def _is_place_told(self) -> bool:
        booking = self.booking
        statuses = [Status.CANCELLED] if self.is_ending else [booking.status, self.now_is]
        return all(
            visible_location(status, booking.location, booking.location_type) == booking.location
            for status in statuses
            if status is not None
        )


def host_names(booking: BookingBody) -> str:
    """The public names of the booking's hosts; empty if it has none."""
    return ", ".join(one_line(host.name) for host in booking.hosts)


def user_ids_of(booking: BookingBody) -> frozenset[str]:
    """The ids of the users who are the booking's hosts."""
    return frozenset(host.user_id for host in booking.hosts)


def is_with_others(before: BookingBody, after: BookingBody) -> bool:
    """Whether the booking has other hosts than before; changed names do not count."""
    return {host.schedule_id for host in before.hosts} != {host.schedule_id for host in after.hosts}


def is_new_time_wanted(before: BookingBody, after: BookingBody) -> bool:
    """Whether the attendee is now asked to choose another time, and was not before."""
    return after.needs_new_time and not before.needs_new_time


def rows_of(mail: BookingMail, details: Sequence[LetterRow]) -> tuple[LetterRow, ...]:
    """All facts in the mail; `details` are its `detail_rows`."""
    booking = mail.booking
    place = mail.place_words
    rows = [
        LetterRow(gettext("What"), mail.title),
        LetterRow(gettext("When"), span_of(mail, booking)),
        LetterRow(gettext("Instead of"), previous_time(mail)),
        LetterRow(gettext("Where"), place or "", find_link(place or "")),
    ]
    return (*_cleaned(rows), *details, LetterRow(gettext("Booking"), booking.id))


def detail_rows(mail: BookingMail) -> list[LetterRow]:
    """The facts beside title, time and location, which calendars show too."""
    if mail.kind == MailKind.WITHDRAWN:
        return []  # whoever reads that address now may not be the attendee
    booking = mail.booking
    rows = [
        LetterRow(gettext("Reason"), reason_of(mail)),
        LetterRow(pgettext("hosts", "With"), host_names(booking), photos=mail.host_photos),
    ]
    if not mail.is_for_attendee:
        attendee = booking.attendee
        rows.append(LetterRow(gettext("Attendee"), mail.who))
        rows.append(LetterRow(gettext("E-mail"), attendee.email))
        rows.append(LetterRow(gettext("Phone"), attendee.phone or ""))
    elif booking.location_type == LocationType.PHONE:
        rows.append(LetterRow(gettext("Phone"), booking.attendee.phone or ""))
    rows.append(LetterRow(gettext("Notes"), booking.attendee.notes or ""))
    answered = label_answers(booking.answers, questions_in(mail.questions, mail.texts))
    rows += (LetterRow(one_line(answer.label), answer.text) for answer in answered)
    return list(_cleaned(rows))


def changed_facts(mail: BookingMail) -> list[str]:
    """The names of the facts that have changed, except for the time."""
    if mail.before is None or mail.kind not in CHANGES:
        return []
    was = _facts_but_time(structs.replace(mail, booking=mail.before))
    became = _facts_but_time(mail)
    differing = [fact for fact in became if fact not in was]
    differing += (fact for fact in was if fact not in became)
    return list(dict.fromkeys(name for name, _ in differing))


def _facts_but_time(mail: BookingMail) -> list[tuple[str, str]]:
    facts = [
        (gettext("What"), mail.title),
        (gettext("Time zone"), mail.reader_zone.name),
        (gettext("Where"), mail.place_words or ""),
        (gettext("Name"), mail.who if mail.is_for_attendee else ""),
    ]
    return facts + [(row.label, row.value) for row in detail_rows(mail)]


def _cleaned(rows: Sequence[LetterRow]) -> Iterator[LetterRow]:
    for row in rows:
        if value := many_lines(row.value):
            yield row if value == row.value else structs.replace(row, value=value)


def previous_time(mail: BookingMail) -> str:
    """The time before a change of the time; else empty."""
    before, booking = mail.before, mail.booking
    if mail.kind not in CHANGES or before is None:
        return ""
    if (before.start_time, before.end_time) == (booking.start_time, booking.end_time):
        return ""
    return span_of(mail, before)


def span_of(mail: BookingMail, booking: BookingBody) -> str:
    """The time of the booking, on the reader's clock."""
    return span_text(booking.start_time, booking.end_time, mail.reader_zone, mail.locale)


def reason_of(mail: BookingMail) -> str:
    """The reason of the cancellation, if one was given."""
    reason = mail.booking.cancellation_reason
    if mail.kind != MailKind.CANCELLED or reason is None:
        return ""
    return str(REASONS.get(reason, reason))
