"""`kalends jobs`: lists what waits and what was given up, and retries it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

import typer

from kalends.cli.options import UsageError
from kalends.cli.running import open_installation, run
from kalends.domain.ids import DELIVERY, ENDPOINT, MAIL, ORGANIZATION, decode_id, encode_id
from kalends.domain.outbox import DROPPED
from kalends.runtime.unit_of_work import Context
from kalends.services import job_queue
from kalends.services.job_queue import Again, JobQueue, Outbox
from kalends.store.outbox.overview import FailingEndpoint, GivenUp

NOTHING: Final = "Nothing waits, and nothing was given up."
PREFIX_OF: Final = {"mail": MAIL, "webhook": DELIVERY}

jobs = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="What waits, what was given up, and having it done again.",
)


@jobs.callback()
def list_jobs(context: typer.Context) -> None:
    """Lists jobs, mails and webhooks: how many wait, and each that was given up, with the
    reason."""
    if context.invoked_subcommand is not None:
        return
    with open_installation() as home:
        queue, outbox = run(home, _get_all)
    lines = [*_lines_of_queue(queue), *lines_of_outbox(outbox)]
    for line in lines or [NOTHING]:
        typer.echo(line)


@jobs.command("retry")
def retry_jobs(
    ids: Annotated[
        list[str] | None, typer.Argument(help="The numbers and ids that `jobs` shows.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All jobs and mails that were given up.")
    ] = False,
) -> None:
    """Has jobs, mails and webhooks done again that were given up."""
    if bool(ids) == everything:
        raise UsageError("Name the numbers or ids of what was given up, or --all.")
    chosen = _read_ids(ids or ()) if ids else Again(None, None, ())
    with open_installation() as home:
        again = _shown_ids(run(home, lambda context: job_queue.retry(context, chosen)))
    typer.echo(f"{len(again)} to run again: {', '.join(again) or 'none'}")
    if missing := sorted(set(ids or ()) - set(again)):
        typer.echo(f"Not among those that were given up: {', '.join(missing)}")
        raise typer.Exit(1)


async def _get_all(context: Context) -> tuple[JobQueue, Outbox]:
    return await job_queue.get_queue(context), await job_queue.get_outbox(context)


def _read_ids(ids: Sequence[str]) -> Again:
    """Reads numbers of jobs and public ids. Raises UsageError for anything else."""
    numbers = [int(text) for text in ids if text.isascii() and text.isdigit()]
    mails = [id_ for text in ids if (id_ := decode_id(MAIL, text))]
    webhooks = [id_ for text in ids if (id_ := decode_id(DELIVERY, text))]
    if len(numbers) + len(mails) + len(webhooks) < len(ids):
        raise UsageError(
            f"A job has a number, a mail an id that begins with {MAIL}_, a delivery of a webhook"
            f" one that begins with {DELIVERY}_."
        )
    return Again(numbers, mails, webhooks)


def _shown_ids(again: Again) -> list[str]:
    return [
        *map(str, again.job_ids or ()),
        *(encode_id(MAIL, id_) for id_ in again.mail_ids or ()),
        *(encode_id(DELIVERY, id_) for id_ in again.webhook_ids),
    ]


def _lines_of_queue(queue: JobQueue) -> Iterator[str]:
    for kind in queue.waiting:
        state = "run" if kind.status == "picked" else "wait"
        yield f"{kind.count} {kind.entrypoint} {state}"
    for job in queue.failed:
        about = _about(job.payload)
        yield (
            f"{job.id}  {job.entrypoint}{about}  given up {job.failed_at:%Y-%m-%d %H:%M:%S}Z"
            f" after {job.tries} tries: {job.reason}"
        )


def lines_of_outbox(outbox: Outbox) -> Iterator[str]:
    for health in outbox.failing:
        yield (
            f"The server of channel {health.channel} fails since"
            f" {health.failing_since:%Y-%m-%d %H:%M:%S}Z, and is tried again at"
            f" {health.resume_at:%H:%M:%S}Z: {health.reason}"
        )
    for channel in outbox.waiting:
        due = f", due since {channel.due_since:%Y-%m-%d %H:%M:%S}Z" if channel.due_since else ""
        yield f"{channel.count} in channel {channel.channel} wait{due}"
    for endpoint in outbox.failing_endpoints:
        yield _line_of_endpoint(endpoint)
    for one in outbox.given_up:
        yield _line_of(one)


def _line_of_endpoint(endpoint: FailingEndpoint) -> str:
    """The line about an endpoint; its URL is shown without parts that may be secret."""
    whose = f"of {encode_id(ORGANIZATION, endpoint.organization_id)}"
    name = f"{encode_id(ENDPOINT, endpoint.id)} {whose} ({urlsplit(endpoint.url).hostname})"
    if not endpoint.enabled:
        why = endpoint.disabled_reason or "by hand"
        return f"The webhook {name} is disabled, {endpoint.waiting} wait for it: {why}"
    return (
        f"The webhook {name} fails since {endpoint.failing_since:%Y-%m-%d %H:%M:%S}Z,"
        f" {endpoint.waiting} wait for it, and one is tried at {endpoint.due_at:%H:%M:%S}Z:"
        f" {endpoint.error or 'not tried again yet'}"
    )


def _line_of(delivery: GivenUp) -> str:
    public_id = encode_id(PREFIX_OF[delivery.channel], delivery.id)
    ended = "dropped" if delivery.state == DROPPED else f"given up after {delivery.tries} tries"
    created = f"{delivery.created_at:%Y-%m-%d %H:%M:%S}Z"
    return f"{public_id}  {delivery.type}  of {created} {ended}: {delivery.reason}"


def _about(payload: bytes) -> str:
    """The mails that a job is about, if there are any."""
    try:
        _, *mail_ids = map(UUID, payload.decode().split())
    except ValueError:
        return ""
    return "".join(f"  {encode_id(MAIL, id_)}" for id_ in mail_ids)
