"""A cache of listed slots and their text, for requests that repeat while nothing has changed.

`look_at_calendars` returns the same objects for calendars in which nothing has changed, so their
identity tells whether a cached answer is still right. One cache for each process.
"""

from collections.abc import Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.store.availability.calendars import StoredCalendar
from kalends.store.kept_by_size import KeptBySize

T = TypeVar("T")

# Each answer takes 0.4 MB at most, with its text.
MOST_KEPT: Final = 128
# Bytes of calendars, as PostgreSQL sent them: answers keep their calendars in memory even after the
# cache of calendars has dropped them.
MOST_SIZE: Final = 1_000_000


class SlotLookup(Struct, frozen=True):
    """A lookup in the cache. `key` says which organization asks for which slots; `query` and
    `calendars` are what those depend on now, and have to match the entry."""

    key: Hashable
    query: AvailabilityQuery
    calendars: Sequence[StoredCalendar]

    @property
    def size(self) -> int:
        return sum(calendar.size for calendar in self.calendars)

    def is_same(self, other: "SlotLookup") -> bool:
        """Whether the other has an equal query and the identical calendar objects."""
        return (
            len(self.calendars) == len(other.calendars)
            and all(one is two for one, two in zip(self.calendars, other.calendars, strict=True))
            and self.query == other.query
        )


class _Kept(NamedTuple, Generic[T]):
    lookup: SlotLookup
    latest_now: int
    answer: T


class KeptSlots(Generic[T]):
    """The cache: the answers that were used last."""

    def __init__(self, most_size: int = MOST_SIZE) -> None:
        self._kept: KeptBySize[Hashable, _Kept[T]] = KeptBySize(MOST_KEPT, most_size)

    def find(self, lookup: SlotLookup, now: float) -> T | None:
        """The cached answer, if it is still right at `now`, in epoch seconds."""
        kept = self._kept.find(lookup.key)
        if kept is None or now > kept.latest_now or not lookup.is_same(kept.lookup):
            return None
        self._kept.note_use(lookup.key)
        return kept.answer

    def keep(self, lookup: SlotLookup, latest_now: int, answer: T) -> None:
        """Caches an answer that stays right until `latest_now`, in epoch seconds."""
        self._kept.keep(lookup.key, _Kept(lookup, latest_now, answer), lookup.size)
