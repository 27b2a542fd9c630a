"""The policy of a schedule for its calendars elsewhere: what is written there, and how changes
there are followed."""

from enum import StrEnum

from msgspec import Struct


class OnMove(StrEnum):
    """What follows when somebody moves the event there: the booking moves too, somebody is asked,
    or the event goes back to where it was."""

    FOLLOW = "follow"
    ASK = "ask"
    RESTORE = "restore"


class OnDelete(StrEnum):
    """What follows when somebody deletes the event there: somebody is asked, the booking is
    cancelled, or the event is written again."""

    ASK = "ask"
    CANCEL = "cancel"
    RESTORE = "restore"


class PendingEvents(StrEnum):
    """What is written of a booking that nobody has confirmed yet."""

    NONE = "none"
    TENTATIVE = "tentative"


class EventDetails(StrEnum):
    """What an event says beside its times: who comes, all that is known of them, or nothing."""

    NAME = "name"
    ALL = "all"
    NONE = "none"


class FreshCheck(StrEnum):
    """Whether calendars are briefly checked again right before a booking."""

    OFF = "off"
    SHORT = "short"


class WhenStale(StrEnum):
    """What becomes of times while calendars cannot be read: offered by what was known, or, after
    some hours, not at all."""

    KEEP = "keep"
    CLOSE = "close"


class CalendarPolicy(Struct, frozen=True, omit_defaults=True):
    """The policy of a schedule. `close_after_hours` is set if, and only if, stale calendars close
    the schedule."""

    on_move: OnMove = OnMove.FOLLOW
    on_delete: OnDelete = OnDelete.ASK
    pending: PendingEvents = PendingEvents.NONE
    details: EventDetails = EventDetails.NAME
    fresh_check: FreshCheck = FreshCheck.OFF
    when_stale: WhenStale = WhenStale.KEEP
    close_after_hours: int | None = None
