"""Fails where a text names a page that is not in the repository.

    python scripts/check_references.py

Looks at every tracked text file: links of Markdown, names of `.md` pages anywhere, and numbered
sections of the drafts that Kalends was planned with, which nobody can look up.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ = frozenset({".py", ".md", ".html", ".sql", ".toml", ".js", ".css", ".yaml", ""})
LINK = re.compile(r"\]\((?!https?:|mailto:|#|\{)(?P<target>[^)\s#]+)")
PAGE = re.compile(r"(?<![\w/.*{-])(?P<target>[\w./-]+\.md)\b")
SECTION = re.compile(r"\b(SEMANTICS|CONTRACT|FACTS) \d")
# Pages that the server makes, a pattern of names, and third parties' files.
MADE = re.compile(r"(NNNN-title|guide|public/.*|/nothing)\.md")
FOREIGN = ("src/kalends/web/openapi/docs/swagger",)


def main() -> None:
    faults = [fault for path in tracked() for fault in faults_in(path)]
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


def tracked() -> Iterator[Path]:
    """The repository's own texts."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if Path(name).suffix in READ and not name.startswith(FOREIGN) and (ROOT / name).is_file():
            yield ROOT / name


def faults_in(path: Path) -> Iterator[str]:
    """What it names and is not there, each with its line."""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        place = f"{path.relative_to(ROOT)}:{number}"
        targets = [match["target"] for match in PAGE.finditer(line)]
        if path.suffix == ".md":
            targets += [match["target"] for match in LINK.finditer(line)]
        for target in dict.fromkeys(targets):
            if not is_there(path, target):
                yield f"{place}: there is no {target}"
        if path.suffix == ".py" and (match := SECTION.search(line)):
            yield f"{place}: where is {match[0]!r}?"


def is_there(path: Path, target: str) -> bool:
    """Beside the file, in the repository's root, or in `docs`."""
    places = (path.parent, ROOT, ROOT / "docs", ROOT / "docs" / "running")
    return MADE.fullmatch(target) is not None or any((place / target).exists() for place in places)


if __name__ == "__main__":
    main()
