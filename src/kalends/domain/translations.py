"""Translations of an organization's own texts: its event types in the languages of their readers.

The original is the text that the organization wrote first. Each text without a translation into the
reader's language falls back to its original.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from msgspec import structs

from kalends.domain.event_type import (
    EventType,
    EventTypeTexts,
    Question,
    QuestionTexts,
    QuestionType,
    links_in,
)

T = TypeVar("T")

Translations = Mapping[str, EventTypeTexts]
ORIGINAL: Final = EventTypeTexts()


class TranslatedQuestion(Question, frozen=True, kw_only=True):
    """A question in the reader's language. `options` stay the original ones, which answers contain;
    `shown_options` are their translations, in the same order."""

    shown_options: Sequence[str] | None = None

    def text_of(self, option: str) -> str:
        if self.options is None or self.shown_options is None or option not in self.options:
            return option
        return self.shown_options[self.options.index(option)]


def texts_in(translations: Translations, languages: Sequence[str]) -> EventTypeTexts:
    """The texts for a reader of these languages (BCP 47, best first), each in the first language
    that has it."""
    found = [translations[tag] for tag in languages if tag in translations]
    keys = dict.fromkeys(key for texts in found for key in texts.questions)
    return EventTypeTexts(
        name=_first(texts.name for texts in found),
        description=_first(texts.description for texts in found),
        questions={key: _question_texts(found, key) for key in keys},
    )


def event_type_in(event_type: EventType, languages: Sequence[str]) -> EventType:
    """The event type with its texts for a reader of these languages."""
    if not event_type.translations:
        return event_type
    texts = texts_in(event_type.translations, languages)
    return structs.replace(
        event_type,
        name=texts.name or event_type.name,
        description=texts.description or event_type.description,
        questions=questions_in(event_type.questions, texts),
    )


def questions_in(questions: Sequence[Question], texts: EventTypeTexts) -> list[Question]:
    """The questions with these texts, where there are any."""
    return [_question_in(question, texts.questions.get(question.key)) for question in questions]


def title_in(title: str, name: str | None, texts: EventTypeTexts) -> str:
    """The title of a booking for a reader of these texts: translated if it is the `name` of its
    event type; a title that a client has set stays."""
    return texts.name if texts.name and title == name else title


def faults_of(
    translations: Translations, questions: Sequence[Question]
) -> Iterator[tuple[str, str]]:
    """What in the translations does not fit the questions: each field, with an error sentence."""
    by_key = {question.key: question for question in questions}
    for language, texts in translations.items():
        for key, own in texts.questions.items():
            field = f"translations.{language}.questions.{key}"
            question = by_key.get(key)
            if question is None:
                yield field, "is the key of no question"
            elif own.options is not None and len(own.options) != len(question.options or []):
                yield f"{field}.options", "must be as many as the question's own options"
            elif question.type is QuestionType.CONSENT and len(links_in(own.label or "")) > 1:
                yield f"{field}.label", "may hold one link"


def fitting(translations: Translations, questions: Sequence[Question]) -> Translations:
    """The translations without texts that do not fit the questions any more: a client that does not
    know translations has changed these, or one has become a consent."""
    return {
        language: structs.replace(
            texts,
            questions={
                key: own
                for key, own in texts.questions.items()
                if not any(faults_of({language: EventTypeTexts(questions={key: own})}, questions))
            },
        )
        for language, texts in translations.items()
    }


def carried_over(
    translations: Translations, before: Sequence[Question], after: Sequence[Question]
) -> dict[str, EventTypeTexts]:
    """The translations after a change of the questions, without those of deleted questions. An
    option keeps its translation as long as its original text stays; new ones have none yet."""
    old, new = ({question.key: question for question in each} for each in (before, after))
    return {
        language: structs.replace(
            texts,
            questions={
                key: structs.replace(own, options=_carried_options(own, old.get(key), new[key]))
                for key, own in texts.questions.items()
                if key in new
            },
        )
        for language, texts in translations.items()
    }


def _carried_options(
    own: QuestionTexts, before: Question | None, after: Question
) -> list[str] | None:
    if own.options is None or before is None or not before.options or not after.options:
        return None
    by_option = dict(zip(before.options, own.options, strict=False))
    return [by_option.get(option, option) for option in after.options]


def _question_in(question: Question, texts: QuestionTexts | None) -> Question:
    if texts is None:
        return question
    values = structs.asdict(question) | {"label": texts.label or question.label}
    # Servers of the previous release change questions without knowing translations.
    fits = texts.options is not None and len(texts.options) == len(question.options or [])
    return TranslatedQuestion(**values, shown_options=texts.options if fits else None)


def _question_texts(found: Sequence[EventTypeTexts], key: str) -> QuestionTexts:
    own = [texts.questions[key] for texts in found if key in texts.questions]
    return QuestionTexts(
        label=_first(texts.label for texts in own), options=_first(texts.options for texts in own)
    )


def _first(texts: Iterable[T | None]) -> T | None:
    return next((text for text in texts if text), None)
