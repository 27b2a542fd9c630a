"""The command line, in a process of its own."""

import os
import subprocess
from collections.abc import Mapping

from tests.forking import run_python

WITHIN_SECONDS = 90


def run_kalends(
    environment: Mapping[str, str], *words: str, is_copied: bool = True
) -> subprocess.CompletedProcess[str]:
    """`kalends WORDS`, with what it wrote, whether it succeeded or not."""
    return run_python(
        *("-m", "kalends", *words),
        env={**os.environ, **environment},
        within_seconds=WITHIN_SECONDS,
        is_copied=is_copied,
    )
