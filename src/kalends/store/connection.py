"""Opens connections, with a time limit for each host of a URL.

The driver has one limit for all hosts together. So the first host that hangs (accepts the
connection and stays silent) would use it up, and the next one would never be tried.
"""

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import asyncpg

from kalends.store.database_url import ConnectParameters, words_of_url

CONNECT_SECONDS: Final = 3.0
# If there are several hosts: the second can be reached within the time that a request has.
CONNECT_SECONDS_OF_EACH_HOST: Final = 1.5
# For so long, a host that did not answer is tried last.
SILENT_HOST_LAST_SECONDS: Final = 30.0
NEXT_HOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TargetServerAttributeNotMatched,
)
PREFERS_STANDBY: Final = "prefer-standby"


@dataclass
class _Hosts:
    """The hosts of one URL, in its order, and until when those that failed are tried last."""

    places: list[tuple[str, int]]
    server_kind: str | None
    last_until: dict[int, float] = field(default_factory=dict)

    def in_order(self) -> list[int]:
        """First the hosts that have not failed lately, in the URL's order; then the others, the one
        that failed longest ago first, so that all of them are tried in the end."""
        now = monotonic()
        self.last_until = {place: until for place, until in self.last_until.items() if until > now}
        return sorted(range(len(self.places)), key=lambda place: self.last_until.get(place, 0.0))

    def passes(self) -> list[str | None]:
        """The kinds of server to look for, one after the other."""
        return ["standby", "any"] if self.server_kind == PREFERS_STANDBY else [self.server_kind]


_known: dict[str, _Hosts] = {}


async def connect(parameters: ConnectParameters, **options: Any) -> asyncpg.Connection:
    """A new connection: to the first host that answers in time and is what the URL wants.

    `options` are the driver's. Raises what the driver raises for the last host.
    """
    hosts = _hosts_of(parameters)
    arguments = parameters.as_arguments() | options
    if len(hosts.places) < 2:
        return await asyncpg.connect(**{"timeout": CONNECT_SECONDS} | arguments)
    failed: BaseException | None = None
    for server_kind in hosts.passes():
        for place in hosts.in_order():
            try:
                return await _connect_to(hosts, place, server_kind, arguments)
            except NEXT_HOST as error:
                failed = error
    assert failed is not None
    raise failed


async def _connect_to(
    hosts: _Hosts, place: int, server_kind: str | None, arguments: dict[str, Any]
) -> asyncpg.Connection:
    # Noted beforehand, because a task that is cancelled while the host hangs cannot note anything.
    hosts.last_until[place] = monotonic() + SILENT_HOST_LAST_SECONDS
    host, port = hosts.places[place]
    sort = {"target_session_attrs": server_kind} if server_kind else {}
    limit = CONNECT_SECONDS_OF_EACH_HOST
    try:
        async with asyncio.timeout(limit):
            connection = await asyncpg.connect(
                **arguments | sort | {"host": [host], "port": [port], "timeout": limit}
            )
    except asyncpg.TargetServerAttributeNotMatched:  # it answers, and may be promoted any time
        hosts.last_until.pop(place, None)
        raise
    hosts.last_until.pop(place, None)
    return connection


def _hosts_of(parameters: ConnectParameters) -> _Hosts:
    url = parameters.dsn or ""
    if url not in _known:
        words = words_of_url(url) if url else {}
        names = words.get("host", "").split(",")
        ports = (words.get("port", "").split(",") + [""] * len(names))[: len(names)]
        if len(names) > 1 and "" in ports[1:] and ports[0]:
            ports = [port or ports[0] for port in ports]
        places = [(name, int(port or 5432)) for name, port in zip(names, ports, strict=True)]
        _known[url] = _Hosts(places, words.get("target_session_attrs"))
    return _known[url]
