"""The outcome of a row, or of one of its seats: imported, or skipped with a reason."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct


class Imported(Struct, frozen=True, kw_only=True):
    """It is a booking here. Where it `is_recorded`, that has no time, as others have it."""

    has_changed: bool = True
    is_recorded: bool = False


class Skipped(Struct, frozen=True):
    """It is left out, or left as it was; the reason is a sentence."""

    reason: str


UNCHANGED: Final = Imported(has_changed=False)
Outcome = Imported | Skipped


def combine_outcomes(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a row, of those of its seats: the first one that was skipped decides."""
    imported = []
    for outcome in outcomes:
        if isinstance(outcome, Skipped):
            return outcome
        imported.append(outcome)
    return Imported(
        has_changed=any(one.has_changed for one in imported),
        is_recorded=any(one.is_recorded for one in imported),
    )
