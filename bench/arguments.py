"""The one number that a bench may be told at the command line."""

import argparse


def read_number(bench: str, about: str | None, name: str, default: int, meaning: str) -> int:
    """That of `python -m bench.BENCH --NAME`. `about` is what the bench's own help says."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{bench}", description=about)
    parser.add_argument(f"--{name}", dest="number", type=int, default=default, help=meaning)
    number: int = parser.parse_args().number
    return number
