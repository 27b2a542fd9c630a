"""The outcome of a row, or of one of its seats: imported, or skipped with a reason."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct


class Imported(Struct, frozen=True, kw_only=True):
    """The row is a booking here. If it `is_recorded`, it takes no time, since that is taken."""

    has_changed: bool = True
    is_recorded: bool = False


class Skipped(Struct, frozen=True):
    """The row was left out, or its booking was left as it is; `reason` is a sentence."""

    reason: str


UNCHANGED: Final = Imported(has_changed=False)
Outcome = Imported | Skipped


def combine_outcomes(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a row from those of its seats: the first skipped seat decides."""
    imported = []
    for outcome in outcomes:
        if isinstance(outcome, Skipped):
            return outcome
        imported.append(outcome)
    return Imported(
        has_changed=any(one.has_changed for one in imported),
        is_recorded=any(one.is_recorded for one in imported),
    )
