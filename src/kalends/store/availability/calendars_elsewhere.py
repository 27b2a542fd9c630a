"""Loads the busy pieces of schedules in their calendars elsewhere, for one range.

It is a statement of its own, so that only schedules which read such calendars pay for it. Its
snapshot is later than that of the claims. That does no harm: an event that we have written takes no
time on the schedules of its booking, so no change between the two statements can count a booking
twice or miss it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.interval import ALWAYS_BEFORE
from kalends.store.availability.packed import packed
from kalends.store.database import TenantConnection


def makes_busy(counted: str = "true") -> str:
    """The condition that the busy piece `e` of a calendar takes time of a schedule, which uses the
    calendar as `u` says.

    An event that we have written for a booking or session takes no time on its own schedules. It
    takes none at all once the booking or session has no claim. Of the claim's occupancies `o`, only
    those that are `counted` matter.
    """
    return f"""(u.tentative_blocks OR NOT e.is_tentative)
      AND (u.all_day_blocks OR NOT e.is_all_day)
      AND (u.out_of_office_blocks OR NOT e.is_out_of_office)
      AND (e.own_id IS NULL OR (
        SELECT bool_and(o.schedule_id <> u.schedule_id) FROM occupancies o
        WHERE o.organization_id = $1 AND (o.booking_id = e.own_id OR
          (o.event_type_id = e.own_event_type_id AND o.starts_at = e.own_starts_at
           AND o.claim_id = e.own_id))
          AND {counted}))"""


# Rows of `calendar_busy` are at most a day long, so none that began earlier reaches into the span.
_BUSY: Final = f"""schedule_calendars u
    JOIN calendar_busy e ON e.organization_id = $1 AND e.calendar_id = u.calendar_id
    WHERE u.organization_id = $1 AND u.schedule_id = s.id AND u.reads
      AND e.start_time > $3::timestamptz - interval '1 day'
      AND e.start_time < $4 AND e.end_time > $3
      AND {makes_busy("($6::uuid[] IS NULL OR o.booking_id <> ALL($6))")}"""
# Until when all of the calendars are known: never, if one of them has not been read yet or, by the
# schedule's policy, not for too long.
_KNOWN: Final = f"""
    SELECT min(CASE WHEN k.last_synced_at < $5::timestamptz - make_interval(hours =>
        (s.calendar_policy ->> 'close_after_hours')::int) THEN {ALWAYS_BEFORE}
      ELSE coalesce(extract(epoch FROM k.known_until)::bigint, {ALWAYS_BEFORE}) END) AS until
    FROM schedule_calendars u
    JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
    WHERE u.organization_id = $1 AND u.schedule_id = s.id AND u.reads"""
_READ: Final = f"""
SELECT s.id, known.until, busy.times, busy.calendar_ids FROM schedules s
LEFT JOIN LATERAL (
    SELECT {packed("e.start_time", "e.end_time")} AS times, {{calendar_ids}} AS calendar_ids
    FROM {_BUSY}) busy ON true
LEFT JOIN LATERAL ({_KNOWN}) known ON true
WHERE s.organization_id = $1 AND s.id = ANY($2::uuid[])
"""
TIMES: Final = _READ.format(calendar_ids="NULL::uuid[]")
TIMES_AND_CALENDARS: Final = _READ.format(calendar_ids="array_agg(e.calendar_id)")


class TimesElsewhere(Struct, frozen=True):
    """The busy pieces of a schedule's calendars, packed; until when the calendars are known, in
    epoch seconds (None without a calendar); and the calendar of each piece, if those were read."""

    known_until: int | None = None
    times: bytes | None = None
    calendar_ids: Sequence[UUID] | None = None


async def load_times_elsewhere(
    tenant: TenantConnection,
    schedule_ids: Sequence[UUID],
    span: tuple[datetime, datetime],
    now: datetime,
    excluded_ids: Sequence[UUID],
    *,
    with_calendars: bool,
) -> dict[UUID, TimesElsewhere]:
    """The busy pieces that overlap `span`, by schedule. Events that were written for bookings in
    `excluded_ids` take no time."""
    if not schedule_ids:
        return {}
    sql = TIMES_AND_CALENDARS if with_calendars else TIMES
    arguments = (tenant.organization_id, schedule_ids, *span, now, excluded_ids or None)
    rows = await tenant.tx.fetch(sql, *arguments)
    return {id_: TimesElsewhere(*rest) for id_, *rest in rows}
