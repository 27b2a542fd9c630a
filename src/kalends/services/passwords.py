"""Passwords: argon2id with the library's defaults."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kalends.domain.errors import Invalid

SHORTEST: Final = 8
LONGEST: Final = 200


def hash_password(password: str) -> str:
    """Raises Invalid for one that is too short or too long. Takes some 50 ms of CPU."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid.field("password", f"must have {SHORTEST} to {LONGEST} characters")
    return PasswordHasher().hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it is the password. Takes as long for an unknown user (None) as for a known one."""
    try:
        PasswordHasher().verify(password_hash or _nobodys(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobodys() -> str:
    return PasswordHasher().hash("nobody has this password")
