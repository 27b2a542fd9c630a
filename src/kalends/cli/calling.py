"""What the commands share: the installation they work on, and how they are ended."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Final, TypeVar

import msgspec
import typer

from kalends.compose import Installation, installation, migrate_now
from kalends.domain.values import Email, Name
from kalends.logs import set_up_logs
from kalends.runtime.unit_of_work import Context
from kalends.settings import Settings
from kalends.store.database import COMMANDS

T = TypeVar("T")

ENDED_BY_SIGNAL: Final = 128
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
OrganizationNamed = Annotated[
    str, typer.Option("--organization", help="Its id (org_…), slug or name.")
]


class UsageError(Exception):
    """A command was called wrongly; the text says how to call it."""


@contextmanager
def called() -> Iterator[Installation]:
    """The installation that a command works on, migrated; only warnings are logged."""
    settings = quiet_settings()
    with installation(settings) as home:
        migrate_now(home)
        yield home


def quiet_settings() -> Settings:
    """The settings, for a command that says itself what it does. Raises SettingsError."""
    settings = Settings.from_environ()
    level = "error" if settings.log_level == "error" else "warning"
    set_up_logs(level, settings.log_format)
    return settings


def run(home: Installation, work: Callable[[Context], Awaitable[T]]) -> T:
    """Runs a service in an event loop and a pool of its own."""

    async def once() -> T:
        context = home.context(COMMANDS)
        try:
            return await work(context)
        finally:
            await context.close()

    return asyncio.run(once())


def email_in(option: str, text: str) -> str:
    """Raises UsageError unless the text is an e-mail address."""
    try:
        return str(Email.parse(text))
    except ValueError as error:
        raise UsageError(f"{option} {error}.") from error


def name_in(option: str, text: str) -> str:
    """Raises UsageError unless the text can be a name."""
    try:
        return msgspec.convert(text, Name)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{option} must have 1 to 200 characters, some that show, and no control characters."
        ) from error


def clean_up_when_told_to_end() -> None:
    """SIGTERM and SIGHUP unwind as Ctrl-C does, so that the last one out stops PostgreSQL."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(ENDED_BY_SIGNAL + number)
