"""What commands need to run: the installation, an event loop, and handling of signals."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeVar

from kalends.compose import Installation, installation, migrate_now
from kalends.logs import set_up_logs
from kalends.runtime.unit_of_work import Context
from kalends.settings import Settings
from kalends.store.database import COMMANDS, ConnectionLimits

T = TypeVar("T")

ENDED_BY_SIGNAL: Final = 128


@contextmanager
def open_installation() -> Iterator[Installation]:
    """The installation that a command works on, migrated; only warnings are logged."""
    settings = quiet_settings()
    with installation(settings) as home:
        migrate_now(home)
        yield home


def quiet_settings() -> Settings:
    """The settings with less logging, for commands with output of their own. Raises
    SettingsError."""
    settings = Settings.from_environ()
    level = "error" if settings.log_level == "error" else "warning"
    set_up_logs(level, settings.log_format)
    return settings


def run(
    home: Installation,
    work: Callable[[Context], Awaitable[T]],
    limits: ConnectionLimits = COMMANDS,
) -> T:
    """Runs a service in an event loop and a pool of its own."""

    async def once() -> T:
        context = home.context(limits)
        try:
            return await work(context)
        finally:
            await context.close()

    return asyncio.run(once())


def unwind_on_signals() -> None:
    """Makes SIGTERM and SIGHUP unwind like Ctrl-C, so that the last process stops PostgreSQL."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(ENDED_BY_SIGNAL + number)
