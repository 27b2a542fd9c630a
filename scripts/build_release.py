"""Builds the wheel and the source archive into a folder.

    python scripts/build_release.py dist

With the build backend that the project pins, and no network. Fails if the wheel lacks a file of
the package (a template, a migration, a style sheet) or a catalogue, compiled.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from hatchling import build

ROOT = Path(__file__).resolve().parent.parent
# Compiled from the template of the messages alone.
ENGLISH = "src/kalends/translation/catalogues/en/LC_MESSAGES/kalends.mo"


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    for path in build_all(folder):
        print(path)


def build_all(folder: Path) -> list[Path]:
    """The wheel and the source archive. Raises SystemExit if a file of the package is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    wheel = folder / build.build_wheel(str(folder))
    if missing := missing_in(wheel):
        raise SystemExit(f"The wheel lacks {', '.join(missing)}.")
    return [wheel, folder / build.build_sdist(str(folder))]


def missing_in(wheel: Path) -> list[str]:
    """Files of the package that are tracked, or compiled of those, and are not in the wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "src/kalends"], capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(wheel) as archive:
        there = {f"src/{name}" for name in archive.namelist()}
    tracked = set(filter(None, listed.stdout.split("\0")))
    compiled = {str(Path(name).with_suffix(".mo")) for name in tracked if name.endswith(".po")}
    return sorted((tracked | compiled | {ENGLISH}) - there)


if __name__ == "__main__":
    main()
