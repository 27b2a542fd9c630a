"""Bookings with only the fields that the console's calendar, or the mail with a day's agenda,
need."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.booking import Status


class AgendaBooking(Struct, frozen=True, gc=False):
    """A booking as the console's calendar draws it. A week has hundreds, so it has nothing else."""

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
    """A booking as the agenda mail lists it; `title` is its own, else its event type's name."""

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
    """Which bookings to list: those on at least one schedule of `among` (None is any), except those
    all of whose schedules are in `passed_over`."""

    among: tuple[UUID, ...] | None = None
    passed_over: tuple[UUID, ...] | None = None

    def within(self, only: Collection[UUID] | None) -> "AgendaScope":
        """The scope narrowed to the schedules in `only`; None leaves it as it is."""
        if only is None:
            return self
        among = only if self.among is None else [id_ for id_ in self.among if id_ in only]
        return structs.replace(self, among=tuple(among))
