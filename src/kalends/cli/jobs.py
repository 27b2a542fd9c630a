"""`kalends jobs`: what waits, what was given up, and running it again."""

from collections.abc import Iterator
from typing import Annotated, Final
from uuid import UUID

import typer

from kalends.cli.options import UsageError
from kalends.cli.running import open_installation, run
from kalends.domain.ids import MAIL, encode_id
from kalends.services import job_queue
from kalends.services.job_queue import JobQueue

NOTHING: Final = "Nothing waits, and nothing was given up."

jobs = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="What waits, what was given up, and running it again.",
)


@jobs.callback()
def list_jobs(context: typer.Context) -> None:
    """Lists jobs: how many wait, and each that was given up, with the reason."""
    if context.invoked_subcommand is not None:
        return
    with open_installation() as home:
        found = run(home, job_queue.get_queue)
    for line in _lines_of_queue(found):
        typer.echo(line)


@jobs.command("retry")
def retry_jobs(
    ids: Annotated[list[int] | None, typer.Argument(help="The numbers that `jobs` shows.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
) -> None:
    """Runs jobs again that were given up."""
    if bool(ids) == everything:
        raise UsageError("Name the numbers of jobs, or --all.")
    with open_installation() as home:
        again = run(
            home, lambda context: job_queue.retry_jobs(context, None if everything else ids)
        )
    typer.echo(f"{len(again)} to run again: {', '.join(map(str, again)) or 'none'}")
    if missing := sorted(set(ids or ()) - set(again)):
        typer.echo(f"Not among those that were given up: {', '.join(map(str, missing))}")
        raise typer.Exit(1)


def _lines_of_queue(found: JobQueue) -> Iterator[str]:
    for kind in found.waiting:
        state = "run" if kind.status == "picked" else "wait"
        yield f"{kind.count} {kind.entrypoint} {state}"
    for job in found.failed:
        about = _about(job.payload)
        yield (
            f"{job.id}  {job.entrypoint}{about}  given up {job.failed_at:%Y-%m-%d %H:%M:%S}Z"
            f" after {job.tries} tries: {job.reason}"
        )
    if not found.waiting and not found.failed:
        yield NOTHING


def _about(payload: bytes) -> str:
    """The mails that a job is about, where it is about any."""
    try:
        _, *mail_ids = map(UUID, payload.decode().split())
    except ValueError:
        return ""
    return "".join(f"  {encode_id(MAIL, id_)}" for id_ in mail_ids)
