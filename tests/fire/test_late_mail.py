"""Mail that is never sent: what came too late, and what stays in the mailbox."""

import pytest

from kalends.compose import Installation
from kalends.domain.ids import BOOKING, decode_id
from kalends.services.reminders import send_due
from tests.conftest import in_thread
from tests.fire.bookings import book_many
from tests.fire.conftest import Destinations
from tests.fire.destinations import Destination
from tests.homes import BESIDE
from tests.psql import Psql
from tests.servers import Server
from tests.store.postgres_world import eventually
from tests.world import World, tomorrow_at

# The clock of the server shows whole seconds.
PAST = "now() - interval '1 minute'"


@pytest.fixture
def mail(destinations: Destinations) -> Destination:
    return destinations["mail"]


@pytest.fixture
def reminded(world: World, mail: Destination) -> str:
    """A booking with a reminder, whose other mails have arrived."""
    schedule = world.create_schedule()
    event_type = world.create_event_type(
        schedule_id=schedule["id"], requires_confirmation=False, reminders_minutes_before=[60]
    )
    booking = str(world.book(None, tomorrow_at(10), event_type_id=event_type["id"])["id"])
    mail.wait_for([booking], 1)
    return booking


def test_a_reminder_is_dropped_once_its_appointment_has_begun(
    world: World, own_home: Installation, mail: Destination, psql: Psql, reminded: str
) -> None:
    booking = f"'{decode_id(BOOKING, reminded)}'"
    waits = f"FROM deliveries WHERE type = 'reminder' AND lane_id = {booking}"
    starts = f"SELECT start_time FROM bookings WHERE id = {booking}"
    with mail.dead():
        psql.ask(f"UPDATE reminders SET remind_at = {PAST} WHERE booking_id = {booking}")
        in_thread(remind(own_home))
        assert psql.ask(f"SELECT expires_at = ({starts}) {waits}").splitlines() == ["t", "t"]
        psql.ask(f"UPDATE deliveries SET expires_at = {PAST} WHERE id IN (SELECT id {waits})")
        wait_for_tries(psql)
    state = f"SELECT state, error FROM mails WHERE kind = 'reminder' AND booking_id = {booking}"
    eventually(lambda: "queued" not in psql.ask(state))
    assert psql.ask(state).splitlines() == 2 * ["failed|it was too late: the appointment had begun"]
    mail.wait_for(book_many(world, 1), 1)
    assert {len(steps) for steps in mail.steps([reminded]).values()} == {1}


def test_a_link_that_has_expired_is_not_mailed(world: World, mail: Destination, psql: Psql) -> None:
    user = world.setup.admin_email
    mails = f"mails m WHERE kind = 'password_reset' AND recipient = '{user}'"
    with mail.dead():
        world.stranger.post("/password-reset", data={"email": user})
        eventually(lambda: psql.ask(f"SELECT count(*) FROM {mails}") == "1")
        psql.ask(f"UPDATE deliveries SET expires_at = {PAST} WHERE id = (SELECT id FROM {mails})")
        wait_for_tries(psql)
    eventually(lambda: psql.ask(f"SELECT state FROM {mails}") == "failed")
    assert "expired" in psql.ask(f"SELECT error FROM {mails}")
    mail.wait_for(book_many(world, 1), 1)
    assert [one for one in mail.messages if one.address == user and not one.booking] == []


def test_a_link_is_mailed_as_long_as_it_opens_something(
    world: World, mail: Destination, psql: Psql
) -> None:
    with mail.dead():
        world.stranger.post("/password-reset", data={"email": world.setup.admin_email})
        ours = f"organization_id = '{world.setup.organization_id}'"
        waiting = f"FROM deliveries WHERE channel = 'mail' AND state = 'pending' AND {ours}"
        eventually(lambda: psql.ask(f"SELECT count(*) {waiting}") == "1")
        ends = "SELECT max(expires_at) FROM account_links WHERE purpose = 'password-reset'"
        assert psql.ask(f"SELECT expires_at {waiting}") == psql.ask(ends)
    eventually(lambda: psql.ask(f"SELECT count(*) {waiting}") == "0")


def test_kept_mail_stays_once_a_mail_server_is_configured(
    world: World,
    own_server: Server,
    own_environment: dict[str, str],
    mail: Destination,
    psql: Psql,
) -> None:
    own_server.stop()
    without = {name: value for name, value in own_environment.items() if "SMTP" not in name}
    with Server(without, own_server.log_file, own_server.port):
        kept = book_many(world, 3)
        eventually(lambda: count_kept(psql, kept) == 6)
    own_server.ensure_running()
    mail.wait_for(book_many(world, 1), 1)
    assert count_kept(psql, kept) == 6
    assert mail.steps(kept) == {}


def test_mail_of_a_sandbox_is_kept(world: World, mail: Destination, psql: Psql) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    body = world.booking_body(schedule)
    kept = [world.sandbox.post("/api/v1/bookings", json=body).json()["data"]["id"]]
    mail.wait_for(book_many(world, 1), 1)
    eventually(lambda: count_kept(psql, kept) > 0)
    assert mail.steps(kept) == {}


def count_kept(psql: Psql, bookings: list[str]) -> int:
    ids = ", ".join(f"'{decode_id(BOOKING, booking)}'" for booking in bookings)
    return int(
        psql.ask(f"SELECT count(*) FROM mails WHERE state = 'kept' AND booking_id IN ({ids})")
    )


def wait_for_tries(psql: Psql) -> None:
    """Until what was under way is over: a mail that was leased is sent as it was then."""
    leased = "SELECT count(*) FROM webhook_lanes WHERE channel = 'mail' AND due_at > now()"
    eventually(lambda: psql.ask(leased) == "0")


async def remind(home: Installation) -> None:
    """As the server does every 15 seconds, if it has not already."""
    context = home.context(BESIDE)
    try:
        await send_due(context)
    finally:
        await context.close()
