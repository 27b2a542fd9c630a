"""The gateway for all outbound HTTP: guarded, limited in time and size, with kept connections.

The HTTP library takes a third of a second to import. So it is imported in a thread when the first
request goes out, and does not delay the start of a server.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from kalends.domain.gateways import OutboundRequest, OutboundResponse, Unreachable
from kalends.gateways.addresses import AllowedDestinations
from kalends.gateways.guard import Guard, Resolve, SystemNames
from kalends.gateways.targets import NameNotFound, NotCallable, read_target

if TYPE_CHECKING:
    from kalends.gateways.http_client import ConnectionPools

STOPPING: Final = Unreachable(reason="the program is stopping", is_refused=True)


class GuardedHttp:
    """Sends requests to public addresses, and to those that the operator has opened.

    Certificates are checked against those that the system trusts (`SSL_CERT_FILE` names others).
    An instance has to be used and closed in one event loop.
    """

    def __init__(self, opened: AllowedDestinations, resolve: Resolve | None = None) -> None:
        self._names = SystemNames()
        self._guard = Guard(opened, resolve or self._names.resolve)
        self._pools: asyncio.Task[ConnectionPools] | None = None
        self._is_closed = False

    async def find_fault(self, url: str) -> str | None:
        """See `Http`: makes the checks that `send` would make at this moment."""
        try:
            await self._guard.find_addresses(read_target(url))
        except NotCallable as error:
            return error.fault
        return None

    async def send(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        """Sends the request once, within `timeout_seconds` from name resolution to the last byte.

        An answer that breaks off counts as none. If the other side closes a kept connection at the
        moment we write into it, that is no failure of theirs: an idempotent request is sent again,
        once and on a new connection (RFC 9110 9.2.2). These are GET, HEAD, OPTIONS, PUT, DELETE,
        PROPFIND, REPORT, and a POST with `webhook-id` or `idempotency-key`. Any other POST may have
        been processed, so it is not repeated: the caller gets the failure, and decides.
        """
        began = time.monotonic()
        try:
            if self._is_closed:
                return STOPPING
            target = read_target(request.url)
            async with asyncio.timeout(request.timeout_seconds):
                pools = await self._ready()
                if self._is_closed:
                    return STOPPING
                answer = await pools.send(target, request)
        except NameNotFound:
            return Unreachable(reason="the name does not resolve", duration_ms=_since(began))
        except NotCallable as error:
            return Unreachable(reason=error.fault, duration_ms=_since(began), is_refused=True)
        except TimeoutError:
            reason = f"no answer within {request.timeout_seconds:g} s"
            return Unreachable(reason=reason, duration_ms=_since(began))
        if isinstance(answer, str):
            return Unreachable(reason=answer, duration_ms=_since(began))
        return OutboundResponse(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            is_cut=answer.is_cut,
            duration_ms=_since(began),
        )

    async def close(self) -> None:
        """Closes all connections: requests under way fail, and no more can be sent."""
        self._is_closed = True
        self._names.close()
        if self._pools is not None:
            await (await self._pools).close()

    async def _ready(self) -> "ConnectionPools":
        """The connection pools. The first caller starts the import, which goes on even if that
        caller gives up."""
        if self._pools is None:
            self._pools = asyncio.create_task(self._open())
        if self._pools.done():
            return self._pools.result()
        return await asyncio.shield(self._pools)

    async def _open(self) -> "ConnectionPools":
        pools = await asyncio.to_thread(_import_pools)
        return pools(self._guard)


def _import_pools() -> type["ConnectionPools"]:
    from kalends.gateways.http_client import ConnectionPools

    return ConnectionPools


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
