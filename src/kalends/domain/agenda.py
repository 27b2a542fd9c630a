"""What the calendar of an organization, and the mail with a day, show of a booking."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.booking import Status


class AgendaBooking(Struct, frozen=True, gc=False):
    """As the calendar draws it. A week has hundreds, so that it holds nothing that is not drawn."""

    id: UUID
    schedule_id: UUID
    schedule_ids: list[UUID]
    status: Status
    start_time: datetime
    end_time: datetime
    title: str | None
    attendee_name: str
    conflict: bool
    version: int


class MailedBooking(Struct, frozen=True):
    """As the mail with a user's day tells it; `title` is its own, else its event type's name."""

    id: UUID
    status: Status
    start_time: datetime
    end_time: datetime
    title: str | None
    attendee_name: str
    attendee_phone: str | None
    location: str | None
    location_type: str | None


class AgendaScope(Struct, frozen=True):
    """Whose bookings are asked for: those that take one of the schedules `among` (None: of any),
    and not those that lie on schedules `passed_over` alone."""

    among: tuple[UUID, ...] | None = None
    passed_over: tuple[UUID, ...] | None = None

    def within(self, only: Collection[UUID] | None) -> "AgendaScope":
        """The same of those schedules alone; None is all."""
        if only is None:
            return self
        among = only if self.among is None else [id_ for id_ in self.among if id_ in only]
        return structs.replace(self, among=tuple(among))
