"""When an event of ours is in its calendar, by the object that was read there."""

import itertools
from datetime import datetime
from uuid import UUID

from kalends.availability.interval import Interval
from kalends.availability.wallclock import zone_named
from kalends.domain.calendars.readings import CalendarObject
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.known.shapes import (
    KNOWN_AHEAD,
    KNOWN_BEFORE,
    busy_stretches,
    key_of,
    read_objects,
    stored_event,
)
from kalends.store.calendars import events


async def span_of(
    context: Context, organization_id: UUID, calendar_id: UUID, found: CalendarObject
) -> tuple[datetime, datetime] | None:
    """When it is, if that is one span that is not of whole days and does not recur."""
    if found.data:
        read, _ = read_objects([found], [])
        stored = stored_event(read[0], read[0].own_ids) if read else None
    else:  # a sandbox keeps its times alone
        async with context.database.tenant_connection(organization_id) as tenant:
            stored = await events.find_event(tenant, calendar_id, key_of(found.href))
    if stored is None:
        return None
    now = context.clock()
    span = Interval(int((now - KNOWN_BEFORE).timestamp()), int((now + KNOWN_AHEAD).timestamp()))
    pieces = busy_stretches([stored], span, zone_named("UTC")).pieces
    if not pieces or any(piece.is_all_day for piece in pieces):
        return None
    pieces.sort(key=lambda piece: piece.start_time)
    for piece, following in itertools.pairwise(pieces):
        if piece.end_time != following.start_time:
            return None
    return pieces[0].start_time, pieces[-1].end_time
