"""`kalends distribute --print`: writes the script that distributes a database over many nodes."""

from typing import Annotated, Final

import typer

from kalends.cli.options import UsageError
from kalends.store.distribution import distribution_script

NOT_BY_ITSELF: Final = (
    "Kalends spreads no database by itself. `kalends distribute --print` writes the script, "
    "for psql on the coordinator."
)


def distribute(
    prints: Annotated[
        bool, typer.Option("--print", help="Write the script and do nothing.")
    ] = False,
) -> None:
    """Writes the script that spreads a database over the nodes of Citus, by organization."""
    if not prints:
        raise UsageError(NOT_BY_ITSELF)
    typer.echo(distribution_script(), nl=False)
