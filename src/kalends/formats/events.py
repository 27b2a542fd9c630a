"""The public JSON of an event, which webhooks send and the event log shows."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from kalends.domain import ids
from kalends.domain.actor import Actor
from kalends.formats.described import about
from kalends.formats.encoding import encode

# The prefix of references, as msgspec writes it for other answers.
COMPONENT: Final = "#/components/schemas/"
_ABOUT: Final = ("BookingBody", "CalendarFindingBody", "CalendarConnectionBody")


class EventBody(Struct, frozen=True):
    """Something that happened to a booking, or in a calendar elsewhere; the body of a webhook."""

    id: Annotated[str, Meta(examples=["wh_evt_0352lF5NnllfIJ66lPpfc3"])]
    type: Annotated[str, Meta(examples=["booking.confirmed"])]
    created_at: datetime
    data: Annotated[
        Raw,
        about(
            "The booking as it was right after the change. With `calendar.finding` the finding, "
            "with `calendar.failing` and `calendar.recovered` the connection.",
            extra_json_schema={"anyOf": [{"$ref": COMPONENT + name} for name in _ABOUT]},
        ),
    ]
    previous_attributes: Annotated[
        dict[str, Any] | None,
        about(
            "The fields of `data` that changed, with their values before; never `updated_at`. Of "
            "`attendee`, `metadata`, `answers` and `external` it holds only the keys that "
            "changed, null for a key that was not there. Empty if nothing changed, as for "
            "`booking.created` and `booking.reminder`; null for events that were written before "
            "Kalends recorded this."
        ),
    ]
    actor: Annotated[Actor, about("Who did it.")]
    override: Annotated[bool, about("Present, and true, if rules were overridden.")] | (
        UnsetType
    ) = UNSET


class _Event(Struct, frozen=True):
    id: str
    type: str
    created_at: datetime
    data: Raw
    previous_attributes: Raw | None
    actor: Actor
    override: bool | UnsetType = UNSET


OVERRIDDEN: Final = True


def event_json(
    event_id: UUID,
    kind: str,
    created_at: datetime,
    data: Raw,
    previous: Raw | None,
    actor: Actor,
    override: bool | None = None,
) -> bytes:
    """The event as JSON: the same bytes each time, as they are signed."""
    overridden = OVERRIDDEN if override else UNSET
    public_id = ids.encode_id(ids.EVENT, event_id)
    return encode(_Event(public_id, kind, created_at, data, previous, actor, overridden))


def test_data(endpoint_id: UUID) -> dict[str, Any]:
    """The data of a test event, which is about no booking."""
    return {"webhook_id": ids.encode_id(ids.ENDPOINT, endpoint_id)}
