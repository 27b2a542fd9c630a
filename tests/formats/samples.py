"""Bookings and mails for the tests of formats."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kalends.domain.booking import Status
from kalends.domain.mail import Audience, MailKind
from kalends.formats.bookings import Attendee, BookingBody, External
from kalends.formats.mails.facts import BookingMail

NOON = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
CHANGED = datetime(2026, 11, 25, 8, 30, 12, tzinfo=UTC)


def booking(**changes: Any) -> BookingBody:
    """A booking at 10:00 in Berlin; `attendee` is given by its changes, too."""
    attendee = {
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": None,
        "timezone": None,
        "notes": None,
    } | changes.pop("attendee", {})
    start = changes.pop("start_time", NOON)
    values: dict[str, Any] = {
        "id": "bk_0352lF5NnllfIJ66lPpfc3",
        "schedule_id": "sch_1",
        "schedule_ids": ["sch_1"],
        "event_type_id": None,
        "status": Status.CONFIRMED,
        "start_time": start,
        "end_time": start + timedelta(hours=1),
        "timezone": "Europe/Berlin",
        "title": "Consultation",
        "location": None,
        "location_type": None,
        "attendee_name": attendee["name"],
        "attendee_email": attendee["email"],
        "attendee": Attendee(**attendee),
        "answers": {},
        "metadata": {},
        "source": "api",
        "external": External(None, None),
        "conflict": False,
        "cancellation_reason": None,
        "created_at": CHANGED,
        "updated_at": CHANGED,
    }
    return BookingBody(**(values | changes))


def booking_mail(**changes: Any) -> BookingMail:
    """A confirmation for the attendee."""
    body = changes.pop("booking", None) or booking()
    values: dict[str, Any] = {
        "kind": MailKind.CONFIRMED,
        "audience": Audience.ATTENDEE,
        "message_id": "ml_1.1@kalends.example",
        "booking": body,
        "sequence": 1,
        "happened_at": CHANGED,
        "organization_name": "Praxis Müller",
        "organization_email": "desk@praxis.example",
        "sender": "kalends@praxis.example",
        "recipient": body.attendee_email,
        "zone": "Europe/Berlin",
        "manage_url": "https://praxis.example/b/T0kenT0kenT0kenT0kenT0ken",
    }
    return BookingMail(**(values | changes))
