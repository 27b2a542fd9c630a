"""Users at their desks."""

from collections.abc import Iterator

import pytest

from tests.web.pages.console.desks import SignedInBrowser, SignIn
from tests.world import World


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    """Signs users in, and closes their connections behind them."""
    users: list[SignedInBrowser] = []

    def make(world: World, email: str = "", slug: str = "") -> SignedInBrowser:
        users.append(SignedInBrowser(world, email, slug))
        return users[-1]

    yield make
    for user in users:
        user.close()


@pytest.fixture
def admin(world: World, sign_in: SignIn) -> SignedInBrowser:
    return sign_in(world)
