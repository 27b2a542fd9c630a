"""Installations of their own, for tests that need other settings, or break what they run on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kalends.compose import Installation, installation, migrate_now
from kalends.settings import Settings


def environment_in(folder: Path, **settings: str) -> dict[str, str]:
    """Settings with a data directory in the folder and without rate limits; further ones by
    their names without `KALENDS_`."""
    named = {f"KALENDS_{name}": value for name, value in settings.items()}
    return {
        "KALENDS_DATA_DIR": str(folder / "data"),
        "KALENDS_RATE_LIMIT_READ": "none",
        "KALENDS_RATE_LIMIT_WRITE": "none",
        "KALENDS_RATE_LIMIT_PAGE_ADDRESS": "none",
        "KALENDS_RATE_LIMIT_PAGE_SCHEDULE": "none",
    } | named


@contextmanager
def migrated(environment: dict[str, str]) -> Iterator[Installation]:
    """The installation, whose PostgreSQL runs while the block does, though servers come and go."""
    with installation(Settings.from_environ(environment)) as home:
        migrate_now(home)
        yield home
