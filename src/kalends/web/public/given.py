"""Values that the URL of a page gives for its form: details to prefill, and the campaign (`utm_*`)
that visitors come from. They are carried from page to page in the URL, up to the booking."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kalends.domain.event_type import EventType, Question, QuestionType
from kalends.web.pages.booking_form import ABOUT_ATTENDEE, NO, YES, field_of
from kalends.web.pages.forms import FormFields

UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LONGEST_UTM: Final = 200
# In characters. Each link of a page carries all values, so a longer one is left out as a whole.
LONGEST_VALUE: Final = 500
LONGEST_IN_ALL: Final = 2_000
# Parameters of our own: a question with such a key cannot be prefilled by the URL.
OURS: Final = frozenset(
    {"booked", "day", "done", "embed", "hold", "host", "month", "moved", "start", "timezone"}
    | {"with", *ABOUT_ATTENDEE, *UTM}
)
_TICKS: Final[Mapping[str, str]] = {
    "yes": YES,
    "true": YES,
    "1": YES,
    "no": NO,
    "false": NO,
    "0": NO,
}
Given = Sequence[tuple[str, str]]


def given_in(query: FormFields, questions: Sequence[Question] = ()) -> Given:
    """The values by name, as the URL has them."""
    campaign = [(name, value) for name, value in campaign_in(query).items()]
    known = [*ABOUT_ATTENDEE, *(one.key for one in questions if _may_be_given(one))]
    given, room = campaign, LONGEST_IN_ALL
    for name in dict.fromkeys(known):
        for value in query.all_of(name):
            if value.strip() and len(value) <= min(LONGEST_VALUE, room):
                given.append((name, value))
                room -= len(value)
    return given


def campaign_in(query: FormFields) -> dict[str, str]:
    """Those of the five `utm_*` parameters that are given, each cut to its maximal length."""
    values = {name: _printable(query.text(name))[:LONGEST_UTM] for name in UTM}
    return {name: value for name, value in values.items() if value}


def begin_form(given: Given, event_type: EventType, typed: FormFields) -> FormFields:
    """The form, prefilled from the URL except for fields in which something was typed."""
    missing = [pair for pair in _fields_of(given, event_type) if not typed.get(pair[0])]
    kept = [(name, value) for name in typed for value in typed.all_of(name)]
    return FormFields([*missing, *kept])


def _fields_of(given: Given, event_type: EventType) -> Iterator[tuple[str, str]]:
    questions = {one.key: one for one in event_type.questions if _may_be_given(one)}
    for name, value in given:
        if name in ABOUT_ATTENDEE:
            yield name, value
        elif (question := questions.get(name)) is not None:
            is_tick = question.type is QuestionType.BOOLEAN
            yield field_of(question), _TICKS.get(value.lower(), "") if is_tick else value


def _may_be_given(question: Question) -> bool:
    """Whether a URL may answer the question; a consent has to be given by the attendee."""
    return question.type is not QuestionType.CONSENT and question.key not in OURS


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
