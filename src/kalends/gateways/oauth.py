"""OAuth for providers that need a consent: consent page, and tokens in exchange for a code or for
older tokens (RFC 6749 4.1.3 and 6)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from kalends.domain.calendars.consent import ConsentRequest, ConsentScope, Tokens
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentEnded,
    NotAllowed,
    NotUnderstood,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.formats.lenient_json import dict_in, life_in
from kalends.gateways.redirects import failure_in, failure_of

TIMEOUT_SECONDS: Final = 10.0
SHORTEST_LIFE_SECONDS: Final = 60
FORM: Final = "application/x-www-form-urlencoded"


class TokenEndpoint(Struct, frozen=True, kw_only=True):
    """The token endpoint of a provider."""

    http: Http
    provider: str
    url: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "TokenEndpoint(…)"

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        """The tokens for the code that the provider's consent page has given."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
        answer = await self._ask(form)
        return self._tokens_in(answer, None) if isinstance(answer, dict) else answer

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        """New tokens for older ones; `ConsentEnded` if the provider refuses."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        answer = await self._ask(form)
        return self._tokens_in(answer, tokens) if isinstance(answer, dict) else answer

    async def _ask(self, form: Mapping[str, str]) -> dict[str, Any] | CalendarFailure:
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        response = await post_form(self.http, self.url, {**client, **form})
        if isinstance(response, Unreachable):
            return await failure_of(self.http, self.url, response)
        try:
            answer = dict_in(msgspec.json.decode(response.body))
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = {}
        if response.status in (400, 401):
            return self._refusal(answer.get("error"))
        return failure_in(response) or answer

    def _refusal(self, error: Any) -> CalendarFailure:
        """The failure that an error of RFC 6749 5.2 means. If the client is wrong, only the
        operator can repair that, so it does not end the consents."""
        if error == "invalid_grant":
            return ConsentEnded()
        if error in ("invalid_client", "unauthorized_client"):
            return NotAllowed(f"{self.provider} does not know our client, or not by this secret")
        return NotUnderstood(f"{self.provider} gives no tokens")

    def _tokens_in(
        self, answer: Mapping[str, Any], before: Tokens | None
    ) -> Tokens | CalendarFailure:
        """The tokens in an answer; what it does not contain is taken from the tokens before."""
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(refresh, str) and before is not None:
            refresh = before.refresh_token
        if not isinstance(access, str) or not isinstance(refresh, str):
            return NotUnderstood(f"{self.provider} gives no token that lasts")
        seconds = max(life_in(answer.get("expires_in")) or 0, SHORTEST_LIFE_SECONDS)
        scope, known = answer.get("scope"), () if before is None else before.scopes
        return Tokens(
            access_token=access,
            access_until=datetime.fromtimestamp(int(time()), UTC) + timedelta(seconds=seconds),
            refresh_token=refresh,
            scopes=tuple(scope.split()) if isinstance(scope, str) else known,
        )


class ConsentPlaces(Struct, frozen=True):
    """The URLs of a provider's consent page and of its token endpoint."""

    consent: str
    tokens: str


P = TypeVar("P", bound=ConsentPlaces)


class CodeConsent(Generic[P]):
    """The part of `ConsentProvider` that providers share whose consent page gives a code (RFC 6749
    4.1) which only works for whoever began the consent (PKCE, RFC 7636). `client_id` and
    `client_secret` are those of the application that the operator has registered there."""

    provider: ClassVar[str]
    scopes: Sequence[ConsentScope]

    def __init__(self, http: Http, client_id: str, client_secret: str, places: P) -> None:
        self._http = http
        self._places = places
        self._tokens = TokenEndpoint(
            http=http,
            provider=self.provider,
            url=places.tokens,
            client_id=client_id,
            client_secret=client_secret,
        )

    @property
    def host(self) -> str:
        return urlsplit(self._places.consent).netloc

    def page_for(self, request: ConsentRequest, **more: str) -> str:
        """The URL of the consent page; `more` are parameters that only this provider has."""
        query = {
            "client_id": self._tokens.client_id,
            "redirect_uri": request.redirect_uri,
            "response_type": "code",
            "scope": " ".join(scope.name for scope in self.scopes),
            "state": request.state,
            "code_challenge": request.challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self._places.consent}?{urlencode(query)}"

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        return await self._tokens.exchange(code, verifier, redirect_uri)

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        return await self._tokens.refresh(tokens)


async def post_form(
    http: Http, url: str, form: Mapping[str, str]
) -> OutboundResponse | Unreachable:
    request = OutboundRequest(
        method="POST",
        url=url,
        headers={"Content-Type": FORM, "Accept": "application/json"},
        body=urlencode(form).encode(),
        timeout_seconds=TIMEOUT_SECONDS,
    )
    return await http.send(request)
