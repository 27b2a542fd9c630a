"""Hashes and verifies passwords, with argon2id and the library's defaults."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kalends.domain.errors import Invalid

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 200
HASHER = PasswordHasher()
# argon2 takes 64 MiB and a core for each password; further ones queue.
HASHES_AT_ONCE: Final = 2
_threads: Final = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="argon2")


def hash_password(password: str) -> str:
    """The hash of a new password; takes some 50 ms of CPU. Raises Invalid for a password that is
    too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid.field(
            "password", f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        )
    return HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the password matches the hash. Takes as long without a hash (for an unknown user) as
    with one, so that the time tells nothing."""
    dummy_hash = _dummy_hash()
    try:
        HASHER.verify(password_hash or dummy_hash, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


async def make_hash(password: str) -> str:
    """`hash_password` in a thread, so that other requests go on. Raises Invalid."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, hash_password, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """`is_password` in a thread, so that other requests go on."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, is_password, password, password_hash)


@cache
def _dummy_hash() -> str:
    return HASHER.hash("nobody has this password")
