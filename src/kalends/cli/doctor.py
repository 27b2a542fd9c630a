"""`kalends doctor`: examines the installation, and says what is wrong with it."""

import asyncio
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module, metadata, resources
from typing import Annotated, Final

import typer

from kalends import __version__
from kalends.availability.wallclock import zone_named
from kalends.cli.doctor_database import Finding, find_health, of_the_health
from kalends.cli.doctor_secret import find_unopenable, of_the_secret, of_what_is_sealed
from kalends.cli.options import UsageError
from kalends.cli.running import open_installation, quiet_settings, run
from kalends.compose import Installation, installation
from kalends.domain.ids import BOOKING, ORGANIZATION, encode_id
from kalends.runtime.unit_of_work import Context
from kalends.services import job_queue
from kalends.services.claim_repair import (
    MISSING,
    Repair,
    describe_mismatch,
    find_claim_mismatches,
    repair_claim,
)
from kalends.services.job_queue import Outbox
from kalends.services.shifted_bookings import ShiftedBooking, find_shifted_bookings
from kalends.settings import Settings, SettingsError
from kalends.store.availability.claim_mismatches import ClaimMismatch
from kalends.store.database_info import DatabaseInfo, UnreachableError, inspect_database
from kalends.store.database_url import libpq_environment
from kalends.store.embedded.archive import ArchiveError
from kalends.store.embedded.programs import Programs, Release, programs_of_server
from kalends.store.embedded.server import EmbeddedPostgresError
from kalends.store.embedded.tools import Tools
from kalends.store.revisions import OLDEST_POSTGRESQL, newest_revision

GIB: Final = 1 << 30
LEAST_FREE_BYTES: Final = GIB
OLDEST_PYTHON: Final = (3, 11)


