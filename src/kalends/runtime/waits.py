"""What is not done yet at a provider."""

from datetime import timedelta

from msgspec import Struct


class Waits(Struct, frozen=True):
    """Not done: why, as a sentence, and when it is to be tried again, where somebody says so. Where
    it `is_postponed`, that was no try."""

    reason: str
    after: timedelta | None = None
    is_postponed: bool = False
