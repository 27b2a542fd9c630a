"""The command line, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping

WITHIN_SECONDS = 60


def run_kalends(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """`kalends WORDS`, with what it wrote, whether it succeeded or not."""
    return subprocess.run(
        [sys.executable, "-m", "kalends", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )
