"""What `/openapi.json` says is what the server does: schemathesis walks all of it, all phases.

It has a server and a database of its own, since signing in is limited for each address and what
it makes is litter. `-s` shows its report.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from tests.conftest import PASSWORD, make_organization
from tests.homes import migrated
from tests.servers import Server
from tests.world import World

EXAMPLES_FOR_A_CALL = 15
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
# Every check is on. Two judge by status codes, and have to know some of ours:
#   positive_data_acceptance: no schema can say that an end comes after its start, that a zone
#   exists, or that a time is open and free (422), nor which version stands (412);
#   negative_data_rejection: a wrong body with an old If-Match is 412, as 412 is asked before 422.
# One worker: two threads of Python 3.11 that parse source at once, as hypothesis does of lambdas,
# break one another, and would only take turns.
CONFIG = """
request-timeout = 120
workers = 1
hooks = "{hooks}"
headers = {{ Authorization = "Bearer {key}" }}

[generation]
max-examples = {examples}
deterministic = true

[phases.coverage]
unexpected-methods = ["put", "trace"]

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "422", "429"]

[dictionaries.schedules]
values = ["{schedule}"]

[dictionaries.event_types]
values = ["{event_type}"]

[dictionaries.bookings]
values = ["{booking}"]

[parameters]
"body.schedule_id" = {{ dictionary = "schedules", probability = 0.7 }}
"body.event_type_id" = {{ dictionary = "event_types", probability = 0.3 }}
"query.schedule_id" = {{ dictionary = "schedules", probability = 0.5 }}
"query.event_type_id" = {{ dictionary = "event_types", probability = 0.5 }}
"query.booking_id" = {{ dictionary = "bookings", probability = 0.3 }}

[[operations]]
include-path = "/api/v1/bookings/{{id}}"
parameters = {{ "path.id" = {{ dictionary = "bookings", probability = 0.5 }} }}
"""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An organization on a server of its own, without limits."""
    folder = tmp_path_factory.mktemp("fuzzed")
    environment = {"KALENDS_DATA_DIR": str(folder / "data")} | {
        f"KALENDS_RATE_LIMIT_{kind}": "none" for kind in ("READ", "WRITE", "SIGN_IN")
    }
    with migrated(environment) as home, Server(environment, folder / "server.log") as server:
        made = make_organization(home)
        # The sandbox, where Kalends-Now is taken too.
        setup = structs.replace(made, api_key=made.sandbox_api_key)
        world = World(server.url, setup, PASSWORD)
        yield world
        world.close()


def config_for(world: World) -> str:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    return CONFIG.format(
        key=world.setup.api_key,
        hooks=HOOKS,
        examples=EXAMPLES_FOR_A_CALL,
        schedule=schedule["id"],
        event_type=event_type["id"],
        booking=world.book(schedule)["id"],
    )


@pytest.mark.timeout(2400)
def test_every_answer_is_as_described(apart: World, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(config_for(apart))
    (key,) = apart.api.get("/api/v1/api-keys").json()["data"]
    run = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", f"{apart.url}/openapi.json"],
        cwd=tmp_path,
        env={**os.environ, "KEY_ID": key["id"]},
        capture_output=True,
        text=True,
        check=False,
    )
    print(run.stdout)  # noqa: T201
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]
    # What it has seen was not the refusal of a key that was revoked on the way.
    assert apart.api.get("/api/v1/organization").status_code == 200
