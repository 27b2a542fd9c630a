"""What the address of a page gives for its form: details to begin with, and where visitors come
from. It goes along from page to page in the address, and no further than the booking."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kalends.domain.event_type import EventType, Question, QuestionType
from kalends.web.pages.booking_form import ABOUT_ATTENDEE, NO, YES, field_of
from kalends.web.pages.forms import FormFields

UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LONGEST_UTM: Final = 200
# Each link of a page carries all of it: what is longer is left out, whole. In characters.
LONGEST_VALUE: Final = 500
LONGEST_IN_ALL: Final = 2_000
# A question of such a name cannot be answered in the address.
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
    """Names with their values, as they stand in the address."""
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
    """The five `utm_*` that are there, each cut to its longest."""
    values = {name: _printable(query.text(name))[:LONGEST_UTM] for name in UTM}
    return {name: value for name, value in values.items() if value}


def begin_form(given: Given, event_type: EventType, typed: FormFields) -> FormFields:
    """The fields of the form as the address gives them, but for those that somebody has typed."""
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
    """A consent that a link has ticked would be none."""
    return question.type is not QuestionType.CONSENT and question.key not in OURS


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
