"""Recording the outcomes of attempts and moving lanes on, in one statement that channels extend."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from msgspec import Raw, Struct

from kalends.store.database import TenantConnection
from kalends.store.list_statements import in_filled_items
from kalends.store.outbox.lanes import DueLane, keys_of

# The statement is written so that each row is found by its key, whatever PostgreSQL assumes about
# the tables: while they were young, it read all rows of the organization, four times. `pending` is
# a column, because for a constant it read the index of all that waits, once for each outcome.
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
    """The outcome of one attempt: the delivery's new state, the attempts to add as a JSON array,
    and when to try again."""

    lane: DueLane
    state: str
    attempt: Raw
    again_after: timedelta | None


class Recorded(NamedTuple):
    """What became of outcomes: those that could not be recorded because a row is locked; those
    whose lanes have more waiting; and those of deliveries that somebody else has recorded."""

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
    """The statement that records outcomes and moves their lanes on. It never waits for a lock: an
    outcome whose lane or delivery is locked is returned, to be recorded later.

    A channel may add columns to its outcomes, by `types` and `names`. `locks` is a table expression
    that locks further rows, and `locked` the condition that an outcome has its own; `follows` has
    what to do for the outcomes in `written`. `settled` says how many deliveries of the lane an
    outcome settles, if not one. The statement returns the position of each outcome with "held",
    "waits" (more is waiting in its lane) or another word if it is done; and no row for one that
    somebody else has recorded.
    """
    return _RECORD.format(
        types=types, names=names, locks=locks, locked=locked, follows=follows, settled=settled
    )


async def record_outcomes(
    tenant: TenantConnection, statement: str, outcomes: Sequence[DeliveryOutcome], *more: Any
) -> Recorded:
    """Runs a channel's `record_statement`; `more` are the columns that the channel adds."""
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
    result_by_position: dict[int, str] = dict(rows)
    by_result: dict[str | None, list[DeliveryOutcome]] = {"held": [], "waits": [], None: []}
    for position, outcome in enumerate(outcomes, 1):
        by_result.setdefault(result_by_position.get(position), []).append(outcome)
    return Recorded(by_result["held"], by_result["waits"], by_result[None])
