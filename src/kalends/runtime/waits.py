"""Why something at a provider is not done yet."""

from datetime import timedelta

from msgspec import Struct


class Waits(Struct, frozen=True):
    """The result of a try that is not done: the reason as a sentence, and the time after which to
    try again, if the provider or the code sets one. If it `is_postponed`, it counts no try."""

    reason: str
    after: timedelta | None = None
    is_postponed: bool = False
