"""Signed-in users: the session cookie, and the check that changes by cookie come from our pages."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

from kalends.domain.access import Mode
from kalends.domain.errors import Forbidden, Unauthorized
from kalends.domain.ids import USER, encode_id
from kalends.runtime.unit_of_work import Caller, Context
from kalends.services.users.sign_in_sessions import SESSION_FOR, find_signed_in_user

SESSION_COOKIE: Final = "kalends_session"
NO_ORGANIZATION: Final = UUID(int=0)
ANONYMOUS: Final = Caller(
    organization_id=NO_ORGANIZATION, mode=Mode.LIVE, actor="anonymous", scopes=[]
)
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
PORTS: Final = {"http": 80, "https": 443}
# The size of network that an internet provider gives to one customer.
IPV6_PREFIX_BITS: Final = 64


@dataclass(frozen=True)
class SignInSessions:
    """Admits signed-in users. `public_url` is our own origin; if None, the request's Host is.

    `sign_in_limit` is how many attempts may fail in a minute; 0 means no limit.
    """

    context: Context
    public_url: str | None
    sign_in_limit: int = 0

    def admit_anyone(self, scope: Scope, headers: Headers) -> Caller:
        """The caller of an open route. Raises Forbidden for a change from a foreign origin."""
        self._check_origin(scope, headers)
        return ANONYMOUS

    async def admit_user(self, scope: Scope, headers: Headers) -> Caller:
        """The signed-in caller. Raises Unauthorized without a session, Forbidden for a change
        from a foreign origin."""
        token = token_in(headers)
        user = await find_signed_in_user(self.context, token) if token else None
        if user is None:
            raise Unauthorized("This call needs a signed-in user: POST /api/auth/login first.")
        actor = encode_id(USER, user.id)
        scope["state"]["actor"] = actor
        self._check_origin(scope, headers)
        return Caller(
            organization_id=NO_ORGANIZATION,
            mode=Mode.LIVE,
            actor=actor,
            actor_name=user.email,
            scopes=[],
            user_id=user.id,
        )

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        """Raises Forbidden if a browser says that a change comes from another site."""
        if scope["method"] in SAFE_METHODS:
            return
        origin = headers.get("origin")
        is_foreign = origin is not None and not self._is_own(origin, headers.get("host", ""))
        if is_foreign or headers.get("sec-fetch-site") == "cross-site":
            raise Forbidden("A change made with a session has to come from our own pages.")

    def origin(self, scope: Scope, headers: Headers) -> str:
        """Our origin as clients see it, for links: `https://book.example.com`."""
        own_origin = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        return (self.public_url or own_origin).rstrip("/")

    def cookie(self, token: str, scope: Scope) -> dict[str, str]:
        """The header that gives a browser its session."""
        return self._set_cookie(token, int(SESSION_FOR.total_seconds()), scope)

    def no_cookie(self, scope: Scope) -> dict[str, str]:
        """The header that deletes the session from the browser."""
        return self._set_cookie("", 0, scope)

    def _set_cookie(self, value: str, seconds: int, scope: Scope) -> dict[str, str]:
        parts = [
            f"{SESSION_COOKIE}={value}",
            "Path=/",
            f"Max-Age={seconds}",
            "HttpOnly",
            "SameSite=Lax",
        ]
        if scope["scheme"] == "https" or (self.public_url or "").lower().startswith("https:"):
            parts.append("Secure")
        return {"set-cookie": "; ".join(parts)}

    def _is_own(self, origin: str, host: str) -> bool:
        """Compares scheme, name and port with `public_url` or, without one, with the Host."""
        parsed = _origin(origin)
        if parsed is None:
            return False
        if self.public_url:
            return parsed == _origin(self.public_url)
        return parsed == _origin(f"{parsed[0]}://{host}")


def token_in(headers: Headers) -> str | None:
    """The token of the session among the request's cookies."""
    for line in headers.getlist("cookie"):
        for pair in line.split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == SESSION_COOKIE and value.strip():
                return value.strip().strip('"')
    return None


def address_of(scope: Scope) -> str:
    """What rate limits count a client by: its IPv4 address, or the /64 of its IPv6 address."""
    client = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address.packed, IPV6_PREFIX_BITS), strict=False))


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, name and port of a URL (RFC 6454 4); None for `null` and what is not a URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
