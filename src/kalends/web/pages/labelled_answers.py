"""An attendee's answers with the labels of their questions, as pages show them."""

from kalends.domain.booking import Booking
from kalends.domain.event_type import EventType
from kalends.formats.answers import LabelledAnswer, label_answers


def answers_of(booking: Booking, event_type: EventType | None) -> list[LabelledAnswer]:
    """Each answer with the label of its question; if that is not asked any more, with its key, made
    readable."""
    questions = event_type.questions if event_type else []
    return label_answers(booking.answers, questions)
