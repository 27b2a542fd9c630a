"""Google's side of a consent: its page, and tokens for codes and for older tokens.

https://developers.google.com/identity/protocols/oauth2/web-server
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from kalends.domain.calendars.consent import ConsentRequest, ConsentScope, Tokens, TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentEnded,
    NotAllowed,
    NotUnderstood,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.formats.lenient_json import dict_in, whole_in
from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.google.places import SCOPES, Places
from kalends.gateways.redirects import failure_in, failure_of

TIMEOUT_SECONDS: Final = 10.0
SHORTEST_LIFE_SECONDS: Final = 60
FORM: Final = "application/x-www-form-urlencoded"


class GoogleConsent:
    """See `ConsentProvider`. `client_id` and `client_secret` are the operator's own, of the
    application that was registered at Google."""

    scopes: Sequence[ConsentScope] = SCOPES

    def __init__(self, http: Http, client_id: str, client_secret: str, places: Places) -> None:
        self._http = http
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._places = places

    @property
    def host(self) -> str:
        return urlsplit(self._places.consent).netloc

    def consent_url(self, request: ConsentRequest) -> str:
        """Without `prompt=consent` a second consent gives no token that lasts."""
        query = {
            "client_id": self._client["client_id"],
            "redirect_uri": request.redirect_uri,
            "response_type": "code",
            "scope": " ".join(scope.name for scope in SCOPES),
            "access_type": "offline",
            "prompt": "consent",
            "state": request.state,
            "code_challenge": request.challenge,
            "code_challenge_method": "S256",
        }
        if request.account is not None:
            query["login_hint"] = request.account
        return f"{self._places.consent}?{urlencode(query)}"

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        answer = await self._ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
            }
        )
        return _tokens_in(answer, None) if isinstance(answer, dict) else answer

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        answer = await self._ask(
            {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        )
        return _tokens_in(answer, tokens) if isinstance(answer, dict) else answer

    async def revoke(self, tokens: Tokens) -> None:
        await self._post(self._places.revocation, {"token": tokens.refresh_token})

    def open_account(self, source: TokenSource, scopes: Sequence[str]) -> GoogleAccount:
        return GoogleAccount(self._http, self._places, source, scopes)

    async def _ask(self, form: Mapping[str, str]) -> dict[str, Any] | CalendarFailure:
        """What the address of the tokens answers."""
        came = await self._post(self._places.tokens, {**self._client, **form})
        if isinstance(came, Unreachable):
            return await failure_of(self._http, self._places.tokens, came)
        try:
            answer = dict_in(msgspec.json.decode(came.body))
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = {}
        if came.status in (400, 401):
            return _refusal(answer.get("error"))
        return failure_in(came) or answer

    async def _post(self, url: str, form: Mapping[str, str]) -> OutboundResponse | Unreachable:
        request = OutboundRequest(
            method="POST",
            url=url,
            headers={"Content-Type": FORM, "Accept": "application/json"},
            body=urlencode(form).encode(),
            timeout_seconds=TIMEOUT_SECONDS,
        )
        return await self._http.send(request)


def _refusal(error: Any) -> CalendarFailure:
    """What RFC 6749 5.2 names. A wrong client is the operator's to mend: consents go on."""
    if error == "invalid_grant":
        return ConsentEnded()
    if error in ("invalid_client", "unauthorized_client"):
        return NotAllowed("Google does not know our client, or not by this secret")
    return NotUnderstood("Google gives no tokens")


def _tokens_in(answer: Mapping[str, Any], before: Tokens | None) -> Tokens | CalendarFailure:
    """The tokens of an answer; what it does not say stays as it was before."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(refresh, str) and before is not None:
        refresh = before.refresh_token
    if not isinstance(access, str) or not isinstance(refresh, str):
        return NotUnderstood("Google gives no token that lasts")
    seconds = max(whole_in(answer.get("expires_in")) or 0, SHORTEST_LIFE_SECONDS)
    scope = answer.get("scope")
    scopes = tuple(scope.split()) if isinstance(scope, str) else before.scopes if before else ()
    return Tokens(
        access_token=access,
        access_until=datetime.fromtimestamp(int(time()), UTC) + timedelta(seconds=seconds),
        refresh_token=refresh,
        scopes=scopes,
    )
