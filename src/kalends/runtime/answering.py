"""How long a request may take with the database; for the edge, which knows no store."""

from contextlib import AbstractContextManager
from typing import Final

from kalends.store import answering
from kalends.store.answering import Answering
from kalends.store.database import ANSWER_SECONDS

__all__ = ["Answering", "answer_in_time"]

WITHIN_SECONDS: Final = ANSWER_SECONDS


def answer_in_time() -> AbstractContextManager[Answering]:
    """What the block asks the database together ends within the time that a request has."""
    return answering.answering(WITHIN_SECONDS)
