"""Recording the outcomes of tries, and moving their lanes on: one statement, which a channel may
add to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from msgspec import Raw, Struct

from kalends.store.database import TenantConnection
from kalends.store.list_statements import in_filled_items
from kalends.store.outbox.lanes import DueLane, keys_of

# Each row is found by its key, whatever PostgreSQL believes of the tables: while they are young it
# looked through all of an organization's, four times. `pending` is a column, as for a constant it
# looked through the index of all that waits, once for each outcome.
_RECORD: Final = """
WITH outcome AS MATERIALIZED (
    SELECT o.*, 'pending' AS pending, now() AS recorded_at,
        now() + coalesce(o.again_after, interval '0') AS again_at
    FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::integer[], $7::text[],
        $8::jsonb[], $9::interval[]{types}) WITH ORDINALITY AS o (endpoint_id, lane_id, until, id,
            tries, state, attempt, again_after{names}, position)),
lane AS MATERIALIZED (
    SELECT l.endpoint_id, l.lane_id FROM outcome o CROSS JOIN LATERAL (
        SELECT l.endpoint_id, l.lane_id FROM webhook_lanes l
        WHERE l.organization_id = $1 AND l.endpoint_id = o.endpoint_id AND l.lane_id = o.lane_id
        FOR UPDATE SKIP LOCKED) l){locks},
free AS MATERIALIZED (
    SELECT o.* FROM outcome o{locked}
    LEFT JOIN LATERAL (
        SELECT l.lane_id FROM webhook_lanes l
        WHERE l.organization_id = $1 AND l.endpoint_id = o.endpoint_id AND l.lane_id = o.lane_id
        OFFSET 0) l ON true
    WHERE l.lane_id IS NULL OR (o.endpoint_id, o.lane_id) IN (SELECT * FROM lane)),
mine AS MATERIALIZED (
    SELECT d.id FROM free o CROSS JOIN LATERAL (
        SELECT d.id FROM deliveries d
        WHERE d.organization_id = $1 AND d.id = o.id AND d.state = o.pending AND d.tries = o.tries
        FOR UPDATE SKIP LOCKED) d),
written AS (
    UPDATE deliveries d
    SET state = o.state, tries = d.tries + 1, attempts = d.attempts || o.attempt
    FROM mine JOIN outcome o USING (id)
    WHERE d.organization_id = $1 AND d.id = mine.id
    RETURNING d.endpoint_id, d.lane_id, d.state, o.until, o.recorded_at, o.again_at, o.position),
moved AS (
    UPDATE webhook_lanes l
    SET waiting = l.waiting - {settled},
        due_at = CASE WHEN l.due_at = w.until OR l.due_at <= w.recorded_at THEN w.again_at
            ELSE l.due_at END
    FROM written w
    WHERE l.organization_id = $1 AND l.endpoint_id = w.endpoint_id AND l.lane_id = w.lane_id
    RETURNING w.position, l.waiting){follows}
SELECT w.position, CASE WHEN m.waiting > 0 THEN 'waits' ELSE 'done' END
FROM written w LEFT JOIN moved m USING (position)
UNION ALL
SELECT o.position, 'held' FROM outcome o CROSS JOIN LATERAL (
    SELECT FROM deliveries d
    WHERE d.organization_id = $1 AND d.id = o.id AND d.state = o.pending AND d.tries = o.tries
    OFFSET 0) d
WHERE o.id NOT IN (SELECT * FROM mine)
"""


class DeliveryOutcome(Struct, frozen=True, kw_only=True):
    """The outcome of one try: the delivery's state, the attempts to add as a JSON array, and when
    to try again."""

    lane: DueLane
    state: str
    attempt: Raw
    again_after: timedelta | None


class Recorded(NamedTuple):
    """Of outcomes: those that could not be recorded, as somebody holds a row of theirs; those in
    whose lanes something waits on; and those of deliveries that somebody else has recorded."""

    held: Sequence[DeliveryOutcome]
    waiting: Sequence[DeliveryOutcome]
    late: Sequence[DeliveryOutcome]


def record_statement(
    *,
    types: str = "",
    names: str = "",
    locks: str = "",
    locked: str = "",
    follows: str = "",
    settled: str = "(w.state <> 'pending')::integer",
) -> str:
    """Records outcomes and moves their lanes on. It waits for nobody: what somebody holds (a lane,
    a delivery) is answered, to be written later.

    A channel may give its outcomes further columns, by their `types` and `names`; `locks` makes
    a table of what else has to be free, which is `locked` for the outcomes that are written; and
    something `follows` from those, `written`. `settled` is how many deliveries of the lane one
    settles, where it is not one. It answers the positions of outcomes, and whether
    each is held, or done, or its lane waits on; nothing of one that somebody else has recorded.
    """
    return _RECORD.format(
        types=types, names=names, locks=locks, locked=locked, follows=follows, settled=settled
    )


async def record_outcomes(
    tenant: TenantConnection, statement: str, outcomes: Sequence[DeliveryOutcome], *more: Any
) -> Recorded:
    """Runs a channel's `record_statement`; `more` are its own columns."""
    lanes = [outcome.lane for outcome in outcomes]
    arguments = [
        tenant.organization_id,
        *keys_of(lanes),
        [lane.delivery_id for lane in lanes],
        [lane.tries for lane in lanes],
        [outcome.state for outcome in outcomes],
        [outcome.attempt for outcome in outcomes],
        [outcome.again_after for outcome in outcomes],
        *more,
    ]
    sent = in_filled_items(statement, arguments)
    rows = await tenant.tx.fetch(sent.statement, *sent.arguments)
    became: dict[int, str] = dict(rows)
    by_end: dict[str | None, list[DeliveryOutcome]] = {"held": [], "waits": [], None: []}
    for position, outcome in enumerate(outcomes, 1):
        by_end.setdefault(became.get(position), []).append(outcome)
    return Recorded(by_end["held"], by_end["waits"], by_end[None])
