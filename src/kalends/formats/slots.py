"""The public JSON of slots, of the reasons why a time is not offered, and of holds."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from kalends.domain import ids
from kalends.domain.hold import Hold


class SlotShown(Struct, frozen=True):
    """A time that can be booked at this moment."""

    start_time: datetime
    end_time: datetime
    schedule_ids: Annotated[list[str], Meta(description="Those that a booking would get.")]
    seats_left: int
    local_start: (
        Annotated[
            str,
            Meta(
                description="The start on the wall clock of `timezone`, where that is given.",
                examples=["2026-12-01T11:00:00+01:00"],
            ),
        ]
        | UnsetType
    ) = UNSET


class InTheWayShown(Struct, frozen=True):
    """What a time runs into; null where it has no end, or is no booking or busy time."""

    start_time: datetime | None
    end_time: datetime | None
    booking_id: str | None
    busy_time_id: str | None


class ReasonShown(Struct, frozen=True):
    """A rule that refuses the time."""

    code: Annotated[str, Meta(examples=["OUTSIDE_AVAILABILITY"])]
    message: str
    schedule_id: str | None
    in_the_way: list[InTheWayShown]


class ExplanationShown(Struct, frozen=True):
    """Whether a time is offered, and every rule that refuses it."""

    offered: bool
    reasons: list[ReasonShown]


class HoldShown(Struct, frozen=True):
    """Time that is kept until `expires_at`."""

    id: Annotated[str, Meta(examples=["hld_0352lF5NnllfIJ66lPpfc3"])]
    schedule_id: str
    schedule_ids: list[str]
    event_type_id: str | None
    start_time: datetime
    end_time: datetime
    expires_at: datetime
    created_at: datetime


def show_schedule_ids(uuids: Iterable[Any]) -> list[str]:
    return [ids.shown(ids.SCHEDULE, uuid) for uuid in uuids]


def show_hold(hold: Hold) -> dict[str, Any]:
    """The fields of `HoldShown`, ready to encode."""
    return {
        "id": ids.shown(ids.HOLD, hold.id),
        "schedule_id": ids.shown(ids.SCHEDULE, hold.schedule_id),
        "schedule_ids": show_schedule_ids(hold.schedule_ids),
        "event_type_id": ids.shown_or_none(ids.EVENT_TYPE, hold.event_type_id),
        "start_time": hold.start_time,
        "end_time": hold.end_time,
        "expires_at": hold.expires_at,
        "created_at": hold.created_at,
    }
