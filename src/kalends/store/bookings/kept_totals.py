"""A cache of how many bookings a list has, which is valid until the next event.

Whatever changes a booking writes an event in the same transaction, and the events of an
organization become visible in their order. So two snapshots that see the same latest event see the
same bookings, whichever process or release wrote them.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import structs

from kalends.domain.booking import BookingFilter

# Only somebody with a database client changes bookings without an event.
KEPT_SECONDS: Final = 30.0
MOST_KEPT: Final = 1_000
# For so long, a list that could not be counted in time is not counted in one statement again.
SLOW_SECONDS: Final = 60.0
_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class KeptTotal(NamedTuple):
    """A total, and the latest event of the snapshot in which it was counted, if there was one."""

    event_id: UUID | None
    total: int | None


NONE_KEPT: Final = KeptTotal(None, None)


class KeptTotals:
    """The totals that this process has counted last, and which lists are slow to count."""

    def __init__(self) -> None:
        self._slow_until: OrderedDict[tuple[UUID, BookingFilter], float] = OrderedDict()
        self._kept: OrderedDict[tuple[UUID, BookingFilter], tuple[KeptTotal, float]] = OrderedDict()

    def find(self, organization_id: UUID, criteria: BookingFilter) -> KeptTotal:
        """The total that was kept; the caller checks that its event is still the latest."""
        kept, since = self._kept.get((organization_id, criteria), (NONE_KEPT, 0.0))
        return kept if since > monotonic() - KEPT_SECONDS else NONE_KEPT

    def keep(self, organization_id: UUID, criteria: BookingFilter, counted: KeptTotal) -> None:
        """Keeps a total, unless the list is of bookings after now, which no later request asks for
        again."""
        if criteria.after is not None:
            return
        self._kept.pop((organization_id, criteria), None)
        self._kept[organization_id, criteria] = counted, monotonic()
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def note_slow(self, organization_id: UUID, criteria: BookingFilter) -> None:
        """Notes that the list could not be counted in time."""
        self._slow_until.pop(key := (organization_id, _at_any_time(criteria)), None)
        self._slow_until[key] = monotonic() + SLOW_SECONDS
        if len(self._slow_until) > MOST_KEPT:
            self._slow_until.popitem(last=False)

    def is_slow(self, organization_id: UUID, criteria: BookingFilter) -> bool:
        key = organization_id, _at_any_time(criteria)
        return self._slow_until.get(key, 0.0) > monotonic()


def _at_any_time(criteria: BookingFilter) -> BookingFilter:
    """The criteria without their instant, so that all lists of future bookings share an entry."""
    return structs.replace(criteria, after=_ANY_TIME) if criteria.after else criteria
