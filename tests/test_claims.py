"""`kalends doctor --bookings`: claims and bookings that do not belong together, and the repair."""

import subprocess
from collections.abc import Callable

import pytest

from kalends.compose import Installation
from kalends.domain.ids import BOOKING, SCHEDULE, decode_id, encode_id
from kalends.store.availability.claims import NO_EVENT_TYPE
from tests.commands import run_kalends
from tests.conftest import fetch, run
from tests.world import JSON, World

Doctor = Callable[..., subprocess.CompletedProcess[str]]
AT = "2031-05-01T10:00:00Z"


@pytest.fixture(scope="module")
def own_settings() -> dict[str, str]:
    return {"OUTBOUND_ALLOW": "127.0.0.1"}


@pytest.fixture(scope="module")
def home(own_home: Installation) -> Installation:
    """The module's own: the doctor looks at all there is, also at what other tests have written by
    hand."""
    return own_home


@pytest.fixture
def world(own_world: World) -> World:
    return own_world


@pytest.fixture
def doctor(own_environment: dict[str, str]) -> Doctor:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return run_kalends(own_environment, "doctor", *words)

    return call


def id_of(booking: JSON) -> str:
    return str(decode_id(BOOKING, booking["id"]))


def forget_claims(home: Installation, *bookings: JSON) -> None:
    for booking in bookings:
        run(home, f"DELETE FROM occupancies WHERE booking_id = '{id_of(booking)}'")


def claims_of(home: Installation, *bookings: JSON) -> list[tuple[object, ...]]:
    ids = ", ".join(f"'{id_of(booking)}'" for booking in bookings)
    sql = f"SELECT * FROM occupancies WHERE booking_id IN ({ids}) ORDER BY booking_id, schedule_id"
    return [tuple(row) for row in fetch(home, sql)]


def lines_about(booking: JSON, done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith(f"WRONG  {booking['id']}")]


def test_claims_that_belong_to_their_bookings_are_well(world: World, doctor: Doctor) -> None:
    world.book(world.create_schedule(), AT)
    done = doctor("--bookings")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 claims are not as they have to be." in done.stdout


def test_a_missing_claim_is_named_and_written_again(
    world: World, home: Installation, doctor: Doctor
) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(
        buffer_before_minutes=10, buffer_after_minutes=5, duration_minutes=60
    )
    booking = world.book(schedule, AT, event_type_id=event_type["id"])
    before = claims_of(home, booking)
    forget_claims(home, booking)
    done = doctor("--bookings")
    (line,) = lines_about(booking, done)
    assert done.returncode == 1
    assert f"has no claim on {schedule['id']} from 2031-05-01 09:50Z to 2031-05-01 11:05Z" in line
    repaired = doctor("--bookings", "--repair")
    (line,) = lines_about(booking, repaired)
    assert (repaired.returncode, line.endswith(": written")) == (0, True)
    assert [row[:2] + row[3:] for row in claims_of(home, booking)] == [
        row[:2] + row[3:]
        for row in before  # all but the claim's own id
    ]
    assert doctor("--bookings").returncode == 0


def test_a_time_that_was_booked_again_is_left_to_its_booking(
    world: World, home: Installation, doctor: Doctor
) -> None:
    schedule = world.create_schedule()
    first = world.book(schedule, AT)
    forget_claims(home, first)
    second = world.book(schedule, AT)
    done = doctor("--bookings", "--repair")
    (line,) = lines_about(first, done)
    assert done.returncode == 1
    assert line.endswith(f": not written, as {second['id']} has that time")
    assert claims_of(home, first) == []
    world.api.delete(f"/api/v1/bookings/{second['id']}")
    assert doctor("--bookings", "--repair").returncode == 0


