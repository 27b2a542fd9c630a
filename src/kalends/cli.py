"""The command line: serve, worker, init, migrate, keys, users, backup, restore, doctor."""

import typer

from kalends.compose import installation, migrate_now
from kalends.compose import serve as serve_installation
from kalends.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def kalends() -> None:
    """Kalends: the bookings API that a business runs itself."""


@app.command()
def serve(host: str = "127.0.0.1", port: int = 8080, workers: int = 1) -> None:
    """Serves API, pages and jobs."""
    with installation(Settings.from_environ(), watched=True) as home:
        migrate_now(home)
        serve_installation(home, host, port, workers)


def main() -> None:
    app()
