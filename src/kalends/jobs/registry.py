"""The tables of jobs and of timed work; each entry calls a use case of `services`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from kalends.domain.durations import HOUR, MINUTE, SECOND
from kalends.runtime.calendars.goodbyes import GOODBYE_JOB
from kalends.runtime.unit_of_work import Context
from kalends.services import agenda_mails, booking_endings, housekeeping, mail_jobs, reminders
from kalends.services.calendars import changes_there, channels
from kalends.services.calendars.accounts import goodbyes
from kalends.services.calendars.channels import WATCH_JOB
from kalends.services.calendars.queue import FOLLOW_JOB, READ_JOB
from kalends.services.calendars.reading import sync
from kalends.services.calendars.writing import upkeep
from kalends.services.imports import hooks, leases, runs
from kalends.services.users import password_resets
from kalends.store.imports.names import HOOK_JOB, RUN_JOB

# Pauses after unexpected failures. When the try after the last pause fails too, the job is kept.
JOB_RETRY_AFTER: Final = (5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR)


@dataclass(frozen=True)
class Job:
    """What a job does with its payload, and how it is retried.

    `run` has to be idempotent: it may run more than once for one job, and in any order with others.
    It returns None when the job is done, else the time after which to run it again. If it raises,
    it runs again after each of `retry_after`; then the job is kept as failed and `give_up` is
    called with the reason. GaveUp skips the retries.

    A job that `mails_links` runs only in processes that know the public URL. `organization_of`
    reads the organization from the payload, so that one that is blocked does not occupy all places.
    `asks` names what the job waits for, such as the providers of calendars: jobs with the same name
    take at most half of the places, and those of one organization a quarter, so that a hanging
    provider does not delay a password reset.
    """

    run: Callable[[Context, bytes], Awaitable[timedelta | None]]
    retry_after: tuple[timedelta, ...] = JOB_RETRY_AFTER
    give_up: Callable[[Context, bytes, str], Awaitable[None]] | None = None
    mails_links: bool = False
    organization_of: Callable[[bytes], UUID | None] = lambda _: None
    asks: str | None = None


@dataclass(frozen=True)
class Timed:
    """Work that one process of the installation runs at each time of `cron`, in UTC; a sixth field
    of the expression is the seconds."""

    cron: str
    run: Callable[[Context], Awaitable[Any]]


JOBS: Final[Mapping[str, Job]] = {
    password_resets.RESET_JOB: Job(password_resets.send_reset, mails_links=True),
    # Still enqueued by servers of the previous release; to be removed with the next one.
    mail_jobs.MAIL_JOB: Job(
        mail_jobs.put_in_outbox, mails_links=True, organization_of=mail_jobs.organization_of
    ),
    RUN_JOB: Job(
        runs.resume_run,
        give_up=runs.give_up_run,
        organization_of=leases.organization_of,
        asks="sources",
    ),
    READ_JOB: Job(sync.read_due_calendar, organization_of=sync.organization_of, asks="calendars"),
    FOLLOW_JOB: Job(
        changes_there.follow_changes, organization_of=sync.organization_of, asks="calendars"
    ),
    WATCH_JOB: Job(channels.watch_calendar, organization_of=sync.organization_of, asks="calendars"),
    GOODBYE_JOB: Job(goodbyes.leave_calendars, asks="calendars"),
    HOOK_JOB: Job(hooks.follow_hook, organization_of=hooks.organization_of, asks="hooks"),
}


def jobs_of(context: Context) -> Mapping[str, Job]:
    """The jobs that this process can run; others wait for another process."""
    if context.gateways.public_url is not None:
        return JOBS
    return {name: job for name, job in JOBS.items() if not job.mails_links}


TIMETABLE: Final[Mapping[str, Timed]] = {
    "send reminders": Timed("* * * * * */15", reminders.send_due),
    "send agendas": Timed("* * * * *", agenda_mails.send_due_agendas),
    "expire pending bookings": Timed("* * * * *", booking_endings.expire_pending),
    "complete confirmed bookings": Timed("* * * * *", booking_endings.complete_confirmed),
    "start syncs with Cal.com": Timed("* * * * *", runs.start_due_syncs),
    "resume syncs with Cal.com": Timed("* * * * *", runs.resume_missed_runs),
    "read calendars": Timed("* * * * * */15", sync.start_due_readings),
    "end removals of calendars": Timed("* * * * * */20", upkeep.end_removals),
    "end findings of calendars": Timed("* * * * * */30", upkeep.end_settled_findings),
    "write into calendars": Timed("5-59/10 * * * *", upkeep.write_what_was_missed),
    "end holds": Timed("*/5 * * * *", housekeeping.end_holds),
    "forget form drafts": Timed("*/5 * * * *", housekeeping.forget_form_drafts),
    "forget consents": Timed("45 * * * *", housekeeping.forget_consents),
    "forget findings": Timed("35 3 * * *", housekeeping.forget_findings),
    "forget holds": Timed("40 * * * *", housekeeping.forget_holds),
    "forget answers": Timed("1-59/5 * * * *", housekeeping.forget_answers),
    "forget sessions": Timed("2-59/5 * * * *", housekeeping.forget_sign_in_sessions),
    "forget sync runs": Timed("15 4 * * *", housekeeping.forget_sync_runs),
    "forget rate windows": Timed("3-59/5 * * * *", housekeeping.forget_rate_windows),
    "forget job log": Timed("4-59/5 * * * *", housekeeping.forget_job_log),
    "forget unwanted deliveries": Timed("* * * * *", housekeeping.forget_unwanted_deliveries),
    "forget empty lanes": Timed("*/5 * * * *", housekeeping.forget_empty_lanes),
    "forget deliveries": Timed("10 * * * *", housekeeping.forget_deliveries),
    "forget messages": Timed("20 * * * *", housekeeping.forget_messages),
    "forget booking links": Timed("30 3 * * *", housekeeping.forget_booking_links),
    "forget account links": Timed("50 * * * *", housekeeping.forget_account_links),
    "forget unsent forms": Timed("*/5 * * * *", housekeeping.forget_unsent_forms),
}
