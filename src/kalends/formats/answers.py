"""Answers for people: each with the label of its question."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Raw, json

from kalends.domain.event_type import Question
from kalends.translation import gettext


class LabelledAnswer(NamedTuple):
    """An answer, and the label of its question."""

    label: str
    text: str


def label_answers(
    answers: Raw | Mapping[str, Any], questions: Sequence[Question]
) -> list[LabelledAnswer]:
    """The given answers in the order of the questions; then those to questions that are not asked
    any more, labelled by their keys, made readable."""
    values = json.decode(answers) if isinstance(answers, Raw) else answers
    asked = {question.key: question for question in questions if question.key in values}
    labels = {key: question.plain_label for key, question in asked.items()}
    labels |= {key: _readable(key) for key in values if key not in labels}
    texts = {key: _text(values[key], asked.get(key)) for key in labels}
    return [LabelledAnswer(label, texts[key]) for key, label in labels.items() if texts[key]]


def _readable(key: str) -> str:
    """`phone_model` as `Phone model`."""
    words = key.replace("_", " ").strip() or key
    return words[:1].upper() + words[1:]


def _text(answer: Any, question: Question | None) -> str:
    """The text of an answer, empty if there is none; options are in the reader's language."""
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return gettext("Yes") if answer else gettext("No")
    if isinstance(answer, list):
        return ", ".join(filter(None, (_text(one, question) for one in answer)))
    if isinstance(answer, str):
        return answer if question is None else question.text_of(answer)
    return json.encode(answer).decode() if isinstance(answer, dict) else str(answer)
