"""Links to calls as rows: what is known of each, and the mails that wait for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.domain.booking import Booking
from kalends.domain.mail import Mail
from kalends.domain.video import VideoLink, VideoProvider, VideoState
from kalends.store.bookings.subjects import list_bookings_of_subject
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, parameters, values_of

COLUMNS: Final = columns_of(VideoLink)
_CHANGEABLE: Final = (
    "state",
    "is_unclear",
    "url",
    "ref",
    "digest",
    "error",
    "made_at",
)
OF_SUBJECT: Final = f"""
SELECT {COLUMNS} FROM video_links WHERE organization_id = $1 AND subject_id = $2
ORDER BY schedule_id
"""
# Does not overwrite what a lane of another generation has written.
UPDATE: Final = (
    f"UPDATE video_links SET ({', '.join(_CHANGEABLE)}) ="
    f" ROW({parameters(5, len(_CHANGEABLE))})"
    " WHERE organization_id = $1 AND subject_id = $2 AND schedule_id = $3 AND generation = $4"
)
# A later seat gets the link of those before. A removed link begins anew, as in
# `want_video_links_1`; a link that another provider makes is left to its lane.
MAKE: Final = """
INSERT INTO video_links AS l (organization_id, subject_id, schedule_id, provider, booking_id,
    event_type_id, starts_at, state, url, made_at, mail_held_until, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'made', $8, $9, $9, $9)
ON CONFLICT (organization_id, subject_id, schedule_id) DO UPDATE
SET url = CASE l.state WHEN 'removed' THEN excluded.url ELSE coalesce(l.url, excluded.url) END,
    generation = l.generation + (l.state = 'removed')::integer,
    provider = excluded.provider, state = 'made', ref = NULL, digest = NULL, error = NULL
WHERE l.state = 'removed' OR l.provider = excluded.provider
RETURNING url
"""
BEGIN_ANEW: Final = """
UPDATE video_links SET generation = generation + 1, state = 'waiting', is_unclear = false,
    url = NULL, ref = NULL, digest = NULL, error = NULL, wanted_at = $5
WHERE organization_id = $1 AND subject_id = $2 AND schedule_id = $3 AND generation = $4
"""
OWN_URLS: Final = """
SELECT DISTINCT url FROM video_links
WHERE organization_id = $1 AND event_type_id = $2 AND url = ANY($3::text[])
"""
SESSION_ID: Final = """
SELECT md5($1::uuid::text || ' ' || extract(epoch FROM $2::timestamptz)::bigint)::uuid
"""
PLACE_OF: Final = (
    "SELECT location, capacity > 1 FROM event_types WHERE organization_id = $1 AND id = $2"
)
SHOW: Final = """
UPDATE bookings SET video = $3
WHERE organization_id = $1 AND id = $2 AND video IS DISTINCT FROM $3
"""
# Mails that are about to be sent anyway are left alone, as they may be being written right now.
LOCK_HELD: Final = f"""
SELECT {columns_of(Mail, "m")} FROM mails m
JOIN deliveries d ON d.organization_id = $1 AND d.id = m.id
WHERE m.organization_id = $1 AND m.booking_id = $2 AND m.state = 'queued' AND m.message IS NULL
    AND m.kind <> 'withdrawn' AND d.state = 'pending' AND d.not_before > now() + interval '1 second'
ORDER BY m.event_number, m.id FOR NO KEY UPDATE OF m
"""
RELEASE_HELD: Final = """
WITH held AS MATERIALIZED (
    SELECT d.id, d.endpoint_id, d.lane_id, d.not_before FROM mails m
    JOIN deliveries d ON d.organization_id = $1 AND d.id = m.id
    WHERE m.organization_id = $1 AND m.booking_id = ANY($2::uuid[])
        AND d.state = 'pending' AND d.not_before IS NOT NULL),
freed AS (
    UPDATE deliveries d SET not_before = NULL FROM held
    WHERE d.organization_id = $1 AND d.id = held.id),
