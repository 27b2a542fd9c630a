"""The values of the placeholders in an organization's own words."""

from kalends.availability.wallclock import wall_clock
from kalends.domain.placeholders import Placeholder
from kalends.formats.mails.facts import BookingMail, host_names, previous_time, reason_of, span_of
from kalends.formats.mails.own_words import Values, short_value
from kalends.formats.times import clock_text, full_day


def values_of(mail: BookingMail) -> Values:
    """The values as texts, in the reader's language and on the reader's clock; empty if there is
    none."""
    booking, locale = mail.booking, mail.locale
    start, end = (
        wall_clock(int(moment.timestamp()), mail.reader_zone)
        for moment in (booking.start_time, booking.end_time)
    )
    values = {
        Placeholder.ATTENDEE_NAME: mail.who,
        Placeholder.ATTENDEE_EMAIL: booking.attendee.email or "",
        Placeholder.ATTENDEE_PHONE: booking.attendee.phone or "",
        Placeholder.ORGANIZATION_NAME: mail.organization,
        Placeholder.BOOKING_ID: booking.id,
        Placeholder.BOOKING_TITLE: mail.title,
        Placeholder.BOOKING_WHEN: span_of(mail, booking),
        Placeholder.BOOKING_BEFORE: previous_time(mail),
        Placeholder.BOOKING_DATE: full_day(start.date(), locale),
        Placeholder.BOOKING_START: clock_text(start.hour * 60 + start.minute, locale),
        Placeholder.BOOKING_END: clock_text(end.hour * 60 + end.minute, locale),
        Placeholder.BOOKING_PLACE: mail.place_words or "",
        Placeholder.BOOKING_HOSTS: host_names(booking),
        Placeholder.BOOKING_REASON: reason_of(mail),
    }
    return {name: short_value(value) for name, value in values.items()}
