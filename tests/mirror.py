"""A process that says what it is like, and ends as it is told.

python -m tests.mirror [END]
"""

import atexit
import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

ENDS = ("0", "3", "259", "error", "kill", "late", "text")


def look() -> dict[str, Any]:
    """What a module may see of the process that it runs in, but for its id."""
    main = sys.modules["__main__"]
    return {
        "words": sys.argv,
        "main": (main.__name__, main.__file__, main.__spec__ and main.__spec__.name),
        "path": sys.path,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "parent": os.getppid(),
        "group": os.getpgrp(),
        "files": [len(os.listdir("/proc/self/fd")), resource.getrlimit(resource.RLIMIT_NOFILE)],
        "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
        "streams": [
            (stream.encoding, stream.errors, stream.isatty(), stream.fileno())
            for stream in (sys.stdin, sys.stdout, sys.stderr)
        ],
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "imported": sorted(name for name in sys.modules if name.startswith("tests.")),
    }


def _speak_late() -> None:
    time.sleep(0.2)
    sys.stderr.write("by a thread\n")


def end(how: str) -> None:
    if how == "error":
        raise ValueError("as it was told")
    if how == "wait":
        sys.stdout.flush()
        signal.pause()
    if how == "text":
        sys.exit("as it was told")
    if how == "late":
        atexit.register(sys.stderr.write, "put off until the end\n")
        threading.Thread(target=_speak_late).start()
        return
    if how == "kill":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(int(how))


if __name__ == "__main__":
    print(json.dumps(look()))  # noqa: T201
    print("an error", file=sys.stderr)  # noqa: T201
    if len(sys.argv) > 1:
        end(sys.argv[1])