woken AS (
    UPDATE webhook_lanes l SET due_at = now() FROM held
    WHERE l.organization_id = $1 AND l.channel = 'mail' AND l.endpoint_id = held.endpoint_id
        AND l.lane_id = held.lane_id AND l.due_at = held.not_before)
SELECT count(*) FROM held
"""
# Links of future bookings that failed for good are tried again with new credentials.
RETRY_FAILED: Final = """
WITH again AS (
    UPDATE video_links l SET state = 'waiting', error = NULL
    WHERE l.organization_id = $1 AND l.provider = ANY($2::text[]) AND l.state = 'failed'
    RETURNING l.provider, l.subject_id)
SELECT poke_video_lanes_1($1, array_agg(provider), array_agg(subject_id), $3) FROM again
HAVING count(*) > 0
"""
WAKE: Final = """
UPDATE webhook_lanes SET due_at = now()
WHERE organization_id = $1 AND channel = 'video' AND endpoint_id = md5('video ' || $2)::uuid
    AND waiting > 0 AND due_at > now() + interval '1 minute'
"""
POKE_SUBJECT: Final = """
SELECT poke_video_lanes_1($1, array_agg(provider), array_agg(subject_id), $4) FROM (
    SELECT DISTINCT provider, subject_id FROM video_links
    WHERE organization_id = $1 AND subject_id = $2 AND provider = ANY($3::text[])
        AND state <> 'removed') found
HAVING count(*) > 0
"""
# The event in the calendar that the schedule now writes comes before one in an earlier calendar.
WRITTEN_EVENT: Final = """
SELECT k.connection_id, l.calendar_id, k.remote_id, l.ref, l.state FROM calendar_links l
JOIN calendars k ON k.organization_id = $1 AND k.id = l.calendar_id
JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
LEFT JOIN schedule_calendars u ON u.organization_id = $1 AND u.schedule_id = l.schedule_id
    AND u.calendar_id = l.calendar_id AND u.writes
WHERE l.organization_id = $1 AND l.subject_id = $2 AND l.schedule_id = $3 AND c.provider = $4
    AND l.state <> 'removed'
ORDER BY u.calendar_id IS NOT NULL DESC, l.state = 'written' DESC LIMIT 1
"""
WRITES_WITH: Final = """
SELECT EXISTS (
    SELECT FROM schedule_calendars u
    JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
    JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
    WHERE u.organization_id = $1 AND u.schedule_id = $2 AND u.writes AND c.provider = $3)
