"""The time of one of our events, from the object that was read in its calendar."""

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
    """The time of the event, if that is a single span that is neither all-day nor recurring; else
    None."""
    if found.data:
        read, _ = read_objects([found], [])
        stored = stored_event(read[0], read[0].own_ids) if read else None
    else:  # a sandbox stores only its times
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
