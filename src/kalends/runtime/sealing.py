"""Encrypts secrets at rest ("seals" them): AES-GCM with a key derived from the installation's
secret."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct, json

from kalends.domain.failures import OperatorError

S = TypeVar("S", bound=Struct)

NONCE_BYTES: Final = 12


class SealBroken(OperatorError):
    """Sealed data cannot be opened: the installation has another secret now, or the data was
    changed."""


@dataclass(frozen=True)
class Seal:
    """Encrypts and decrypts. `purpose` binds data to its use: it opens only for the same
    purpose."""

    secret: str

    def close(self, plain: bytes, purpose: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises SealBroken."""
        try:
            return self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode()
            )
        except InvalidTag as error:
            raise SealBroken("KALENDS_SECRET is not the one that this was sealed with.") from error

    @cached_property
    def _cipher(self) -> AESGCM:
        derive = HKDF(SHA256(), 32, salt=None, info=b"kalends sealing 1")
        return AESGCM(derive.derive(self.secret.encode()))


def close_value(seal: Seal, value: Struct, purpose: str) -> bytes:
    return seal.close(json.encode(value), purpose)


def open_value(seal: Seal, sealed: bytes, purpose: str, kind: type[S]) -> S | None:
    """The value that `close_value` sealed; None if KALENDS_SECRET is another one now."""
    try:
        plain = seal.open(sealed, purpose)
    except SealBroken:
        return None
    return json.decode(plain, type=kind)
