"""Fails where the name of a test is longer than a sentence of one behaviour.

python scripts/check_test_names.py
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
NAME = re.compile(r"^ *(?:async )?def test_(?P<words>\w+)", re.MULTILINE)
MOST_WORDS = 12


def main() -> None:
    listed = sorted(TESTS.rglob("test_*.py"))
    faults = [fault for path in listed for fault in faults_in(path, path.read_text())]
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


def faults_in(path: Path, text: str) -> Iterator[str]:
    """Its names of more than MOST_WORDS words."""
    for match in NAME.finditer(text):
        count = len(match["words"].split("_"))
        if count > MOST_WORDS:
            name = f"{path.relative_to(TESTS.parent)}: test_{match['words']}"
            yield f"{name} has {count} words; name one behaviour in at most {MOST_WORDS}"


if __name__ == "__main__":
    main()
