"""The library that is compared with reads the pinned time-zone data, too."""

from collections.abc import Iterator
from zoneinfo import TZPATH, ZoneInfo, reset_tzpath

import pytest


@pytest.fixture(scope="package", autouse=True)
def pinned_zones() -> Iterator[None]:
    before = TZPATH
    reset_tzpath(to=())
    ZoneInfo.clear_cache()
    yield
    reset_tzpath(to=before)
    ZoneInfo.clear_cache()
