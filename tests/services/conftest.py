"""A context on the database of the shared server, for use cases that are called directly."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from kalends.compose import Installation
from kalends.runtime.unit_of_work import Context
from tests.homes import BESIDE


@pytest.fixture
async def context(home: Installation) -> AsyncIterator[Context]:
    context = replace(home, served_at="http://127.0.0.1:8080").context(BESIDE)
    yield context
    await context.database.close()