def test_seats_of_a_session_share_their_claim_again(
    world: World, home: Installation, doctor: Doctor
) -> None:
    schedules = [world.create_schedule(), world.create_schedule()]
    group = world.create_event_type(
        capacity=2,
        duration_minutes=60,
        requirements=[{"count": 1, "schedule_ids": [one["id"] for one in schedules]}],
    )
    seats = []
    for _ in range(3):
        body = world.booking_body(schedules[0], AT, event_type_id=group["id"])
        del body["schedule_id"]
        answer = world.api.post("/api/v1/bookings", json=body)
        assert answer.status_code == 201, answer.text
        seats.append(answer.json()["data"])
    before = claims_of(home, *seats)
    for gone in (seats, seats[:1], seats[2:]):
        forget_claims(home, *gone)
        assert doctor("--bookings", "--repair").returncode == 0
        assert claims_of(home, *seats) == before


@pytest.mark.parametrize(
    ("spoil", "words", "mend"),
    [
        (
            "starts_at = starts_at + interval '1 h'",
            "under another start",
            "starts_at - interval '1 h'",
        ),
        (
            "during = tstzrange(lower(during) + interval '1 h', upper(during) + interval '1 h')",
            "from 2031-05-01 11:00Z to 2031-05-01 12:00Z, and not from 2031-05-01 10:00Z",
            "tstzrange(lower(during) - interval '1 h', upper(during) - interval '1 h')",
        ),
        (
            "event_type_id = schedule_id",
            "under another event type",
            f"'{NO_EVENT_TYPE}'",
        ),
        (
            "during = tstzrange(lower(during) - interval '7 min', upper(during))",
            "other buffers",
            "tstzrange(lower(during) + interval '7 min', upper(during))",
        ),
    ],
)
def test_a_claim_at_another_time_is_named_and_left(
    world: World, home: Installation, doctor: Doctor, spoil: str, words: str, mend: str
) -> None:
    booking = world.book(world.create_schedule(), AT)
    where = f"WHERE booking_id = '{id_of(booking)}'"
    run(home, f"UPDATE occupancies SET {spoil} {where}")
    spoiled = claims_of(home, booking)
    done = doctor("--bookings", "--repair")
    (line,) = lines_about(booking, done)
    assert (done.returncode, words in line) == (1, True)
    assert claims_of(home, booking) == spoiled
    run(home, f"UPDATE occupancies SET {spoil.partition(' ')[0]} = {mend} {where}")
    assert doctor("--bookings").returncode == 0


def test_claims_of_nothing_are_named(world: World, home: Installation, doctor: Doctor) -> None:
    schedule, other = world.create_schedule(), world.create_schedule()
    cancelled, moved, gone = (
        world.book(schedule, f"2031-05-0{day}T10:00:00Z") for day in (1, 2, 3)
    )
    world.api.delete(f"/api/v1/bookings/{cancelled['id']}")
    copy = (
        "INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, starts_at,"
        " during) SELECT organization_id, {}, {}, {}, starts_at, {} FROM occupancies"
        f" WHERE booking_id = '{id_of(gone)}'"
        f" AND schedule_id = '{decode_id(SCHEDULE, schedule['id'])}'"
    )
    later, made = "during + '5 days'::interval", "gen_random_uuid()"
    later = "tstzrange(lower(during) + interval '9 h', upper(during) + interval '9 h')"
    nobody = "00000000-0000-7000-8000-00000000beef"
    run(home, copy.format("schedule_id", made, f"'{id_of(cancelled)}'", later))
    elsewhere = f"'{decode_id(SCHEDULE, other['id'])}'"
    claim = f"(SELECT claim_id FROM occupancies WHERE booking_id = '{id_of(moved)}')"
    run(home, copy.format(elsewhere, claim, f"'{id_of(moved)}'", "during"))
    run(home, copy.format(elsewhere, made, f"'{nobody}'", later))
    done = doctor("--bookings")
    assert done.returncode == 1
    assert "takes no time, and has a claim" in lines_about(cancelled, done)[0]
    assert f"is not on {other['id']}" in lines_about(moved, done)[0]
    ghost = [line for line in done.stdout.splitlines() if "is no booking" in line]
    assert ghost[0].startswith("WRONG  " + public_id(nobody))
    run(home, f"DELETE FROM occupancies WHERE booking_id IN ('{nobody}', '{id_of(cancelled)}')")
    run(home, f"DELETE FROM occupancies WHERE schedule_id = {elsewhere}")
    assert doctor("--bookings").returncode == 0


