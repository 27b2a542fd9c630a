"""Authentication of requests: Basic at once (RFC 7617), and Digest if a server insists (RFC 7616).

Basic is tried first because it needs only one request. It is sent over https, except to hosts that
the operator has opened.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Final

from msgspec import Struct

HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha-256": lambda data: hashlib.sha256(data).hexdigest(),
}
BEST_FIRST: Final = ("sha-256", "sha-256-sess", "md5", "md5-sess")

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_SCHEME: Final = re.compile(rf"(?:^|,)\s*({_TOKEN})(?=\s+{_TOKEN}\s*=|\s*(?:,|$))")
_PARAMETER: Final = re.compile(rf"({_TOKEN})\s*=\s*({_QUOTED}|{_TOKEN})")
LONGEST_CHALLENGES: Final = 8190


class Challenge(Struct, frozen=True):
    """The challenge of a server that wants Digest."""

    realm: str
    nonce: str
    opaque: str | None
    algorithm: str
    has_qop: bool


class DavCredentials:
    """User name and password, and the server's latest challenge."""

    def __init__(
        self, username: str, password: str, make_nonce: Callable[[], str] = secrets.token_hex
    ) -> None:
        self._username = username
        self._password = password
        self._make_nonce = make_nonce
        self._challenge: Challenge | None = None
        self._uses = 0

    def header_for(self, method: str, target: str) -> str | None:
        """The Authorization header for `target` (path and query); None if there is no user."""
        if not self._username and not self._password:
            return None
        if self._challenge is not None:
            return self._digest(self._challenge, method, target)
        pair = f"{self._username}:{self._password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def learn(self, challenges: str) -> bool:
        """Reads the `WWW-Authenticate` of a 401; returns whether to send the request again. That
        is so once: if Basic was refused and only Digest is offered, or if a nonce has expired."""
        offered = read_challenges(challenges)
        before, best = self._challenge, _best_of(offered)
        if best is None or any(scheme == "basic" for scheme, _ in offered):
            return False
        if before is not None and not _is_stale(offered):
            return False
        self._challenge, self._uses = best, 0
        return before is None or before.nonce != best.nonce

    def _digest(self, challenge: Challenge, method: str, target: str) -> str:
        self._uses += 1
        count, client_nonce = f"{self._uses:08x}", self._make_nonce()
        name = challenge.algorithm.removesuffix("-sess")

        def hashed(*parts: str) -> str:
            return HASHES[name](":".join(parts).encode())

        secret = hashed(self._username, challenge.realm, self._password)
        if challenge.algorithm.endswith("-sess"):
            secret = hashed(secret, challenge.nonce, client_nonce)
        between = (count, client_nonce, "auth") if challenge.has_qop else ()
        answer = hashed(secret, challenge.nonce, *between, hashed(method, target))
        quoted = {
            "username": self._username,
            "realm": challenge.realm,
            "nonce": challenge.nonce,
            "uri": target,
            "response": answer,
        }
        if challenge.opaque is not None:
            quoted["opaque"] = challenge.opaque
        words = [f"{key}={_quote(value)}" for key, value in quoted.items()]
        words.append(f"algorithm={challenge.algorithm.upper().replace('-SESS', '-sess')}")
        if challenge.has_qop:
            words += ["qop=auth", f"nc={count}", f'cnonce="{client_nonce}"']
        return f"Digest {', '.join(words)}"


def read_challenges(text: str) -> list[tuple[str, dict[str, str]]]:
    """The schemes of `WWW-Authenticate`, in lower case, with their parameters."""
    text = text[:LONGEST_CHALLENGES]
    blank = re.sub(_QUOTED, lambda quoted: "_" * len(quoted[0]), text)  # a realm may have commas
    begins = [(match.start(1), match.end(1)) for match in _SCHEME.finditer(blank)]
    ends = [*(start for start, _ in begins), len(text)][1:]
    return [
        (text[start:stop].lower(), _parameters_in(text[stop:end]))
        for (start, stop), end in zip(begins, ends, strict=True)
    ]


def _parameters_in(text: str) -> dict[str, str]:
    return {key.lower(): _unquote(value) for key, value in _PARAMETER.findall(text)}


def _best_of(offered: list[tuple[str, dict[str, str]]]) -> Challenge | None:
    readable = [
        challenge
        for scheme, parameters in offered
        if scheme == "digest" and (challenge := _read_digest(parameters))
    ]
    return min(readable, key=lambda one: BEST_FIRST.index(one.algorithm), default=None)


def _read_digest(parameters: dict[str, str]) -> Challenge | None:
    """The challenge; None if we cannot answer it, as its algorithm is unknown or its only `qop` is
    auth-int, which protects the body too."""
    algorithm = parameters.get("algorithm", "MD5").lower()
    qops = {word.strip().lower() for word in parameters.get("qop", "").split(",")} - {""}
    if algorithm not in BEST_FIRST or "nonce" not in parameters or (qops and "auth" not in qops):
        return None
    return Challenge(
        realm=parameters.get("realm", ""),
        nonce=parameters["nonce"],
        opaque=parameters.get("opaque"),
        algorithm=algorithm,
        has_qop=bool(qops),
    )


def _is_stale(offered: list[tuple[str, dict[str, str]]]) -> bool:
    return any(parameters.get("stale", "").lower() == "true" for _, parameters in offered)


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
