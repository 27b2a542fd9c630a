"""A context on the database of the shared server, for use cases that are called directly."""

from collections.abc import AsyncIterator

import pytest

from kalends.compose import Installation
from kalends.services.work import Context


@pytest.fixture
async def context(home: Installation) -> AsyncIterator[Context]:
    context = home.context()
    yield context
    await context.database.close()
