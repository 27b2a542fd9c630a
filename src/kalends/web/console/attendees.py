"""Reads attendee, title and location from a form of the console, with a fault for each field."""

from dataclasses import dataclass, field
from typing import Any, Final

from kalends.domain.booking import LocationType
from kalends.domain.values import Line, Name, Phone, Text, is_email
from kalends.web.pages.booking_form import is_accepted
from kalends.web.pages.clock_words import find_zone
from kalends.web.pages.faults import EMAIL_MISSING, EMAIL_WRONG, NAME_MISSING, NO_ZONE, UNFIT
from kalends.web.pages.forms import FormFields

_KINDS: Final[dict[str, Any]] = {
    "name": Name,
    "phone": Phone,
    "notes": Text,
    "title": Line,
    "location": Line,
}


@dataclass
class Details:
    """The values, with None for an empty field, and the faults by the names of their fields."""

    name: str
    email: str
    phone: str | None
    timezone: str | None
    notes: str | None
    title: str | None
    location: str | None
    location_type: LocationType | None
    faults: dict[str, str] = field(default_factory=dict)

    def of_attendee(self) -> dict[str, Any]:
        """The values about the attendee, by name."""
        names = ("name", "email", "phone", "timezone", "notes")
        return {name: getattr(self, name) for name in names}

    def of_place(self) -> dict[str, Any]:
        """The values about title and location, by name."""
        return {name: getattr(self, name) for name in ("title", "location", "location_type")}


def read_details(form: FormFields) -> Details:
    faults = {
        name: str(UNFIT)
        for name, kind in _KINDS.items()
        if form.text(name) and not is_accepted(form.text(name), kind)
    }
    email = form.text("email")
    if not form.text("name"):
        faults["name"] = str(NAME_MISSING)
    if not is_email(email):
        faults["email"] = str(EMAIL_WRONG) if email else str(EMAIL_MISSING)
    if form.text("timezone") and find_zone(form.text("timezone")) is None:
        faults["timezone"] = str(NO_ZONE)
    kinds = {kind.value: kind for kind in LocationType}
    return Details(
        name=form.text("name"),
        email=email,
        phone=form.text("phone") or None,
        timezone=form.text("timezone") or None,
        notes=form.text("notes") or None,
        title=form.text("title") or None,
        location=form.text("location") or None,
        location_type=kinds.get(form.text("location_type")),
        faults=faults,
    )
