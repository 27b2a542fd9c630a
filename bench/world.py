"""The world that is measured: what is in it follows from its size alone.

Each schedule has 200 bookings within the same 14 days. Every second schedule belongs to one large
organization, which so has half of everything; the others belong to ordinary organizations with 50
schedules each; a few organizations are empty. A world of more and smaller organizations says so.
Ids are numbers in decimal digits, so that generator
and pgbench can name anything without asking for it first.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Final
from uuid import UUID

from kalends.domain import ids

BOOKINGS_EACH: Final = 200
SCHEDULES_EACH: Final = 50
EMPTY_ORGANIZATIONS: Final = 5

FIRST_DAY: Final = datetime(2035, 1, 1, tzinfo=UTC)
DAYS: Final = 14
LARGE: Final = 0

# Free times: half hours of the working day, beyond every booking there is.
HALF_HOURS: Final = 20
FREE_DAYS: Final = 300
FREE_FROM: Final = FIRST_DAY + timedelta(days=60, hours=8)
# Its multiples visit every free time once, in no order that a cache could like.
STRIDE: Final = 7_368_787


@dataclass(frozen=True)
class BenchWorld:
    """As many bookings as that; a multiple of `least_bookings`."""

    bookings: int
    bookings_each: int = BOOKINGS_EACH
    schedules_each: int = SCHEDULES_EACH

    def __post_init__(self) -> None:
        if self.bookings % self.least_bookings or gcd(self.free_times, STRIDE) != 1:
            raise SystemExit(
                f"the number of bookings must be a multiple of {self.least_bookings:,}"
            )

    @property
    def least_bookings(self) -> int:
        """The least with whole organizations, of which half have a webhook."""
        return 4 * self.schedules_each * self.bookings_each

    @property
    def schedules(self) -> int:
        return self.bookings // self.bookings_each

    @property
    def ordinary_organizations(self) -> int:
        """Numbered from 1."""
        return self.schedules // 2 // self.schedules_each

    @property
    def organizations(self) -> int:
        return 1 + self.ordinary_organizations + EMPTY_ORGANIZATIONS

    @property
    def free_times(self) -> int:
        """Of the organizations with a webhook, and as many of those without."""
        return self.schedules // 4 * HALF_HOURS * FREE_DAYS

    def schedule_of(self, booking: int) -> int:
        return booking % self.schedules

    def organization_of(self, schedule: int) -> int:
        """The large one's are the even ones."""
        return LARGE if schedule % 2 == 0 else 1 + schedule // 2 // self.schedules_each

    def free_time(self, number: int, *, has_webhook: bool) -> "FreeTime":
        """The `number`th; the same sum stands in the scripts of pgbench."""
        place = number * STRIDE % self.free_times
        rest, position = divmod(place, self.schedules // 4)
        day, half_hour = divmod(rest, HALF_HOURS)
        block, within = divmod(position, self.schedules_each)
        ordinary = (2 * block + has_webhook) * self.schedules_each + within
        return FreeTime(2 * ordinary + 1, FREE_FROM + timedelta(days=day, minutes=30 * half_hour))


@dataclass(frozen=True)
class FreeTime:
    """Half an hour that nobody has booked on the schedule of that number."""

    schedule: int
    starts_at: datetime


def organizations_with_webhook(world: BenchWorld) -> range:
    return range(2, world.ordinary_organizations + 1, 2)


def numbered(number: int) -> UUID:
    """The id of an organization, schedule or booking: its number, in decimal digits."""
    return UUID(f"{number:0>32}")


def shown_booking(number: int) -> str:
    return ids.encode_id(ids.BOOKING, numbered(number))


def shown_schedule(number: int) -> str:
    return ids.encode_id(ids.SCHEDULE, numbered(number))


def key_of(organization: int) -> str:
    """The organization's secret key, which nobody else should have."""
    head = f"wk_live_{organization:0>58}"
    return head + ids.base62(zlib.crc32(head.encode()), 6)
