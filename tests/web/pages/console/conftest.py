"""Users at their desks."""

from collections.abc import Callable, Iterator

import pytest

from tests.web.pages.console.desks import User
from tests.world import World


@pytest.fixture
def sign_in() -> Iterator[Callable[..., User]]:
    """Signs users in, and closes their connections behind them."""
    users: list[User] = []

    def make(world: World, email: str = "", slug: str = "") -> User:
        users.append(User(world, email, slug))
        return users[-1]

    yield make
    for user in users:
        user.close()


@pytest.fixture
def admin(world: World, sign_in: Callable[..., User]) -> User:
    return sign_in(world)
