"""Secrets at rest: AES-GCM with a key derived from the installation's secret."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES: Final = 12


class SealBroken(Exception):
    """What was sealed cannot be opened: the secret is another one, or the data was changed."""


@dataclass(frozen=True)
class Seal:
    """Seals and opens; `purpose` binds what is sealed to where it is used."""

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
