"""What an attendee answered, as staff read it."""

from typing import Any

from msgspec import json

from kalends.domain.booking import Booking
from kalends.domain.event_type import EventType
from kalends.web.pages.words import say


def answers_of(booking: Booking, event_type: EventType | None) -> list[tuple[str, str]]:
    """Each question with its answer; what is not asked any more goes by its key."""
    asked = event_type.questions if event_type else []
    labels = {question.key: question.plain_label for question in asked}
    answers: dict[str, Any] = json.decode(booking.answers)
    return [(labels.get(key, key), _as_text(answer)) for key, answer in answers.items()]


def _as_text(answer: Any) -> str:
    if isinstance(answer, bool):
        return say("form.yes" if answer else "form.no")
    return ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)
