"""What an event changed and what its actor is called; who cancelled a booking.

Locks: `events` and `bookings` are each locked for the moment that a nullable column takes (no
rewrite, at most two seconds of waiting at a time). Bookings that are cancelled already are filled
from their events, a few hundred in each transaction, beside servers that go on writing. Those that
servers of the version before cancel from then on are filled by a trigger: they write events without
`previous`, by which it knows them. Nothing is overwritten.
"""

import json
from typing import Any
from uuid import UUID

from kalends.store.migrations.plain import execute_briefly, outside_transaction, run

revision = "0007"
down_revision = "0006"

EVENTS = """
ALTER TABLE events ADD COLUMN IF NOT EXISTS previous json,
    ADD COLUMN IF NOT EXISTS actor_name text
"""
# json, not jsonb: it is given back as it was written.
BOOKINGS = "ALTER TABLE bookings ADD COLUMN IF NOT EXISTS cancelled_by json"

# Ids are shown as numbers of base 62 behind a prefix; the booking is locked by whoever cancels it.
TRIGGER = """
CREATE OR REPLACE FUNCTION uuid_of_shown_id(given text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $uuid$
    WITH value AS (
        SELECT sum((strpos('DIGITS', letter) - 1) * 62::numeric ^ (
            length(split_part(given, '_', 2)) - place)) AS number
        FROM string_to_table(split_part(given, '_', 2), NULL)
            WITH ORDINALITY AS letters (letter, place))
    SELECT string_agg(lpad(to_hex(
        mod(div(number, 4294967296::numeric ^ part), 4294967296)::bigint), 8, '0'), ''
        ORDER BY part DESC)::uuid
    FROM value, generate_series(0, 3) AS part
$uuid$;

CREATE OR REPLACE FUNCTION keep_who_cancelled() RETURNS trigger
LANGUAGE plpgsql AS $keep$
DECLARE
    kind text := split_part(NEW.actor, '_', 1);
    named text;
    shown text;
BEGIN
    IF kind IN ('key', 'usr') THEN
        shown := NEW.actor;
        named := CASE kind
            WHEN 'key' THEN (
                SELECT coalesce(name, '…' || last_four) FROM api_keys
                WHERE organization_id = NEW.organization_id AND id = uuid_of_shown_id(shown))
            ELSE (SELECT email FROM users WHERE id = uuid_of_shown_id(shown)) END;
    ELSE
        named := CASE kind WHEN 'attendee' THEN NEW.data ->> 'attendee_name'
            WHEN 'kalends' THEN 'Kalends' WHEN 'calcom' THEN 'Cal.com' END;
    END IF;
    UPDATE bookings SET cancelled_by = json_build_object(
        'type', CASE kind WHEN 'key' THEN 'api_key' WHEN 'usr' THEN 'user'
            WHEN 'attendee' THEN kind WHEN 'operator' THEN kind WHEN 'calcom' THEN kind
            ELSE 'system' END,
        'id', shown, 'name', named)
    WHERE organization_id = NEW.organization_id AND id = NEW.booking_id
        AND status = 'CANCELLED' AND cancelled_by IS NULL;
    RETURN NULL;
END
$keep$;

DROP TRIGGER IF EXISTS events_say_who_cancelled ON events;
CREATE TRIGGER events_say_who_cancelled AFTER INSERT ON events
    FOR EACH ROW WHEN (NEW.previous IS NULL AND NEW.data ->> 'status' = 'CANCELLED'
        AND NEW.type IN ('booking.cancelled', 'booking.created'))
    EXECUTE FUNCTION keep_who_cancelled();
"""

BATCH = 500
# By the primary key, so that each booking is looked at once. The event that cancelled a booking is
# its last of that type; one that came in cancelled has only that of its creation.
CANCELLED = """
SELECT b.organization_id, b.id, b.attendee_name, e.actor FROM (
    SELECT organization_id, id, attendee_name FROM bookings
    WHERE (organization_id, id) > ($1, $2) AND status = 'CANCELLED' AND cancelled_by IS NULL
    ORDER BY organization_id, id LIMIT $3) b
LEFT JOIN LATERAL (
    SELECT actor, data ->> 'status' AS status FROM events e
    WHERE e.organization_id = b.organization_id AND e.booking_id = b.id
        AND e.type IN ('booking.cancelled', 'booking.created')
    ORDER BY e.number DESC LIMIT 1) e ON e.status = 'CANCELLED'
ORDER BY b.organization_id, b.id
"""
KEYS = """
SELECT k.id, coalesce(k.name, '…' || k.last_four) FROM api_keys k
JOIN unnest($1::uuid[], $2::uuid[]) AS asked (organization_id, id) USING (organization_id, id)
"""
USERS = "SELECT id, email FROM users WHERE id = ANY($1::uuid[])"
# Locks in the order in which servers lock several bookings.
FILL = """
WITH cancelled AS MATERIALIZED (
    SELECT b.organization_id, b.id, a.actor FROM bookings b
    JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) AS a (organization_id, id, actor)
        USING (organization_id, id)
    WHERE b.status = 'CANCELLED' AND b.cancelled_by IS NULL
    ORDER BY b.organization_id, b.id FOR NO KEY UPDATE OF b)
UPDATE bookings b SET cancelled_by = c.actor::json FROM cancelled c
WHERE b.organization_id = c.organization_id AND b.id = c.id
"""
FIRST = (UUID(int=0), UUID(int=0))
WORDS = {
    "attendee": ("attendee", None),
    "kalends": ("system", "Kalends"),
    "operator": ("operator", None),
    "calcom": ("calcom", "Cal.com"),
}
PREFIXES = {"key": "api_key", "usr": "user"}
# The digits in which ids are shown, after their prefix.
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(EVENTS, BOOKINGS, TRIGGER.replace("DIGITS", DIGITS))
        run(fill_cancelled_by)


async def fill_cancelled_by(driver: Any) -> None:
    """Writes down who cancelled each booking, where its events say so."""
    after = FIRST
    while rows := await driver.fetch(CANCELLED, *after, BATCH):
        after = (rows[-1]["organization_id"], rows[-1]["id"])
        known = [row for row in rows if row["actor"] is not None]
        names = await _names(driver, known)
        await driver.execute(
            FILL,
            [row["organization_id"] for row in known],
            [row["id"] for row in known],
            [json.dumps(_actor(row, names), ensure_ascii=False) for row in known],
        )


def _actor(row: Any, names: dict[UUID, str]) -> dict[str, str | None]:
    """Who cancelled the booking, as the API shows it."""
    recorded = row["actor"]
    if kind := PREFIXES.get(recorded.partition("_")[0]):
        return {"type": kind, "id": recorded, "name": names.get(_uuid(recorded))}
    kind, name = WORDS.get(recorded, ("system", None))
    return {"type": kind, "id": None, "name": row["attendee_name"] if kind == "attendee" else name}


async def _names(driver: Any, rows: list[Any]) -> dict[UUID, str]:
    """What the keys and users among the actors are called, by their ids."""
    keys = {(r["organization_id"], _uuid(r["actor"])) for r in rows if r["actor"][:4] == "key_"}
    users = {_uuid(r["actor"]) for r in rows if r["actor"][:4] == "usr_"}
    found = await driver.fetch(KEYS, [key[0] for key in keys], [key[1] for key in keys])
    found += await driver.fetch(USERS, list(users))
    return {row[0]: row[1] for row in found}


def _uuid(shown: str) -> UUID:
    number = 0
    for character in shown.partition("_")[2]:
        number = number * len(DIGITS) + DIGITS.index(character)
    return UUID(int=number)
