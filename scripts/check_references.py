"""Fails where a text names a page, a module or a function that is not in the repository.

    python scripts/check_references.py

Looks at every tracked text file: links of Markdown, names of `.md` pages anywhere, and numbered
sections of the drafts that Kalends was planned with, which nobody can look up. In pages it looks
at code too: `web/http/call.py` has to be there, from the repository's root or from the package,
and `services/bookings.py: create_booking` has to be defined there. And each migration has to
follow the one before it: two that were written side by side have the same number.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ = frozenset({".py", ".md", ".html", ".sql", ".toml", ".js", ".css", ".yaml", ""})
LINK = re.compile(r"\]\((?!https?:|mailto:|#|\{)(?P<target>[^)\s#]+)")
PAGE = re.compile(r"(?<![\w/.*{-])(?P<target>[\w./-]+\.md)\b")
CODE = re.compile(r"`(?P<module>[\w./-]+\.py)(?:: ?(?P<names>[\w., ]+))?`")
SECTION = re.compile(r"\b(SEMANTICS|CONTRACT|FACTS) \d")
# Pages that the server makes, a pattern of names, and third parties' files.
MADE = re.compile(r"(NNNN-title|guide|public/.*|/nothing)\.md")
VERSIONS = ROOT / "src" / "kalends" / "store" / "migrations" / "versions"
REVISION = re.compile(r'^(revision|down_revision) = (?:"(\d{4})"|None)$', re.MULTILINE)
FOREIGN = ("src/kalends/web/openapi/docs/swagger",)


def main() -> None:
    faults = [fault for path in tracked() for fault in faults_in(path)]
    faults += faults_in_order(sorted(VERSIONS.glob("[0-9]*.py")))
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
            yield from (f"{place}: {fault}" for fault in faults_in_code(path, line))
        for target in dict.fromkeys(targets):
            if not is_there(path, target):
                yield f"{place}: there is no {target}"
        if path.suffix == ".py" and (match := SECTION.search(line)):
            yield f"{place}: where is {match[0]!r}?"


def faults_in_order(migrations: Iterable[Path]) -> Iterator[str]:
    """Those that are not called as their file is, or do not follow the one before them."""
    before = ""
    for path in migrations:
        number = path.name[:4]
        if dict(REVISION.findall(path.read_text())) != {
            "revision": number,
            "down_revision": before,
        }:
            yield f"{path.name}: is not {number}, or does not follow {before or 'nothing'}"
        before = number


def is_there(path: Path, target: str) -> bool:
    """Beside the file, in the repository's root, or in `docs`."""
    places = (path.parent, ROOT, ROOT / "docs", ROOT / "docs" / "running")
    return MADE.fullmatch(target) is not None or any((place / target).exists() for place in places)


def faults_in_code(page: Path, line: str) -> Iterator[str]:
    """Modules that a page's line names and are not there, and names that they do not define."""
    for match in CODE.finditer(line):
        module = find_module(page, match["module"])
        if module is None:
            yield f"there is no {match['module']}"
            continue
        for name in re.findall(r"[\w.]+", match["names"] or ""):
            if name not in defined_in(module):
                yield f"{match['module']} defines no {name}"


def find_module(page: Path, name: str) -> Path | None:
    """Beside the page, from the root or from the package; a bare name may be in its folders."""
    package = ROOT / "src" / "kalends"
    places = [page.parent, ROOT, package]
    beside = (place / name for place in places if (place / name).is_file())
    anywhere = () if "/" in name else package.rglob(name)
    return next(chain(beside, anywhere), None)


def defined_in(module: Path) -> frozenset[str]:
    """Names of the module's functions, classes, methods (`Class.method`) and constants."""
    return frozenset(names_in(ast.parse(module.read_text()).body))


def names_in(statements: Iterable[ast.stmt], prefix: str = "") -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
            case ast.ClassDef(name=name):
                yield prefix + name
                yield from names_in(statement.body, f"{name}.")
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name


if __name__ == "__main__":
    main()
