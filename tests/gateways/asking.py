"""How the tests ask the guarded client."""

from typing import Any

from kalends.domain.gateways import OutboundRequest, Unreachable
from kalends.gateways.addresses import read_opened
from kalends.gateways.guard import Resolve
from kalends.gateways.http import GuardedHttp

LOOPBACK = read_opened(["127.0.0.1", "::1"])


def pointing_to(*answers: list[str]) -> Resolve:
    """A resolver that gives these answers one after the other, the last for ever."""
    left = list(answers)

    async def resolve(host: str) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def post(
    url: str, *, body: bytes = b"{}", timeout_seconds: float = 5.0, **options: Any
) -> OutboundRequest:
    return OutboundRequest(
        method="POST", url=url, body=body, timeout_seconds=timeout_seconds, **options
    )


def get(url: str, **options: Any) -> OutboundRequest:
    return OutboundRequest(method="GET", url=url, **{"timeout_seconds": 5.0} | options)


async def reason_for(http: GuardedHttp, request: OutboundRequest) -> str:
    came = await http.send(request)
    assert isinstance(came, Unreachable), came
    return came.reason
