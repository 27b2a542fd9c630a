"""Mail that servers of the release before wrote down as jobs, before the upgrade and beside it."""

import pytest

from kalends.domain.ids import BOOKING, decode_id
from tests.fire.bookings import TIMES, change_many
from tests.fire.conftest import Destinations
from tests.fire.destinations import EVENTS
from tests.psql import Psql
from tests.servers import Server
from tests.store.postgres_world import eventually
from tests.world import World

WAITING = 40 * TIMES
BESIDE = 20 * TIMES
PATIENCE_SECONDS = 60 * TIMES
# As they wrote it: two mails for each event, and a job for both. Every third job has failed once,
# and waits to be tried again.
WRITE = """
WITH mail AS (
    INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id, event_number,
        state, created_at)
    SELECT e.organization_id, gen_random_uuid(), replace(e.type, 'booking.', ''), m.audience,
        m.recipient, b.id, e.number, 'queued', now()
    FROM events e JOIN bookings b ON b.organization_id = e.organization_id AND b.id = e.booking_id
    JOIN organizations o ON o.id = e.organization_id
    CROSS JOIN LATERAL (VALUES ('attendee', b.attendee_email), ('organization', o.notify_email))
        AS m (audience, recipient)
    WHERE b.id IN ({bookings}) AND e.type <> 'booking.created'
    RETURNING organization_id, id, event_number)
INSERT INTO pgqueuer (priority, status, entrypoint, payload, attempts, execute_after)
SELECT 0, 'queued', 'mail',
    convert_to(organization_id || ' ' || string_agg(id::text, ' '), 'UTF8'),
    (event_number % 3 = 0)::integer,
    now() + (event_number % 3 = 0)::integer * interval '5 seconds'
FROM mail GROUP BY organization_id, event_number ORDER BY event_number
"""


@pytest.fixture(scope="module")
def left(world: World, _own_server: Server, psql: Psql, destinations: Destinations) -> list[str]:
    """Bookings about whose changes such mails were written."""
    waiting = change_many(world, WAITING, notify=False)
    destinations["mail"].wait_for(waiting, 1)
    _own_server.stop()
    psql.ask(written_before(waiting))
    _own_server.ensure_running()
    beside = change_many(world, BESIDE, notify=False)
    psql.ask(written_before(beside))
    return waiting + beside


def written_before(bookings: list[str]) -> str:
    ids = ", ".join(f"'{decode_id(BOOKING, booking)}'" for booking in bookings)
    return WRITE.format(bookings=ids)


def test_mail_of_the_release_before_arrives_in_order_and_once(
    left: list[str], destinations: Destinations
) -> None:
    mail = destinations["mail"]
    mail.wait_for(left, len(EVENTS), PATIENCE_SECONDS)
    in_order = list(range(len(EVENTS)))
    assert [steps for steps in mail.steps(left).values() if steps != in_order] == []


def test_no_job_of_the_release_before_is_left(
    world: World, left: list[str], destinations: Destinations, psql: Psql
) -> None:
    destinations["mail"].wait_for(left, len(EVENTS), PATIENCE_SECONDS)
    jobs = "SELECT status FROM pgqueuer WHERE entrypoint = 'mail'"
    eventually(lambda: psql.ask(jobs) == "", PATIENCE_SECONDS)
    ours = f"organization_id = '{world.setup.organization_id}'"
    unsent = f"SELECT count(*) FROM mails WHERE state <> 'sent' AND {ours}"
    eventually(lambda: psql.ask(unsent) == "0")
