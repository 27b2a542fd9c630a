"""Answers to the questions of an event type: each kind takes its own values."""

from typing import Any

import pytest

from kalends.domain.event_type import Question, QuestionType, check_answer

CHOICES = ["S", "M", "L"]


def question(kind: QuestionType) -> Question:
    has_options = kind in (QuestionType.SELECT, QuestionType.MULTISELECT)
    return Question(key="q", label="?", type=kind, options=CHOICES if has_options else None)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (QuestionType.BOOLEAN, True),
        (QuestionType.BOOLEAN, False),
        (QuestionType.CONSENT, True),
        (QuestionType.NUMBER, 7),
        (QuestionType.NUMBER, 0.5),
        (QuestionType.SELECT, "M"),
        (QuestionType.MULTISELECT, []),
        (QuestionType.MULTISELECT, ["S", "L"]),
        (QuestionType.TEXT, "x" * 5000),
    ],
)
def test_an_answer_of_its_kind_is_taken(kind: QuestionType, answer: Any) -> None:
    assert check_answer(question(kind), answer) is None


@pytest.mark.parametrize(
    ("kind", "answer", "fault"),
    [
        (QuestionType.BOOLEAN, "true", "must be true or false"),
        (QuestionType.BOOLEAN, 1, "must be true or false"),
        (QuestionType.CONSENT, False, "must be true: it is a consent"),
        (QuestionType.NUMBER, True, "must be a number"),
        (QuestionType.NUMBER, "7", "must be a number"),
        (QuestionType.SELECT, "XL", "must be among: S, M, L"),
        (QuestionType.MULTISELECT, "S", "must be among: S, M, L"),
        (QuestionType.MULTISELECT, ["S", "XL"], "must be among: S, M, L"),
        (QuestionType.TEXT, 5, "must be text"),
        (QuestionType.TEXT, "x" * 5001, "must be text"),
    ],
)
def test_an_answer_of_another_kind_is_named(kind: QuestionType, answer: Any, fault: str) -> None:
    assert check_answer(question(kind), answer) == fault
