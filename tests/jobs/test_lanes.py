"""Lanes that were leased: not served, or served while somebody holds a row of theirs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec import Raw

from kalends.compose import Installation
from kalends.domain.ids import new_id
from kalends.domain.mail import Audience, Mail, MailKind, MailState
from kalends.domain.webhook import State
from kalends.store.database import Database
from kalends.store.outbox.lanes import DueLane, Lease, Postponed, release_lanes, renew_leases
from kalends.store.outbox.mail_lanes import (
    DueMail,
    MailOutcome,
    append_to_lane,
    lease_due_mails,
    record_mails,
)
from kalends.store.outbox.mails import insert_mail
from tests.conftest import fetch, make_organization, run
from tests.homes import BESIDE
from tests.psql import Psql

NOW = datetime(2031, 5, 1, tzinfo=UTC)
OWNER = new_id()
UNTIL = datetime(2099, 5, 1, tzinfo=UTC)
LEASE_FOR = timedelta(minutes=1)


async def test_a_locked_lane_is_not_released_and_is_answered(
    own_home: Installation, psql: Psql
) -> None:
    free, locked = (add_lane(own_home) for _ in range(2))
    context = own_home.context(BESIDE)
    with psql.holding(f"SELECT FROM webhook_lanes WHERE {key_of(locked)} FOR UPDATE"):
        async with context.database.tenant_connection(OWNER) as tenant:
            assert await release_lanes(tenant, [free, locked]) == [locked]
    async with context.database.tenant_connection(OWNER) as tenant:
        assert await release_lanes(tenant, [locked]) == []
    await context.close()
    due = f"WHERE due_at <= now() AND ({key_of(free)} OR {key_of(locked)})"
    assert fetch(own_home, f"SELECT count(*) FROM webhook_lanes {due}")[0][0] == 2


async def test_the_outcome_of_a_held_mail_is_recorded_later(
    own_home: Installation, psql: Psql
) -> None:
    context = own_home.context(BESIDE)
    lane = await lease_new_mail(context.database, make_organization(own_home).organization_id)
    with psql.holding(f"SELECT FROM mails WHERE id = '{lane.mail.id}' FOR UPDATE"):
        async with context.database.tenant_connection(lane.organization_id) as tenant:
            assert (await record_mails(tenant, [sent(lane)], NOW)).held == [sent(lane)]
    async with context.database.tenant_connection(lane.organization_id) as tenant:
        assert (await record_mails(tenant, [sent(lane)], NOW)).held == []
    await context.close()
    states = (
        "SELECT m.state, d.state FROM mails m JOIN deliveries d USING (organization_id, id)"
        f" WHERE m.id = '{lane.mail.id}'"
    )
    assert [tuple(row) for row in fetch(own_home, states)] == [("sent", "delivered")]


async def test_a_renewed_lease_keeps_others_from_the_lane(own_home: Installation) -> None:
    context = own_home.context(BESIDE)
    lane = await lease_new_mail(context.database, make_organization(own_home).organization_id)
    before = lane.lease.until
    run(own_home, f"UPDATE webhook_lanes SET due_at = now() + interval '1 s' WHERE {of(lane)}")
    lane.lease.until = fetch(own_home, f"SELECT due_at FROM webhook_lanes WHERE {of(lane)}")[0][0]
    async with context.database.tenant_connection(lane.organization_id) as tenant:
        assert await renew_leases(tenant, [lane], 2 * LEASE_FOR) == [lane]
    await context.close()
    assert fetch(own_home, f"SELECT due_at FROM webhook_lanes WHERE {of(lane)}")[0][0] > before
    assert lane.lease.until > before


@pytest.mark.parametrize("now", ["now() - interval '1 s'", "now() + interval '30 s'"])
async def test_a_lease_that_is_over_or_lost_is_not_renewed(
    own_home: Installation, now: str
) -> None:
    context = own_home.context(BESIDE)
    lane = await lease_new_mail(context.database, make_organization(own_home).organization_id)
    run(own_home, f"UPDATE webhook_lanes SET due_at = {now} WHERE {of(lane)}")
    if "-" in now:
        due = fetch(own_home, f"SELECT due_at FROM webhook_lanes WHERE {of(lane)}")
        lane.lease.until = due[0][0]
    async with context.database.tenant_connection(lane.organization_id) as tenant:
        assert await renew_leases(tenant, [lane], LEASE_FOR) == []
    await context.close()


async def test_an_outcome_that_comes_late_leaves_the_lane_leased(own_home: Installation) -> None:
    """Another worker has it by then, and finds out that the mail is recorded."""
    context = own_home.context(BESIDE)
    lane = await lease_new_mail(context.database, make_organization(own_home).organization_id)
    run(own_home, f"UPDATE webhook_lanes SET due_at = now(), waiting = 2 WHERE {of(lane)}")
    async with context.database.tenant_connection(lane.organization_id) as tenant:
        (others,) = await lease_due_mails(tenant, 10, 10, LEASE_FOR)
        recorded = await record_mails(tenant, [sent(lane)], NOW)
        assert recorded.waiting == [sent(lane)]
        late = await record_mails(tenant, [sent(others)], NOW)
        assert late.late == [sent(others)]
    await context.close()
    due = fetch(own_home, f"SELECT due_at, waiting FROM webhook_lanes WHERE {of(lane)}")[0]
    assert tuple(due) == (others.lease.until, 1)


def sent(lane: DueMail) -> MailOutcome:
    return MailOutcome(
        lane=lane,
        state=State.DELIVERED,
        attempt=Raw(b"[]"),
        again_after=None,
        mail_state=MailState.SENT,
    )


def of(lane: DueLane) -> str:
    return key_of(Postponed(lane))


async def lease_new_mail(database: Database, organization_id: UUID) -> DueMail:
    mail = Mail(
        id=new_id(),
        kind=MailKind.USER_INVITATION,
        audience=Audience.USER,
        recipient="ada@example.com",
        booking_id=None,
        event_number=None,
        state=MailState.QUEUED,
        subject="Welcome",
        message=b"sealed",
        error=None,
        created_at=NOW,
        done_at=None,
    )
    async with database.tenant_transaction(organization_id) as tenant:
        await insert_mail(tenant, mail)
        await append_to_lane(tenant, mail, new_id(), new_id(), None)
    async with database.tenant_connection(organization_id) as tenant:
        leased = await lease_due_mails(tenant, 1000, 1000, LEASE_FOR)
    return next(lane for lane in leased if lane.mail.id == mail.id)


def add_lane(home: Installation) -> Postponed:
    """A lane under a lease."""
    lane = DueLane(OWNER, new_id(), new_id(), Lease(UNTIL), None, 0)
    run(
        home,
        "INSERT INTO webhook_lanes (organization_id, endpoint_id, lane_id, waiting, due_at)"
        f" VALUES ({values_of(lane)}, 1, '{UNTIL}')",
    )
    return Postponed(lane, timedelta(0))


def key_of(postponed: Postponed) -> str:
    return f"(organization_id, endpoint_id, lane_id) = ({values_of(postponed.lane)})"


def values_of(lane: DueLane) -> str:
    ids: tuple[UUID, ...] = lane.organization_id, lane.destination_id, lane.lane_id
    return ", ".join(f"'{one}'" for one in ids)
