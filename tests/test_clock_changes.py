"""`kalends doctor --bookings`: new time-zone data is reported, and moves nothing."""

from kalends.compose import Installation
from tests.commands import run_kalends
from tests.conftest import run
from tests.world import World


def doctor(environment: dict[str, str]) -> str:
    done = run_kalends(environment, "doctor", "--bookings")
    # 1 says that something is wrong, as other tests leave it on purpose.
    assert (done.returncode in (0, 1), done.stderr) == (True, "")
    return done.stdout


def test_a_booking_made_under_other_rules_is_listed_and_stays(
    world: World, home: Installation, environment: dict[str, str]
) -> None:
    schedule = world.create_schedule(timezone="Europe/Berlin")
    booking = world.book(schedule, "2030-07-01T10:00:00Z")
    assert booking["id"] not in doctor(environment)
    # As if it had been made under rules in which Berlin had no summer time.
    old = "UPDATE bookings SET wall_clock = '2030-07-01T11:00:00' WHERE title = 'Made before'"
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": "Made before"})
    before = world.api.get(f"/api/v1/bookings/{booking['id']}").json()
    run(home, old)
    listed = doctor(environment)
    assert f"{booking['id']} of org_" in listed
    assert "made for 2030-07-01T11:00:00, will be at 2030-07-01T12:00:00" in listed
    assert world.api.get(f"/api/v1/bookings/{booking['id']}").json() == before
