"""`Idempotency-Key`: a request that is repeated under its key runs once; for a day, each repetition
gets the same answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct, json

from kalends.domain.errors import KeyInUse, KeyReused
from kalends.runtime.sealing import Seal
from kalends.store.database import TenantConnection
from kalends.store.idempotency import KeptAnswer, find_answer, keep_answer, try_lock_key

ANSWER_KEPT_FOR: Final = timedelta(hours=24)
ANSWER_PURPOSE: Final = "idempotent answer"


class HttpAnswer(Struct, frozen=True):
    """An answer to the client; `replayed` says that it is one that was kept."""

    status: int
    body: bytes
    headers: dict[str, str] = {}
    replayed: bool = False


@dataclass(frozen=True)
class IdempotentRequest:
    """A request under an `Idempotency-Key`. The key is unique for an API key and an operation
    (method and path); `fingerprint` identifies the request's body."""

    api_key_id: UUID
    operation: str
    key: str
    fingerprint: bytes
    now: datetime

    @property
    def lock_name(self) -> str:
        return f"idempotency {self.api_key_id} {self.operation} {self.key}"


async def find_kept_answer(
    tenant: TenantConnection, request: IdempotentRequest, seal: Seal
) -> HttpAnswer | None:
    """The answer that was kept, or None if this is the first request under its key. Locks the key
    until the transaction ends.

    Raises KeyInUse while the first still runs, KeyReused if the first had another body.
    """
    if not await try_lock_key(tenant.tx, request.lock_name):
        raise KeyInUse("A request with this Idempotency-Key is still running. Try again shortly.")
    answer = await find_answer(
        tenant,
        request.api_key_id,
        request.operation,
        request.key,
        request.now - ANSWER_KEPT_FOR,
    )
    if answer is None:
        return None
    if answer.fingerprint != request.fingerprint:
        raise KeyReused("This Idempotency-Key was used for a request with another body.")
    return HttpAnswer(
        answer.status,
        seal.open(answer.body, ANSWER_PURPOSE),
        json.decode(answer.headers, type=dict[str, str]),
        replayed=True,
    )


async def store_answer(
    tenant: TenantConnection, request: IdempotentRequest, answer: HttpAnswer, seal: Seal
) -> None:
    """Keeps the answer, encrypted: it contains personal data, and may contain a secret."""
    sealed_answer = KeptAnswer(
        request.fingerprint,
        answer.status,
        Raw(json.encode(answer.headers)),
        seal.close(answer.body, ANSWER_PURPOSE),
    )
    await keep_answer(
        tenant,
        request.api_key_id,
        request.operation,
        request.key,
        sealed_answer,
        request.now,
    )
