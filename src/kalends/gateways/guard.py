"""The guard: resolves a target to its addresses, and checks that each of them may be called."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Final

from kalends.gateways.addresses import Address, AllowedDestinations, is_public, read_address
from kalends.gateways.targets import NameNotFound, NotCallable, Target

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""From a host name to its addresses. Raises OSError where there are none."""

# One for each name at once: more than the webhooks of an organization have, so that names that hang
# leave threads to others'. A thread is started when there is something to look up.
LOOKUPS_AT_ONCE: Final = 256
LONGEST_LOOKUP_SECONDS: Final = 10.0
ONLY_HTTPS: Final = "must begin with https://, unless KALENDS_OUTBOUND_ALLOW opens its host"


class SystemNames:
    """The operating system's resolver, in threads of its own, so that a name that hangs does not
    hold up other work that is done in threads.

    Only the system itself can end such a look-up. So a name is looked up once at a time, and
    whoever asks for it meanwhile waits for the same result. A process that ends does not wait for
    it, as it would for a thread of a pool.
    """

    def __init__(self, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._places = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._look_up = look_up or _look_up
        self._under_way: dict[str, asyncio.Future[list[str]]] = {}
        self._is_closed = False

    async def resolve(self, host: str) -> Sequence[str]:
        """The addresses of the host. Raises OSError if it has none, or after shutdown."""
        if self._is_closed:
            raise OSError("no look-ups any more")
        if (addresses := self._under_way.get(host)) is None:
            addresses = asyncio.create_task(self._find(host))
            self._under_way[host] = addresses
            addresses.add_done_callback(partial(self._end, host))
        return list(dict.fromkeys(await asyncio.shield(addresses)))

    async def _find(self, host: str) -> list[str]:
        async with self._places:
            return await _in_daemon(partial(self._look_up, host))

    def _end(self, host: str, addresses: asyncio.Future[list[str]]) -> None:
        del self._under_way[host]
        if not addresses.cancelled():
            addresses.exception()  # nobody may wait for it any more

    def close(self) -> None:
        self._is_closed = True


def _in_daemon(work: Callable[[], list[str]]) -> asyncio.Future[list[str]]:
    """The result of the work, done in a thread that the process does not wait for at its end."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str], error: Exception | None) -> None:
        if result.done():  # whoever waited has gone
            return
        if error is None:
            result.set_result(found)
        else:
            result.set_exception(error)

    def run() -> None:
        found: list[str] = []
        failed: Exception | None = None
        try:
            found = work()
        except Exception as error:
            failed = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found, failed)

    Thread(target=run, name="kalends-names", daemon=True).start()
    return result


def _look_up(host: str) -> list[str]:
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in infos]


class Guard:
    """Decides at which addresses a target may be called."""

    def __init__(self, opened: AllowedDestinations, resolve: Resolve) -> None:
        self._opened = opened
        self._resolve = resolve

    async def find_addresses(self, target: Target) -> list[Address]:
        """The addresses to connect to, looked up once and each of them checked.

        Raises NotCallable if there are none, or if even one of them may not be called: a name that
        points both inside and outside is suspect.
        """
        if self.refuses_plain_http(target):
            raise NotCallable(ONLY_HTTPS)
        if target.address is not None:
            self._check_address(target, target.address)
            return [target.address]
        addresses = [self._read(text) for text in await self._find(target.host)]
        if not self._opened.has_name(target.host):
            for address in addresses:
                self._check_address(target, address)
        return addresses

    def refuses_plain_http(self, target: Target) -> bool:
        """Whether the target is plain http that is refused whatever its name resolves to."""
        may_be_open = self._opened.networks or self._opened.has_name(target.host)
        return target.scheme == "http" and not may_be_open

    def _check_address(self, target: Target, address: Address) -> None:
        if self._opened.has_address(address):
            return
        if not is_public(address):
            raise _closed(str(address))
        if target.scheme != "https":
            raise NotCallable(ONLY_HTTPS)

    async def _find(self, host: str) -> Sequence[str]:
        try:
            async with asyncio.timeout(LONGEST_LOOKUP_SECONDS):
                addresses = await self._resolve(host)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            addresses = ()
        if not addresses:
            raise NameNotFound
        return addresses

    def _read(self, text: str) -> Address:
        address = read_address(text)
        if address is None:
            raise _closed(text)
        return address


def _closed(address: str) -> NotCallable:
    """The refusal, which tells operators with a server of their own which setting opens it."""
    return NotCallable(
        f"points to an address that may not be called ({address}): KALENDS_OUTBOUND_ALLOW opens it"
    )
