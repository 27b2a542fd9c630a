"""A job may be seen before the run that it is for, where the two lie on different nodes."""

from datetime import timedelta

from msgspec import json

from kalends.domain.ids import new_id
from kalends.runtime.unit_of_work import Context
from kalends.services.imports.leases import DueRun
from kalends.services.imports.runs import ASK_AGAIN, MAY_COME_LATE, resume_run
from tests.world import World


def job_of(context: Context, world: World, age: timedelta) -> bytes:
    """The payload of a job for a run of that age, which is not there."""
    made_ms = int((context.clock() - age).timestamp() * 1000)
    return json.encode(DueRun(world.setup.organization_id, new_id(made_ms)))


async def test_the_job_of_a_run_that_is_not_there_yet_asks_again(
    context: Context, world: World
) -> None:
    assert await resume_run(context, job_of(context, world, timedelta(0))) == ASK_AGAIN


async def test_the_job_of_a_run_that_is_gone_is_done(context: Context, world: World) -> None:
    assert await resume_run(context, job_of(context, world, 2 * MAY_COME_LATE)) is None
