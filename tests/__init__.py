"""The tests. Which of them run side by side: `groups`."""

import os
import sys

# Servers, commands and workers are hundreds of processes. Without bytecode on disk each would
# compile all modules anew, which takes a second of CPU.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