def public_id(uuid: str) -> str:
    from uuid import UUID

    return encode_id(BOOKING, UUID(uuid))


def test_what_shares_a_claim_and_is_no_seat_is_named(
    world: World, home: Installation, doctor: Doctor
) -> None:
    """The constraint lets rows of one claim overlap: a double booking that nothing else shows."""
    schedule = world.create_schedule()
    first = world.book(schedule, AT)
    second = world.book(schedule, "2031-05-02T10:00:00Z")
    run(
        home,
        "UPDATE occupancies o SET claim_id = f.claim_id,"
        " during = f.during + tstzrange(lower(f.during), upper(f.during) + interval '1 min')"
        f" FROM occupancies f WHERE f.booking_id = '{id_of(first)}'"
        f" AND o.booking_id = '{id_of(second)}'",
    )
    done = doctor("--bookings")
    named = lines_about(first, done) + lines_about(second, done)
    assert done.returncode == 1
    assert any("shares its claim" in line for line in named)
    forget_claims(home, second)
    assert doctor("--bookings", "--repair").returncode == 0


def put_in_claim_of(home: Installation, first: JSON, second: JSON, *, on: JSON, of: JSON) -> None:
    """What the second has on `of` lies on `on` from now on, in the claim of the first."""
    old, new = decode_id(SCHEDULE, of["id"]), decode_id(SCHEDULE, on["id"])
    claim = f"(SELECT claim_id FROM occupancies WHERE booking_id = '{id_of(first)}' LIMIT 1)"
    run(
        home,
        f"UPDATE occupancies SET claim_id = {claim},"
        f" schedule_id = CASE schedule_id WHEN '{old}' THEN '{new}' ELSE schedule_id END"
        f" WHERE booking_id = '{id_of(second)}'",
    )
    run(
        home,
        f"UPDATE bookings SET schedule_ids = array_replace(schedule_ids, '{old}', '{new}'),"
        f" schedule_id = CASE schedule_id WHEN '{old}' THEN '{new}' ELSE schedule_id END"
        f" WHERE id = '{id_of(second)}'",
    )


def test_two_bookings_of_one_start_may_not_share_a_claim(
    world: World, home: Installation, doctor: Doctor
) -> None:
    room, other = world.create_schedule(), world.create_schedule()
    first, second = world.book(room, AT), world.book(other, AT)
    put_in_claim_of(home, first, second, on=room, of=other)
    done = doctor("--bookings")
    assert done.returncode == 1
    assert any("shares its claim" in line for line in lines_about(first, done))
    world.api.delete(f"/api/v1/bookings/{second['id']}")
    assert doctor("--bookings").returncode == 0


def test_two_sessions_may_not_share_a_room(
    world: World, home: Installation, doctor: Doctor
) -> None:
    hosts, rooms = ([world.create_schedule() for _ in range(2)] for _ in range(2))
    needed = [{"count": 1, "schedule_ids": [one["id"] for one in some]} for some in (hosts, rooms)]
    group = world.create_event_type(capacity=2, requirements=needed)
    seats = [world.book(None, AT, event_type_id=group["id"]) for _ in range(3)]
    taken, free = (rooms if seats[0]["schedule_ids"][1] == rooms[0]["id"] else rooms[::-1])[:2]
    put_in_claim_of(home, seats[0], seats[2], on=taken, of=free)
    done = doctor("--bookings")
    assert done.returncode == 1
    assert any("shares its claim" in line for line in lines_about(seats[0], done))
    world.api.delete(f"/api/v1/bookings/{seats[2]['id']}")
    assert doctor("--bookings").returncode == 0


def test_bookings_recorded_in_conflict_need_no_claim(
    world: World, home: Installation, doctor: Doctor
) -> None:
    booking = world.book(world.create_schedule(), AT)
    forget_claims(home, booking)
    run(home, f"UPDATE bookings SET conflict = true WHERE id = '{id_of(booking)}'")
    assert doctor("--bookings").returncode == 0


def test_a_repair_without_bookings_is_no_order(doctor: Doctor) -> None:
    done = doctor("--repair")
    assert done.returncode == 2
    assert "--bookings" in done.stderr
