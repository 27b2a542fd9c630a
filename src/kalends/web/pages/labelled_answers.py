"""What an attendee answered, as pages show it."""

from kalends.domain.booking import Booking
from kalends.domain.event_type import EventType
from kalends.formats.answers import LabelledAnswer, label_answers


def answers_of(booking: Booking, event_type: EventType | None) -> list[LabelledAnswer]:
    """Each answer under its question; what is not asked any more goes by its key, readable."""
    questions = event_type.questions if event_type else []
    return label_answers(booking.answers, questions)
