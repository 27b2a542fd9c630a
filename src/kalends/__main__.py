"""`python -m kalends`, the same as `kalends`."""

import gc
import sys
from typing import cast


def main() -> None:
    """Runs the command. Its modules stay while it does: passes of the garbage collector over them
    took a third of a start and of an end."""
    gc.disable()
    _import_structlog()
    from kalends.cli import main as run

    gc.freeze()
    gc.enable()
    run()


def _import_structlog() -> None:
    """It imports rich, where that is installed, for colours that no log of Kalends has: a tenth
    of a second of each start."""
    modules = cast(dict[str, object], sys.modules)
    modules["rich"] = None
    import structlog  # noqa: F401

    del modules["rich"]


if __name__ == "__main__":
    main()
