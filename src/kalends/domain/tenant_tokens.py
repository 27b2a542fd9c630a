"""Tokens in secret URLs: the organization's id, a hyphen, and a random secret.

The organization's id is no secret: it lets the row be looked up within its organization. Only the
hash of the whole token is stored.
"""

import secrets
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.access import hash_of
from kalends.domain.ids import LENGTH, ORGANIZATION, base62, decode_id

SECRET_BYTES: Final = 24
SEPARATOR: Final = "-"
# Older tokens, without an organization, are shorter and may have a hyphen anywhere.
TOKEN_LENGTH: Final = LENGTH + len(SEPARATOR) + SECRET_BYTES * 4 // 3


class TokenKey(NamedTuple):
    """The key by which a token is looked up. Older tokens have no organization."""

    organization_id: UUID | None
    token_hash: bytes


def new_tenant_token(organization_id: UUID) -> str:
    return f"{base62(organization_id.int)}{SEPARATOR}{secrets.token_urlsafe(SECRET_BYTES)}"


def key_of(token: str) -> TokenKey:
    """The lookup key of any text that a client sends as a token."""
    is_new = len(token) == TOKEN_LENGTH and token[LENGTH] == SEPARATOR
    shown = f"{ORGANIZATION}_{token[:LENGTH]}"
    return TokenKey(decode_id(ORGANIZATION, shown) if is_new else None, hash_of(token))
