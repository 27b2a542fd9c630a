"""`python -m bench`, which `make bench` runs: every measurement, one after the other."""

import subprocess
import sys
from importlib.util import find_spec

ALL = (
    "bench.http",
    "bench.slots_http",
    "bench.slots_engine",
    "bench.webhooks",
    "bench.pages",
    "bench.calcom",
    "bench.refusals",
    "bench.holds",
)


def main() -> None:
    """Each in a process of its own. Ends with the first failure's exit code."""
    for name in ALL:
        if find_spec(name) is None:
            print(f"{name} is not there; left out", file=sys.stderr)
            continue
        done = subprocess.run([sys.executable, "-m", name], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
