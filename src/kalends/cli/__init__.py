"""The command line: serve, worker, init, migrate, keys, users, calcom, jobs, mail, and more.

Expected errors are one sentence on standard error: with exit code 2 if a command or setting is
wrong, and 1 if something did not work.
"""

import sys
from typing import Final

import typer

from kalends import __version__
from kalends.cli import (
    calcom,
    database,
    distribute,
    doctor,
    jobs,
    mail,
    organizations,
    running,
    serve,
)
from kalends.cli.options import UsageError
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.failures import OperatorError
from kalends.settings import SettingsError

USAGE: Final = (SettingsError, UsageError, Invalid)
FAILURES: Final = (KalendsError, OperatorError)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Kalends: the bookings API that a business runs itself.",
)
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="API keys.")
users = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may sign in.")
cal_com = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Bookings from Cal.com, and moving over."
)
app.add_typer(keys, name="keys")
app.add_typer(users, name="users")
app.add_typer(cal_com, name="calcom")
app.add_typer(jobs.jobs, name="jobs")
app.add_typer(mail.mail, name="mail")

app.command()(serve.serve)
app.command()(serve.worker)
app.command("init")(organizations.initialize)
keys.command("create")(organizations.create_key)
users.command("add")(organizations.add_user)
users.command("invite")(organizations.invite_user)
cal_com.command("connect")(calcom.connect)
cal_com.command("sync")(calcom.sync)
cal_com.command("import")(calcom.import_setup)
cal_com.command("status")(calcom.status)
app.command()(database.migrate)
app.command()(database.backup)
app.command()(database.restore)
app.command()(distribute.distribute)
app.command()(doctor.doctor)


@app.command()
def version() -> None:
    """Prints the version."""
    typer.echo(__version__)


def main() -> None:
    running.unwind_on_signals()
    try:
        app()
    except USAGE as error:
        _fail(error, 2)
    except FAILURES as error:
        _fail(error, 1)
    except OSError as error:
        _fail(sentence_of(error), 1)


def sentence_of(error: OSError) -> str:
    """What the system said; a timeout, which is an OSError too, says nothing."""
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or "There was no answer in time."


def _fail(message: object, code: int) -> None:
    print(f"kalends: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
