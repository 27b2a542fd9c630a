"""Calendar objects for the tests, as bytes."""

from datetime import UTC, datetime

from kalends.domain.calendars.readings import ReadingWindow

DECEMBER = ReadingWindow(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def event(uid: str, day: str = "20261203", *lines: str, title: str = "Lunch") -> bytes:
    """One hour from nine, UTC, on that day."""
    text = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Kalends//Tests//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20261101T000000Z",
        f"DTSTART:{day}T090000Z",
        f"DTEND:{day}T100000Z",
        f"SUMMARY:{title}",
        *lines,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(text).encode()
