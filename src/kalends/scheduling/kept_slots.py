"""Slots that were listed, kept for who asks the same of the same calendars.

Calendars in which nothing has changed are the same objects (`look_at_calendars`), so what was found
in them needs neither be found nor written again.
"""

from collections.abc import Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.store.availability.calendars import StoredCalendar
from kalends.store.kept_by_size import KeptBySize

T = TypeVar("T")

# With their text, 0.4 MB of each at most.
MOST_KEPT: Final = 128
# Of the calendars, as they were sent. Those that are not kept for others any more stay for these.
MOST_SIZE: Final = 1_000_000


class Asked(Struct, frozen=True):
    """What slots are asked of: `who` says who asks for what, `query` what that is at this moment,
    `calendars` what there is."""

    who: Hashable
    query: AvailabilityQuery
    calendars: Sequence[StoredCalendar]

    @property
    def size(self) -> int:
        return sum(calendar.size for calendar in self.calendars)

    def is_same(self, other: "Asked") -> bool:
        """Whether the other is the same query of the very same calendars."""
        return (
            len(self.calendars) == len(other.calendars)
            and all(one is two for one, two in zip(self.calendars, other.calendars, strict=True))
            and self.query == other.query
        )


class _Kept(NamedTuple, Generic[T]):
    asked: Asked
    latest_now: int
    answer: T


class KeptSlots(Generic[T]):
    """Of one process; those that were asked for last."""

    def __init__(self, most_size: int = MOST_SIZE) -> None:
        self._kept: KeptBySize[Hashable, _Kept[T]] = KeptBySize(MOST_KEPT, most_size)

    def find(self, asked: Asked, now: float) -> T | None:
        """What was kept, if it is what would be found now, in epoch seconds."""
        kept = self._kept.find(asked.who)
        if kept is None or now > kept.latest_now or not asked.is_same(kept.asked):
            return None
        self._kept.note_use(asked.who)
        return kept.answer

    def keep(self, asked: Asked, latest_now: int, answer: T) -> None:
        """Keeps what is the same until `latest_now`, in epoch seconds."""
        self._kept.keep(asked.who, _Kept(asked, latest_now, answer), asked.size)
