"""What the timetable does for calendars goes through all organizations, a few at a time."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from kalends.compose import Installation
from kalends.services.calendars.writing import upkeep
from tests.calendars.test_changes_there import WatchedOffice
from tests.conftest import fetch, run
from tests.world import World

# A finding of each of two organizations, about a booking that is gone; nothing else of them is
# there.
OF_OTHERS = """
SET session_replication_role = replica;
INSERT INTO calendar_findings
    (organization_id, id, kind, schedule_id, calendar_id, subject_id, booking_id, seen_at)
SELECT lpad(n::text, 32, '0')::uuid, gen_random_uuid(), 'overlap', gen_random_uuid(),
    gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), now() FROM generate_series(1, 2) n;
RESET session_replication_role
"""
THEIRS = f"FROM calendar_findings WHERE organization_id <= '{UUID(int=2)}'"


@pytest.fixture
def office(world: World, home: Installation) -> WatchedOffice:
    return WatchedOffice(world, home)


@pytest.fixture
def _findings_of_others(home: Installation) -> Iterator[None]:
    run(home, OF_OTHERS)
    yield
    run(home, f"DELETE {THEIRS}")


@pytest.mark.usefixtures("_findings_of_others")
def test_findings_of_every_organization_end(
    office: WatchedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "ORGANIZATIONS_AT_ONCE", 1)
    office.in_context(upkeep.end_settled_findings)
    open_ones = fetch(office.home, f"SELECT count(*) {THEIRS} AND resolved_at IS NULL")
    assert open_ones[0][0] == 0


def test_what_a_server_of_before_has_booked_is_written(
    office: WatchedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "SCHEDULES_AT_ONCE", 1)
    office.booked(9)
    office.settled()
    owner = f"organization_id = '{office.organization_id}'"
    run(office.home, f"DELETE FROM calendar_links WHERE {owner}")
    run(office.home, f"UPDATE bookings SET updated_at = updated_at - interval '1 h' WHERE {owner}")
    office.in_context(upkeep.write_what_was_missed)
    assert len(office.settled()) == 1
