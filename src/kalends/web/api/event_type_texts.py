"""The texts of an event type by language, as the API takes them."""

from collections.abc import Mapping
from typing import Annotated, Final

from kalends.domain.errors import Invalid
from kalends.domain.event_type import EventTypeTexts, QuestionTexts
from kalends.domain.language_tags import LanguageTag
from kalends.domain.values import Label, Name, Text
from kalends.formats.described import about
from kalends.web.http.request_models import RequestModel

MOST_LANGUAGES: Final = 30
# All texts in all languages together: they are loaded whenever the event type is.
MOST_CHARACTERS: Final = 150_000


class QuestionTextsInput(RequestModel, frozen=True):
    """A question in another language. What is null or left out is the original."""

    label: Label | None = None
    options: Annotated[
        list[Name] | None,
        about(
            "The translated choices, as many as the question has and in its order. Answers store "
            "the originals."
        ),
    ] = None


class EventTypeTextsInput(RequestModel, frozen=True):
    """The texts in another language. What is null or left out is the original."""

    name: Label | None = None
    description: Text | None = None
    questions: Annotated[
        dict[str, QuestionTextsInput],
        about(
            "The questions' texts, by the keys of the questions.", {"size": {"label": "Wie groß?"}}
        ),
    ] = {}


TranslationsInput = Annotated[
    dict[str, EventTypeTextsInput],
    about(
        "Its texts by language tag (BCP 47), at most 30. Pages, mails and invitations use the "
        "language of their reader; `de-AT` falls back to `de`. The organization itself reads the "
        "originals. When questions change and `translations` are not given, the translations of "
        "questions that remain are kept; a new option is not translated yet.",
        {"de": {"name": "Beratung"}},
    ),
]


def translations_of(bodies: Mapping[str, EventTypeTextsInput]) -> dict[str, EventTypeTexts]:
    """The texts by canonical language tag. Raises Invalid."""
    if len(bodies) > MOST_LANGUAGES:
        raise Invalid.field("translations", f"must be at most {MOST_LANGUAGES} languages")
    translations: dict[str, EventTypeTexts] = {}
    for text, body in bodies.items():
        tag = _tag(text)
        if tag in translations:
            raise Invalid.field(f"translations.{text}", f"is {tag}, which is given twice")
        translations[tag] = _texts(body)
    if sum(map(_length, translations.values())) > MOST_CHARACTERS:
        raise Invalid.field("translations", f"must have at most {MOST_CHARACTERS} characters")
    return translations


def _tag(text: str) -> str:
    """Raises Invalid."""
    try:
        return str(LanguageTag.parse(text))
    except ValueError as error:
        raise Invalid.field(f"translations.{text[:100]}", str(error)) from None


def _texts(body: EventTypeTextsInput) -> EventTypeTexts:
    """The texts of one language; an empty one stands for the original."""
    questions = {
        key: QuestionTexts(label=one.label or None, options=one.options or None)
        for key, one in body.questions.items()
        if one.label or one.options
    }
    return EventTypeTexts(
        name=body.name or None, description=body.description or None, questions=questions
    )


def _length(texts: EventTypeTexts) -> int:
    questions = texts.questions.items()
    words = [texts.name, texts.description, *(one.label for _, one in questions)]
    words += [
        *(key for key, _ in questions),
        *(o for _, one in questions for o in one.options or ()),
    ]
    return sum(len(word) for word in words if word)
