"""Google and Microsoft of the tests, started once in a module and new for each test: fixtures for
who imports them."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft


class Fakes(NamedTuple):
    google: FakeGoogle
    microsoft: FakeMicrosoft


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    with FakeGoogle.running() as google, FakeMicrosoft.running() as microsoft:
        yield Fakes(google, microsoft)


@pytest.fixture
def google(fakes: Fakes) -> FakeGoogle:
    fakes.google.forget()
    return fakes.google


@pytest.fixture
def microsoft(fakes: Fakes) -> FakeMicrosoft:
    fakes.microsoft.forget()
    return fakes.microsoft
