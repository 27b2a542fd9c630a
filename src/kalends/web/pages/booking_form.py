"""Reads the booking form that attendees fill in, with a fault for each wrong field."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from kalends.domain.booking import LocationType
from kalends.domain.event_type import EventType, FieldUse, Question, QuestionType, check_answer
from kalends.domain.phones import e164_of
from kalends.domain.values import Name, Phone, Text, is_email
from kalends.formats.inert import without_bidi
from kalends.scheduling.booking_creation import NewAttendee
from kalends.translation import gettext
from kalends.web.pages.faults import EMAIL_MISSING, EMAIL_WRONG, NAME_MISSING, UNFIT
from kalends.web.pages.forms import FormFields

YES: Final = "yes"
NO: Final = "no"
ABOUT_ATTENDEE: Final = ("name", "email", "phone", "notes")


@dataclass
class FilledForm:
    """The parsed values of the form, and its faults by the names of the fields."""

    attendee: NewAttendee
    answers: dict[str, Any]
    faults: dict[str, str] = field(default_factory=dict)


def field_of(question: Question) -> str:
    """The name of a question's field in the form."""
    return f"answer.{question.key}"


def needs_phone(event_type: EventType) -> bool:
    """Whether a phone number is required: the attendee will be called, or the event type asks."""
    is_called = event_type.location_type == LocationType.PHONE
    return is_called or event_type.attendee_fields.phone is FieldUse.REQUIRED


def asks_phone(event_type: EventType) -> bool:
    return needs_phone(event_type) or event_type.attendee_fields.phone is not FieldUse.HIDDEN


def needs_notes(event_type: EventType) -> bool:
    return event_type.attendee_fields.notes is FieldUse.REQUIRED


def asks_notes(event_type: EventType) -> bool:
    return event_type.attendee_fields.notes is not FieldUse.HIDDEN


def typed_values(form: FormFields, event_type: EventType) -> list[tuple[str, str]]:
    """The filled-in values exactly as they were typed, right or wrong."""
    names = [*ABOUT_ATTENDEE, *map(field_of, event_type.questions)]
    return [(name, value) for name in names for value in form.all_of(name)]


def read_booking_form(
    form: FormFields, event_type: EventType, timezone: str, language: str | None
) -> FilledForm:
    """Reads the form into the values of a booking; it was shown in that zone and language."""
    faults: dict[str, str] = {}
    attendee = NewAttendee(
        name=form.text("name"),
        email=form.text("email"),
        phone=form.text("phone") or None if asks_phone(event_type) else None,
        timezone=timezone,
        notes=form.text("notes") or None if asks_notes(event_type) else None,
        locale=language,
    )
    checks: list[tuple[str, str | None, Any]] = [
        ("name", attendee.name, Name),
        ("phone", attendee.phone, Phone),
        ("notes", attendee.notes, Text),
    ]
    for name, value, kind in checks:
        if value and not is_accepted(value, kind):
            faults[name] = str(UNFIT)
    if not attendee.name:
        faults["name"] = str(NAME_MISSING)
    if not is_email(attendee.email):
        faults["email"] = str(EMAIL_WRONG) if attendee.email else str(EMAIL_MISSING)
    if needs_phone(event_type) and not attendee.phone:
        faults["phone"] = gettext("Please tell us the number to call.")
    if needs_notes(event_type) and not attendee.notes:
        faults["notes"] = gettext("Please answer this question.")
    return FilledForm(attendee, _answers(form, event_type, faults), faults)


def _answers(form: FormFields, event_type: EventType, faults: dict[str, str]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for question in event_type.questions:
        name = field_of(question)
        try:
            answer = _READ[question.type](form, name, question)
        except ValueError:
            faults[name] = gettext("Please enter a number.")
            continue
        if answer is None or answer == "" or answer == []:
            if question.required:
                is_consent = question.type is QuestionType.CONSENT
                faults[name] = (
                    gettext("Please tick this: without it the form cannot be sent.")
                    if is_consent
                    else gettext("Please answer this question.")
                )
            continue
        if not _is_answer(question, answer):
            faults[name] = str(UNFIT)
        answers[question.key] = answer
    return answers


def faults_of_numbers(
    filled: FilledForm, event_type: EventType, country: str | None
) -> dict[str, str]:
    """The faults of phone numbers by field. A number without `+` is one of the country. The API
    accepts any number, as its callers may know better; somebody at a form wants to be reachable."""
    typed = {"phone": filled.attendee.phone}
    for question in event_type.questions:
        if question.type is QuestionType.PHONE:
            typed[field_of(question)] = filled.answers.get(question.key)
    return {
        name: gettext(
            "This does not look like a phone number. Please check it; a number of "
            "another country begins with + and the country's code."
        )
        if country or "+" in text
        else gettext(
            "Please write the number with + and the country's code, such as +49 30 901820."
        )
        for name, text in typed.items()
        if text and name not in filled.faults and e164_of(text, country) is None
    }


def _is_answer(question: Question, answer: Any) -> bool:
    if isinstance(answer, str) and not is_accepted(answer, Text):
        return False
    if question.type is QuestionType.EMAIL and not is_email(answer):
        return False
    return check_answer(question, answer) is None


def _number(form: FormFields, name: str, question: Question) -> int | float | None:
    """Raises ValueError."""
    text = form.text(name).replace(",", ".")
    if not text:
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() and "." not in text else number


def _yes_or_no(form: FormFields, name: str, question: Question) -> bool | None:
    return {YES: True, NO: False}.get(form.text(name))


def _consent(form: FormFields, name: str, question: Question) -> bool | None:
    """The answer to a consent; None if it was not given."""
    return True if form.text(name) == YES else None


def _choices(form: FormFields, name: str, question: Question) -> list[str]:
    return [_as_written(chosen, question) for chosen in form.all_of(name)]


def _choice(form: FormFields, name: str, question: Question) -> str:
    return _as_written(form.get(name, ""), question)


def _as_written(chosen: str, question: Question) -> str:
    """The option as the event type has it; pages show options without bidi control characters."""
    options = question.options or []
    return next((option for option in options if without_bidi(option) == chosen), chosen)


def _text(form: FormFields, name: str, question: Question) -> str:
    return form.text(name)


_READ: Final[dict[QuestionType, Callable[[FormFields, str, Question], Any]]] = {
    QuestionType.TEXT: _text,
    QuestionType.TEXTAREA: _text,
    QuestionType.EMAIL: _text,
    QuestionType.PHONE: _text,
    QuestionType.CONSENT: _consent,
    QuestionType.NUMBER: _number,
    QuestionType.BOOLEAN: _yes_or_no,
    QuestionType.SELECT: _choice,
    QuestionType.MULTISELECT: _choices,
}


def is_accepted(text: str, kind: Any) -> bool:
    """Whether the API would accept the text for such a field."""
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True