def doctor(
    bookings: Annotated[
        bool,
        typer.Option(
            "--bookings",
            help="Instead: bookings to come whose wall-clock time new time-zone data has changed, "
            "and bookings whose claims on their schedules are not as they have to be.",
        ),
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="With --bookings: write missing claims where the time is free."
        ),
    ] = False,
) -> None:
    """Says what there is and whether it is well; exit code 1 if something is not."""
    if repair and not bookings:
        raise UsageError("--repair goes with --bookings.")
    if bookings:
        _list_shifted_bookings()
        if not _are_claims_well(is_repaired=repair):
            raise typer.Exit(1)
        return
    settings = quiet_settings()
    findings = [*_of_the_machine(), *_of_the_data(settings), *_of_the_database(settings)]
    for finding in findings:
        typer.echo(f"{'ok   ' if finding.is_well else 'WRONG'}  {finding.what}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def _list_shifted_bookings() -> None:
    """Lists shifted bookings, and changes nothing."""
    with open_installation() as home:
        moved = run(home, _find_shifted_bookings)
    for clock in moved:
        typer.echo(
            f"{encode_id(BOOKING, clock.booking_id)} of "
            f"{encode_id(ORGANIZATION, clock.organization_id)}: "
            f"made for {clock.made_for}, will be at {clock.will_be} ({clock.timezone})"
        )
    typer.echo(
        f"{len(moved)} bookings to come have another wall-clock time than they were made for."
    )


def _are_claims_well(*, is_repaired: bool) -> bool:
    """Lists claim mismatches; returns whether there are none, or none any more."""
    with open_installation() as home:
        mismatches = run(home, _find_claim_mismatches)
        repairs = run(home, lambda context: _repairs(context, mismatches)) if is_repaired else {}
    for number, mismatch in enumerate(mismatches):
        typer.echo(f"WRONG  {describe_mismatch(mismatch)}{_outcome(repairs, number, is_repaired)}")
    remaining = len(mismatches) - sum(one.hindrance is None for one in repairs.values())
    typer.echo(f"{len(mismatches)} claims are not as they have to be.")
    if is_repaired:
        typer.echo(
            f"{len(mismatches) - remaining} of them were written again, {remaining} are left."
        )
    return remaining == 0


def _outcome(repairs: Mapping[int, Repair], number: int, is_repaired: bool) -> str:
    if not is_repaired:
        return ""
    done = repairs.get(number)
    if done is None:
        return ": left as it is, only missing claims are written"
    return ": written" if done.hindrance is None else f": not written, as {done.hindrance}"


async def _find_claim_mismatches(context: Context) -> list[ClaimMismatch]:
    return [mismatch async for mismatch in find_claim_mismatches(context)]


async def _repairs(context: Context, mismatches: Sequence[ClaimMismatch]) -> dict[int, Repair]:
    """The repair of each missing claim, by its index among the mismatches."""
    return {
        number: await repair_claim(context, mismatch)
        for number, mismatch in enumerate(mismatches)
        if mismatch.kind == MISSING
    }


async def _find_shifted_bookings(context: Context) -> list[ShiftedBooking]:
    return [clock async for clock in find_shifted_bookings(context)]


def _of_the_machine() -> Iterator[Finding]:
    yield Finding(True, f"Kalends {__version__}")
    yield Finding(
        sys.version_info >= OLDEST_PYTHON,
        f"Python {platform.python_version()} (3.11 or newer is needed)",
    )
    yield _time_zones()


def _time_zones() -> Finding:
    """Whether the release of the installed package is that of the data that is read."""
    package = metadata.version("tzdata")
    try:
        tzdata = import_module("tzdata")
        zone_named("Europe/Berlin")
        folder = resources.files("tzdata")
    except (ImportError, ValueError, OSError) as error:
        return Finding(False, f"Time zones of tzdata {package} cannot be read: {error}")
    return Finding(
        tzdata.__version__ == package,
        f"Time zones of the package tzdata {package}, IANA {tzdata.IANA_VERSION} ({folder})",
    )


def _of_the_data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if settings.database_url is None:
        if not folder.exists():
            yield Finding(True, f"Data directory {folder}: not there yet, `serve` makes it")
            return
        mode = stat.S_IMODE(folder.stat().st_mode)
        yield Finding(
            os.access(folder, os.W_OK) and not mode & 0o022,
            f"Data directory {folder}, mode {mode:04o} (ours to write, and nobody else's)",
        )
    yield of_the_secret(settings)
    place = folder if folder.exists() else folder.parent
    if place.exists():
        free = shutil.disk_usage(place).free
        yield Finding.judged(
            free >= LEAST_FREE_BYTES,
            f"Disk of {place}: {free / GIB:.1f} GiB free (1 or more is needed)",
            "free some; where PostgreSQL finds none, nothing can be changed",
        )


def _of_the_database(settings: Settings) -> Iterator[Finding]:
    programs: Programs | None = None
    try:
        if settings.database_url is None:
            programs = programs_of_server(settings.postgres_programs)
            if not (settings.data_dir / "postgres").exists():
                yield Finding(True, "PostgreSQL: embedded, not there yet, `serve` makes it")
                yield _programs(programs, None)
                return
        with installation(settings) as home:
            info = asyncio.run(inspect_database(home.parameters))
            dumper = _dumper(home)
            is_newest = info.revision == newest_revision()
            outbox = run(home, job_queue.get_outbox) if is_newest else None
            health = run(home, find_health) if is_newest else None
            unopenable = run(home, find_unopenable) if is_newest else None
    except (UnreachableError, EmbeddedPostgresError, SettingsError, OSError) as error:
        yield Finding(False, f"PostgreSQL: {error}")
        return
    kind = "KALENDS_DATABASE_URL" if programs is None else "embedded"
    yield Finding(
        info.major >= OLDEST_POSTGRESQL,
        f"PostgreSQL {info.version}, {kind} ({OLDEST_POSTGRESQL} or newer is needed)",
    )
    if programs is not None:
        yield _programs(programs, Release.of_number(info.version_number))
    yield dumper
    yield Finding(info.encoding == "UTF8", f"Encoding {info.encoding} (UTF8 is needed)")
    yield schema_finding(info)
    if health is not None:
        yield from of_the_health(health)
    if unopenable is not None:
        yield from of_what_is_sealed(unopenable)
    if outbox is not None:
        yield from of_the_outbox(outbox)


def of_the_outbox(outbox: Outbox) -> Iterator[Finding]:
    for health in outbox.failing:
        yield Finding(
            False,
            f"Outbox: the server of channel {health.channel} fails since"
            f" {health.failing_since:%Y-%m-%d %H:%M:%S}Z: {health.reason}. What waits is kept and"
            " goes out once it works: put the server right, or KALENDS_SMTP_URL and restart",
        )
    waiting = ", ".join(f"{one.count} {one.channel}" for one in outbox.waiting) or "nothing"
    fail = len(outbox.failing_endpoints)
    webhooks = f" ({fail} webhooks take nothing)" if fail else ""
    yield Finding(True, f"Outbox: {waiting} waiting{webhooks}; `kalends jobs` says more")


def _programs(programs: Programs, running: Release | None) -> Finding:
    """Whether the running server is as new as its programs; one that was started before an upgrade
    lacks its fixes."""
    programs_line = f"Programs of PostgreSQL {programs.release} in {programs}"
    if running is None or running == programs.release:
        return Finding(True, programs_line)
    return Finding(
        False, f"{programs_line}, but {running} is running: stop all Kalends processes once"
    )


def _dumper(home: Installation) -> Finding:
    tools = Tools(libpq_environment(home.parameters), home.settings.postgres_programs)
    try:
        server = tools.server()
        program = tools.pg_dump(server)
    except ArchiveError as error:
        return Finding(False, f"Backups: {error}")
    return Finding(True, f"Backups by pg_dump {program.release} ({program.origin})")


def schema_finding(info: DatabaseInfo) -> Finding:
    newest = newest_revision()
    if info.revision is None:
        return Finding(False, "Schema: none yet; `kalends migrate` or `serve` makes it")
    line = f"Schema at revision {info.revision} (this Kalends has {newest})"
    if info.revision > newest:
        return Finding(False, f"{line}: a newer Kalends has migrated it; run that one")
    return Finding.judged(info.revision == newest, line, "`kalends migrate` or `serve` migrates it")
