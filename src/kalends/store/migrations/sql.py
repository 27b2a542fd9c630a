"""SQL that more than one migration has, in the parts that they have in common.

Frozen, as migrations are: what differs elsewhere is written where it is needed.
"""

from typing import Final

# What a change tells calendars and calls of: its bookings, and sessions that seats went to or left.
TOLD_SUBJECTS: Final = """SELECT array_agg(subject) INTO subjects FROM (
        SELECT unnest(told) AS subject
        UNION
        SELECT md5(b.event_type_id::text || ' ' || extract(epoch FROM at.start)::bigint)::uuid
        FROM unnest(told, earlier) AS w (booking_id, earlier)
        JOIN bookings b ON b.organization_id = tenant AND b.id = w.booking_id
        CROSS JOIN unnest(ARRAY[b.start_time, w.earlier]) AS at (start)
        WHERE b.event_type_id IS NOT NULL AND at.start IS NOT NULL) named;"""

COLORS: Final = (
    "blue", "orange", "green", "purple", "red", "teal",
    "yellow", "pink", "indigo", "lime", "brown", "cyan",
)  # fmt: skip


def append_events(number: int, body: str, *further: str) -> str:
    """The function of this number that appends events: what it takes beside what the first took,
    and its body, from DECLARE to END."""
    more = "".join(f", {parameter}" for parameter in further)
    return f"""
CREATE OR REPLACE FUNCTION append_events_{number}(
    tenant uuid, actor_id text, moment timestamptz,
    ids uuid[], types text[], bookings uuid[], contents json[], sequences integer[],
    overrides boolean[], previouses json[], actor_names text[],
    mail_ids uuid[], kinds text[], audiences text[], recipients text[], destinations uuid[],
    ordinals integer[], expiries timestamptz[]{more})
RETURNS text[] LANGUAGE plpgsql AS $append${body}$append$;
"""


def want(things: str, body: str) -> str:
    """The function that notes what there is to be of the bookings that a change tells of, and has
    it done; its body, from DECLARE to END, answers whether anything is to be done."""
    return f"""
CREATE OR REPLACE FUNCTION want_{things}_1(
    tenant uuid, told uuid[], earlier timestamptz[], moment timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $want${body}$want$;
"""


def poke_lanes(channel: str, destinations: str, chosen: str) -> str:
    """The function that has something done in lanes of a channel: what it takes beside subjects,
    and the SELECT of new lanes. The row of a lane is locked from there to COMMIT, so its deliveries
    are numbered in order."""
    return f"""
CREATE OR REPLACE FUNCTION poke_{channel}_lanes_1(
    tenant uuid, {destinations}, subjects uuid[], moment timestamptz)
RETURNS void LANGUAGE plpgsql AS $poke$
DECLARE
    poked bigint;
BEGIN
    WITH lane AS (
        INSERT INTO webhook_lanes AS l
            (organization_id, endpoint_id, lane_id, channel, waiting, due_at, last_number){chosen}
        ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
        SET waiting = l.waiting + 1, last_number = l.last_number + 1,
            due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END
        RETURNING endpoint_id, lane_id, last_number),
    waiting AS (
        INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number,
            state, created_at, channel)
        SELECT tenant, made.id, lane.endpoint_id, made.id, '{channel}', lane.lane_id,
            lane.last_number, 'pending', moment, '{channel}'
        FROM lane CROSS JOIN LATERAL (SELECT gen_random_uuid() AS id, lane.lane_id) made
        RETURNING id)
    SELECT count(*) INTO poked FROM waiting;
END
$poke$;
"""


def give_out_slug_and_color(declared: str, another: str) -> str:
    """The trigger of schedules without slug or colour: what it declares, and how it comes to
    another slug where that of the name is taken."""
    body = f"""
DECLARE
    colors text[] := '{{{",".join(COLORS)}}}';
    base text;
    {declared}
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended('schedules ' || NEW.organization_id::text, 0));
    IF NEW.slug IS NULL THEN
        base := left(regexp_replace(lower(regexp_replace(
            normalize(NEW.name, NFKD), '[^ -~]', '', 'g') COLLATE "C"), '[^a-z0-9]+', '-', 'g'),
            60);
        base := coalesce(nullif(trim(BOTH '-' FROM base), ''), 'schedule');
        NEW.slug := base;{another}    END IF;
    IF NEW.color IS NULL THEN
        SELECT colors[coalesce(array_position(colors, latest.color), 0) % cardinality(colors) + 1]
        INTO NEW.color FROM (SELECT (
            SELECT color FROM schedules
            WHERE organization_id = NEW.organization_id AND color IS NOT NULL
            ORDER BY id DESC LIMIT 1) AS color) latest;
    END IF;
    RETURN NEW;
END
"""
    return trigger_function("give_out_slug_and_color", body, tag="give")


def trigger_function(name: str, body: str, tag: str) -> str:
    """A function that triggers call: its body, and what is written around it as its quotes."""
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS ${tag}${body}${tag}$;
"""
