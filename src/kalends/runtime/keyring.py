"""Identifies API keys, and caches them for a few seconds, so that most requests need no query."""

import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from kalends.domain.access import ApiKey, hash_of, is_well_formed
from kalends.domain.errors import Unauthorized
from kalends.store.accounts.api_keys import identify_key
from kalends.store.database import Database

REMEMBERED_SECONDS: Final = 4.0
MOST_REMEMBERED: Final = 10_000


class Keyring:
    """The cache of API keys of one process. A key that is revoked in this process stops working at
    once; one that another process revokes, within `REMEMBERED_SECONDS`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, ApiKey]] = {}
        self._revoked: set[UUID] = set()

    async def identify(self, secret: str | None) -> ApiKey:
        """The key with that secret. Raises Unauthorized for a missing, malformed, unknown, revoked
        or expired key."""
        if not secret:
            raise Unauthorized(
                "This call needs an API key: send it as 'Authorization: Bearer wk_live_…'."
            )
        entry = self._known.get(secret)
        if entry is not None and time.monotonic() < entry[0] and not _has_expired(entry[1]):
            return entry[1]
        if not is_well_formed(secret):
            raise Unauthorized("This is not an API key of Kalends (its form is wrong).")
        async with self._database.connection() as tx:
            key = await identify_key(tx, hash_of(secret))
        if key is None or key.id in self._revoked:
            self._known.pop(secret, None)
            raise Unauthorized("This API key is unknown, revoked or expired.")
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[secret] = (time.monotonic() + REMEMBERED_SECONDS, key)
        return key

    def is_valid(self, key: ApiKey) -> bool:
        """Whether a key that was identified a moment ago is still valid, as far as this process
        knows."""
        return key.id not in self._revoked and not _has_expired(key)

    def forget(self, key_id: UUID) -> None:
        """Forgets a revoked key, also for requests whose query for it is still running."""
        self._revoked.add(key_id)
        self._known = {s: entry for s, entry in self._known.items() if entry[1].id != key_id}


def _has_expired(key: ApiKey) -> bool:
    return key.expires_at is not None and key.expires_at <= datetime.now(UTC)
