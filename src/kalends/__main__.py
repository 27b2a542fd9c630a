"""The entry point: `kalends`, or `python -m kalends`."""

import gc
import sys
from typing import cast


def main() -> None:
    """Runs the command line. The garbage collector is off while modules are imported, and skips
    them afterwards: its passes over them took a third of the time to start and to exit."""
    gc.disable()
    _import_structlog()
    from kalends.cli import main as run

    gc.freeze()
    gc.enable()
    run()


def _import_structlog() -> None:
    """Imports structlog without rich. If rich is installed, structlog imports it for colours that
    no log of Kalends has, which adds a tenth of a second to each start."""
    modules = cast(dict[str, object], sys.modules)
    modules["rich"] = None
    import structlog  # noqa: F401

    del modules["rich"]


if __name__ == "__main__":
    main()
