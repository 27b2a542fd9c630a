"""Providers stay apart: from one another, and from the services that use them."""

import tomllib
from pathlib import Path

import kalends

PACKAGE = Path(kalends.__file__).parent
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def providers() -> list[str]:
    """Each has a package of its own among the gateways."""
    return sorted(path.parent.name for path in (PACKAGE / "gateways").glob("*/__init__.py"))


def contract(name: str) -> dict[str, list[str]]:
    contracts = tomllib.loads(PROJECT.read_text())["tool"]["importlinter"]["contracts"]
    matching: dict[str, list[str]]
    (matching,) = [one for one in contracts if one["name"] == name]
    return matching


def test_each_provider_is_kept_apart_by_the_contracts() -> None:
    names = {f"kalends.gateways.{provider}" for provider in providers()}
    assert "kalends.gateways.calcom" in names
    assert names <= set(contract("Ways out know nothing of one another")["modules"])
    assert names == set(contract("Only compose knows a provider")["forbidden_modules"])


def test_services_of_imports_name_no_provider() -> None:
    for path in (PACKAGE / "services" / "imports").rglob("*.py"):
        text = path.read_text().lower().replace(".", "")
        assert [name for name in providers() if name in text] == [], path