"""


class WrittenEventRow(Struct, frozen=True):
    """The event of a subject in a calendar, by connection, our calendar id, and its id there."""

    connection_id: UUID
    calendar_id: UUID
    remote_id: str
    ref: str | None
    state: str


async def list_links(tenant: TenantConnection, subject_id: UUID) -> list[VideoLink]:
    """All links of the subject, including removed ones."""
    rows = await tenant.tx.fetch(OF_SUBJECT, tenant.organization_id, subject_id)
    return [_link(row) for row in rows]


async def update_link(tenant: TenantConnection, link: VideoLink) -> bool:
    """Writes the link; False if it has been replaced by another one meanwhile."""
    keys = link.subject_id, link.schedule_id, link.generation
    values = (getattr(link, name) for name in _CHANGEABLE)
    done = await tenant.tx.execute(UPDATE, tenant.organization_id, *keys, *values)
    return not done.endswith(" 0")


async def begin_anew(tenant: TenantConnection, link: VideoLink, now: datetime) -> None:
    """Replaces the link by a new one with another key, as its meeting is gone."""
    keys = link.subject_id, link.schedule_id, link.generation
    await tenant.tx.execute(BEGIN_ANEW, tenant.organization_id, *keys, now)


async def list_own_urls(
    tenant: TenantConnection, event_type_id: UUID | None, places: Sequence[str]
) -> list[str]:
    """Those of the places that are links of ours to sessions of the event type, at any start."""
    rows = await tenant.tx.fetch(OWN_URLS, tenant.organization_id, event_type_id, list(places))
    return [row[0] for row in rows]


async def make_link(tenant: TenantConnection, link: VideoLink) -> str | None:
    """Stores a link that no provider has to make. Returns the subject's link, which may be an older
    one; None if another provider makes it."""
    about = link.booking_id, link.event_type_id, link.starts_at
    url: str | None = await tenant.tx.fetchval(
        MAKE,
        tenant.organization_id,
        link.subject_id,
        link.schedule_id,
        link.provider,
        *about,
        link.url,
        link.made_at,
    )
    return url


async def session_subject(
    tenant: TenantConnection, event_type_id: UUID, starts_at: datetime
) -> UUID:
    """The subject of links of all seats of an event type that start then."""
    subject: UUID = await tenant.tx.fetchval(SESSION_ID, event_type_id, starts_at)
    return subject


async def list_bookings(tenant: TenantConnection, link: VideoLink) -> list[Booking]:
    """The bookings that the link is for: one, or all seats of the event type at that start."""
    place = link.event_type_id, link.starts_at
    return await list_bookings_of_subject(tenant, link.booking_id, *place)


async def find_place(
    tenant: TenantConnection, event_type_id: UUID | None
) -> tuple[str | None, bool]:
    """The location of the event type, and whether it has several seats."""
    row = await tenant.tx.fetchrow(PLACE_OF, tenant.organization_id, event_type_id)
    return (None, False) if row is None else (row[0], bool(row[1]))


async def show_link(tenant: TenantConnection, booking_id: UUID, shown: Raw) -> None:
    """Writes what is known of the link into the booking, if that has changed."""
    await tenant.tx.execute(SHOW, tenant.organization_id, booking_id, shown)


async def lock_held_mails(tenant: TenantConnection, booking_id: UUID) -> list[Mail]:
    """The mails that still wait for the booking's link, in their order; locked."""
    rows = await tenant.tx.fetch(LOCK_HELD, tenant.organization_id, booking_id)
    return [Mail(*row) for row in rows]


async def release_held_mails(tenant: TenantConnection, booking_ids: Sequence[UUID]) -> bool:
    """Lets mails of the bookings no longer wait for a link; returns whether any did."""
    count: int = await tenant.tx.fetchval(RELEASE_HELD, tenant.organization_id, booking_ids)
    return count > 0


async def retry_failed(
    tenant: TenantConnection, providers: Sequence[VideoProvider], now: datetime
) -> None:
    """Tries links again that failed for good, and makes those due that wait."""
    await tenant.tx.execute(RETRY_FAILED, tenant.organization_id, list(providers), now)
    for provider in providers:
        await tenant.tx.execute(WAKE, tenant.organization_id, provider.value)


async def poke_subject(
    tenant: TenantConnection, subject_id: UUID, providers: Sequence[VideoProvider], now: datetime
) -> bool:
    """Puts a delivery into the lanes of the subject's links; returns whether there are any."""
    arguments = subject_id, list(providers), now
    return await tenant.tx.fetchrow(POKE_SUBJECT, tenant.organization_id, *arguments) is not None


async def find_written_event(
    tenant: TenantConnection, link: VideoLink, provider: str
) -> WrittenEventRow | None:
    """The event of the link's subject and schedule in a calendar of that provider."""
    arguments = link.subject_id, link.schedule_id, provider
    row = await tenant.tx.fetchrow(WRITTEN_EVENT, tenant.organization_id, *arguments)
    return None if row is None else WrittenEventRow(*row)


async def writes_with(tenant: TenantConnection, schedule_id: UUID, provider: str) -> bool:
    """Whether the schedule writes into a calendar of that provider."""
    writes: bool = await tenant.tx.fetchval(
        WRITES_WITH, tenant.organization_id, schedule_id, provider
    )
    return writes


def _link(row: Any) -> VideoLink:
    values = values_of(VideoLink, row)
    values["provider"] = VideoProvider(values["provider"])
    values["state"] = VideoState(values["state"])
    return VideoLink(**values)
