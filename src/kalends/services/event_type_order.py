"""The order of event types in the console and on the organization's page."""

from collections.abc import Mapping
from uuid import UUID

from kalends.domain.errors import NotFound
from kalends.domain.event_type import EventType
from kalends.domain.ids import EVENT_TYPE, encode_id
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.availability import event_types


async def list_event_types_in_order(
    work: UnitOfWork, *, limit: int, offset: int
) -> tuple[list[EventType], int]:
    """A page of all event types by position, and the total."""
    return await event_types.list_event_types_as_placed(work.tenant, None, None, limit, offset)


async def shift_event_type(work: UnitOfWork, event_type_id: UUID, steps: int) -> None:
    """Moves the event type by so many places, up if negative, at most to an end of the list. Raises
    NotFound."""
    positions = await event_types.lock_positions(work.tenant)
    order = _order_of(positions)
    place = _place_of(event_type_id, order) + steps
    await _place(work, positions, event_type_id, min(max(place, 0), len(order) - 1))


async def place_event_type(work: UnitOfWork, event_type_id: UUID, at_id: UUID) -> None:
    """Moves the event type to the place of the one `at_id`; those in between shift by one. Raises
    NotFound."""
    positions = await event_types.lock_positions(work.tenant)
    await _place(work, positions, event_type_id, _place_of(at_id, _order_of(positions)))


async def _place(
    work: UnitOfWork, positions: Mapping[UUID, int | None], event_type_id: UUID, place: int
) -> None:
    order = _order_of(positions)
    order.pop(_place_of(event_type_id, order))
    order.insert(place, event_type_id)
    changed = {id_: n for n, id_ in enumerate(order, start=1) if positions[id_] != n}
    if changed:
        await event_types.set_positions(work.tenant, changed, work.recorded_at)


def _order_of(positions: Mapping[UUID, int | None]) -> list[UUID]:
    """By position, those without one last, in the order of creation."""

    def key(id_: UUID) -> tuple[bool, int, UUID]:
        position = positions[id_]
        return position is None, position or 0, id_

    return sorted(positions, key=key)


def _place_of(event_type_id: UUID, order: list[UUID]) -> int:
    if event_type_id not in order:
        raise NotFound.with_id(EVENT_TYPE, encode_id(EVENT_TYPE, event_type_id))
    return order.index(event_type_id)
