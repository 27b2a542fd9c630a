"""New time-zone data between two starts of the server."""

import json
import shutil
from collections.abc import Callable, Iterator
from importlib import metadata, resources
from pathlib import Path

import httpx
import pytest

from tests.commands import run_kalends
from tests.servers import Server
from tests.world import JSON, Api

OLD_RELEASE = "2019.1"
SUMMER, WINTER = "2030-07-01T10:00:00Z", "2030-01-15T10:00:00Z"

pytestmark = pytest.mark.server


@pytest.fixture
def old_data(tmp_path: Path) -> Path:
    """A folder with another release of the package, in which Berlin has no summer time."""
    folder = tmp_path / "old"
    with resources.as_file(resources.files("tzdata")) as package:
        shutil.copytree(package, folder / "tzdata")
    zones = folder / "tzdata" / "zoneinfo"
    shutil.copy(zones / "Africa" / "Lagos", zones / "Europe" / "Berlin")
    about = folder / f"tzdata-{OLD_RELEASE}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: tzdata\nVersion: {OLD_RELEASE}\n"
    )
    return folder


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server on the same data each time, the one before it stopped."""
    running: list[Server] = []

    def start_one(environment: dict[str, str]) -> Server:
        for server in running:
            server.stop()
        running.append(Server(environment, tmp_path / "server.log"))
        return running[-1].start().wait_until_ready()

    yield start_one
    for server in running:
        server.stop()


def kalends(environment: dict[str, str], *arguments: str) -> str:
    done = run_kalends(environment, *arguments)
    done.check_returncode()
    return done.stdout


def book(api: Api, schedule_id: str, start: str) -> JSON:
    body = {
        "schedule_id": schedule_id,
        "start_time": start,
        "end_time": start.replace("10:00", "11:00"),
        "attendee": {"name": "John Doe", "email": "john@example.com"},
    }
    answer = api.post("/api/v1/bookings", json=body)
    assert answer.status_code == 201, answer.text
    booking: JSON = answer.json()["data"]
    return booking


def first_slot(api: Api, schedule_id: str) -> str:
    query: JSON = {"schedule_id": schedule_id, "duration_minutes": 60}
    days = {"start": "2030-07-02", "end": "2030-07-02"}
    start: str = api.get("/api/v1/slots", params=query | days).json()["data"][0]["start_time"]
    return start


def test_new_zone_data_moves_no_booking_and_doctor_lists_affected_ones(
    old_data: Path, start: Callable[..., Server], tmp_path: Path
) -> None:
    new = {"KALENDS_DATA_DIR": str(tmp_path / "data")}
    old = new | {"PYTHONPATH": str(old_data)}
    made = ("--organization", "O", "--admin-email", "a@example.com", "--admin-password", "a" * 20)
    key = json.loads(kalends(old, "init", *made, "--json"))["api_key"]

    server = start(old)
    assert httpx.get(f"{server.url}/healthz").json()["tzdata"] == OLD_RELEASE
    with Api(server.url, key) as api:
        schedules = {
            zone: api.post("/api/v1/schedules", json={"name": zone, "timezone": zone}).json()[
                "data"
            ]["id"]
            for zone in ("Europe/Berlin", "Europe/Paris")
        }
        berlin = schedules["Europe/Berlin"]
        assert first_slot(api, berlin) == "2030-07-01T23:00:00Z"
        moved = book(api, berlin, SUMMER)
        kept = [book(api, berlin, WINTER), book(api, schedules["Europe/Paris"], SUMMER)]
    assert kalends(old, "doctor", "--bookings").count("bk_") == 0

    server = start(new)
    assert httpx.get(f"{server.url}/healthz").json()["tzdata"] == metadata.version("tzdata")
    for _ in range(2):
        listed = kalends(new, "doctor", "--bookings")
        assert listed.count("bk_") == 1
        assert moved["id"] in listed
        assert "made for 2030-07-01T11:00:00, will be at 2030-07-01T12:00:00" in listed
    with Api(server.url, key) as api:
        assert first_slot(api, berlin) == "2030-07-01T22:00:00Z"
        for booking in (moved, *kept):
            assert api.get(f"/api/v1/bookings/{booking['id']}").json()["data"] == booking
