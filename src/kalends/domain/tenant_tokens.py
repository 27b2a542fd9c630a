"""Tokens in secret addresses that say whose they are: the organization, a hyphen, the secret.

The organization is no secret. It is there so that the row of a token is looked for where the rows
of its organization lie, and stored is only the hash of the whole.
"""

import secrets
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.access import hash_of
from kalends.domain.ids import LENGTH, ORGANIZATION, base62, decode_id

SECRET_BYTES: Final = 24
SEPARATOR: Final = "-"
# Those of before are shorter, and may have a hyphen anywhere.
TOKEN_LENGTH: Final = LENGTH + len(SEPARATOR) + SECRET_BYTES * 4 // 3


class TokenKey(NamedTuple):
    """What a token is looked up by. Those that were given out before tokens said whose they are
    have no organization."""

    organization_id: UUID | None
    token_hash: bytes


def new_tenant_token(organization_id: UUID) -> str:
    return f"{base62(organization_id.int)}{SEPARATOR}{secrets.token_urlsafe(SECRET_BYTES)}"


def key_of(token: str) -> TokenKey:
    """The key of any text that is given as a token."""
    is_new = len(token) == TOKEN_LENGTH and token[LENGTH] == SEPARATOR
    shown = f"{ORGANIZATION}_{token[:LENGTH]}"
    return TokenKey(decode_id(ORGANIZATION, shown) if is_new else None, hash_of(token))
