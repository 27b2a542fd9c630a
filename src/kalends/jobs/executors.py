"""Executors for PgQueuer: run a job or a line of the timetable, and decide about its retry."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pgqueuer.core import executors
from pgqueuer.domain import models
from pgqueuer.domain.errors import RetryRequested

from kalends.domain.errors import Unavailable
from kalends.jobs.registry import Job, Timed
from kalends.jobs.running_jobs import RunningJobs
from kalends.runtime.unit_of_work import Context, GaveUp
from kalends.store.database import RunAgain
from kalends.store.jobs import spare_a_try

log = structlog.get_logger("kalends.jobs")

JITTER: Final = 0.1


class JobExecutor(executors.AbstractEntrypointExecutor):
    """Runs one kind of job."""

    def __init__(self, job: Job, context: Context, running: RunningJobs) -> None:
        super().__init__(
            executors.EntrypointExecutorParameters(0, _never_called, on_failure="hold")
        )
        self._job = job
        self._context = context
        self._running = running

    async def execute(self, job: models.Job, context: models.Context) -> None:
        """Runs the job once. Raises RetryRequested for PgQueuer to run it again later; any other
        error makes PgQueuer keep it as failed."""
        task = asyncio.current_task()
        assert task is not None
        self._running.tasks.add(task)
        payload = job.payload or b""
        about = self._job.organization_of(payload), self._job.asks
        try:
            await self._running.wait_for_turn(*about)
            with self._running.admit(*about) as wait:
                again_after = (
                    _with_jitter(wait) if wait else await self._job.run(self._context, payload)
                )
        except asyncio.CancelledError:
            # PgQueuer would take this for a cancelled job, and delete it.
            task.uncancel()
            await self._spare_a_try(job)
            raise RetryRequested(reason="its worker ended") from None
        except Exception as error:
            raise await self._error_to_raise(job, error) from error
        finally:
            self._running.tasks.discard(task)
        if again_after is not None:
            await self._spare_a_try(job)
            raise RetryRequested(again_after)

    async def _spare_a_try(self, job: models.Job) -> None:
        """Takes back the try that PgQueuer counts for a retry that is no failure. Otherwise a job
        that waits often, or outlives some workers, would have no tries left when it fails."""
        try:
            async with self._context.database.connection() as tx:
                await spare_a_try(tx, job.id)
        except (Unavailable, RunAgain) as error:
            log.warning("a try too many was counted", id=job.id, error=repr(error))

    async def _error_to_raise(self, job: models.Job, error: Exception) -> Exception:
        about = {"job": job.entrypoint, "id": job.id, "attempt": job.attempts + 1}
        failures = max(job.attempts, 0)
        if failures < len(self._job.retry_after) and not isinstance(error, GaveUp):
            again_after = _with_jitter(self._job.retry_after[failures])
            seconds = round(again_after.total_seconds())
            log.warning("job failed", **about, again_after_seconds=seconds, error=repr(error))
            return RetryRequested(again_after, reason=repr(error))
        log.error("job failed for good", **about, exc_info=error)
        if self._job.give_up is not None:
            await self._job.give_up(self._context, job.payload or b"", str(error))
        return error


class TimedExecutor(executors.AbstractScheduleExecutor):
    """Runs one line of the timetable. A failure is logged; it runs again at its next time."""

    def __init__(
        self,
        parameters: executors.ScheduleExecutorFactoryParameters,
        timed: Timed,
        context: Context,
    ) -> None:
        super().__init__(parameters)
        self._timed = timed
        self._context = context
        # The next time as computed at `_asked_at`; before that, the clock was set back.
        self._asked_at = self._next_at = datetime.min.replace(tzinfo=UTC)

    def get_next(self) -> datetime:
        """The next time, computed once until it has come. PgQueuer asks about every second and
        parses the cron expression each time, which was half of the work of an idle process."""
        now = datetime.now(UTC)
        if not self._asked_at <= now < self._next_at:
            self._asked_at, self._next_at = now, super().get_next()
        return self._next_at

    async def execute(self, schedule: models.Schedule, context: models.ScheduleContext) -> None:
        try:
            result = await self._timed.run(self._context)
        except Exception as error:
            log.warning("timed work failed", work=schedule.entrypoint, error=repr(error))
        else:
            log.debug("timed work done", work=schedule.entrypoint, result=result)


def _with_jitter(delay: timedelta) -> timedelta:
    """Varies the delay, so that jobs that failed together do not come back together."""
    return delay * random.uniform(1 - JITTER, 1 + JITTER)


async def _never_called(_: models.Job) -> None:
    raise AssertionError("the executor runs the job")
