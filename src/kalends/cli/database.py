"""`kalends migrate`, `backup` and `restore`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from kalends.cli.running import open_installation, quiet_settings
from kalends.compose import installation, migrate_now
from kalends.settings import Settings
from kalends.store.database_info import inspect_database
from kalends.store.embedded import archive


def migrate() -> None:
    """Brings the database's schema up to date."""
    with open_installation() as home:
        typer.echo(f"The schema is at revision {migrate_now(home)}.")


def backup(file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Writes a backup of the database as it is, while everything runs on; migrates nothing."""
    with installation(quiet_settings()) as home:
        asyncio.run(inspect_database(home.parameters))
        written = archive.backup(home.parameters, file, home.settings.postgres_programs)
        if written.may_lack:
            typer.echo(_older_program(written), err=True)
        typer.echo(f"{file} holds everything but the secret; {_where_secret(home.settings)}")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[bool, typer.Option(help="Drop what is in the database now.")] = False,
) -> None:
    """Brings a backup back, also one of an older version. All or nothing."""
    with installation(quiet_settings()) as home:
        asyncio.run(inspect_database(home.parameters))
        programs = home.settings.postgres_programs
        restored = archive.restore(home.parameters, file, replace=replace, programs=programs)
        for name in restored.left_out:
            typer.echo(
                f"Left out, as PostgreSQL {restored.server} lacks it or keeps its own: {name}"
            )
        revision = migrate_now(home)
        typer.echo(f"{file} is back, at revision {revision}.")


def _older_program(written: archive.Backup) -> str:
    program = written.program
    return (
        f"PostgreSQL {written.server} may be of a later release than pg_dump {program.release} "
        f"({program.origin}), the newest here that can read it. The backup is whole; what "
        "the server keeps for itself a restore leaves out. To be sure, install "
        f"postgresql-client-{written.server.major}."
    )


def _where_secret(settings: Settings) -> str:
    if settings.secret:
        return "keep KALENDS_SECRET with it."
    return f"keep {settings.data_dir / 'secret'} with it."
