"""Lists the sealed values that have to be opened again for as long as they are used."""

from typing import Final

from msgspec import Struct

from kalends.store.database import Tx

# Mails and idempotent answers are left out, as nobody needs them for long.
SEALED: Final = """
SELECT 'webhook', id, secret FROM webhook_endpoints WHERE deleted_at IS NULL
UNION ALL
SELECT 'calendar', id, sealed FROM calendar_connections WHERE sealed IS NOT NULL
UNION ALL
SELECT 'calcom', id, api_key FROM calcom_connections
UNION ALL
SELECT 'zoom', organization_id, zoom_client_secret FROM video_accounts
WHERE zoom_client_secret IS NOT NULL
UNION ALL
SELECT 'video_hook', organization_id, hook_secret FROM video_accounts
WHERE hook_secret IS NOT NULL
"""


class SealedValue(Struct, frozen=True):
    """A sealed secret, with the kind and id of the thing that it belongs to."""

    kind: str
    id: str
    sealed: bytes


async def list_sealed_values(tx: Tx) -> list[SealedValue]:
    """The sealed values of all organizations."""
    return [
        SealedValue(kind, str(id_), bytes(sealed)) for kind, id_, sealed in await tx.fetch(SEALED)
    ]
