"""Signing in, by the work that it takes."""

from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from kalends.domain.errors import Unauthorized
from kalends.runtime import passwords
from kalends.runtime.unit_of_work import Context
from kalends.services.users.sign_in_sessions import Credentials, sign_in
from kalends.web.http.sign_ins import ANONYMOUS
from tests.world import World

TRIES = 10


class NotedHasher(PasswordHasher):
    """Notes what the hashes cost that passwords are compared with."""

    def __init__(self, costs: PasswordHasher) -> None:
        super().__init__(costs.time_cost, costs.memory_cost, costs.parallelism)
        self.compared: list[Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.compared.append(extract_parameters(str(hash)))
        return super().verify(hash, password)


async def test_an_unknown_address_takes_the_work_of_a_known_one(
    context: Context, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = NotedHasher(passwords.HASHER)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    for email in (world.setup.admin_email, "nobody@example.test"):
        with pytest.raises(Unauthorized):
            await sign_in(
                context,
                ANONYMOUS,
                Credentials(email, "wrong password", "198.51.100.1"),
                TRIES,
                None,
            )
    known, unknown = hasher.compared
    assert unknown == known
