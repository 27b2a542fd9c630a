"""Google's side of a consent: its page, and tokens for codes and for older tokens.

https://developers.google.com/identity/protocols/oauth2/web-server
"""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from kalends.domain.calendars.consent import (
    ConsentRefusal,
    ConsentRequest,
    ConsentScope,
    Tokens,
    TokenSource,
)
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.gateways import Http
from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.google.places import SCOPES, Places
from kalends.gateways.oauth import TokenEndpoint, post_form


class GoogleConsent:
    """See `ConsentProvider`. `client_id` and `client_secret` are the operator's own, of the
    application that was registered at Google."""

    scopes: Sequence[ConsentScope] = SCOPES
    has_boxes = True
    pushes_whole_accounts = False

    def __init__(self, http: Http, client_id: str, client_secret: str, places: Places) -> None:
        self._http = http
        self._places = places
        self._tokens = TokenEndpoint(
            http=http,
            provider="Google",
            url=places.tokens,
            client_id=client_id,
            client_secret=client_secret,
        )

    @property
    def host(self) -> str:
        return urlsplit(self._places.consent).netloc

    def consent_url(self, request: ConsentRequest) -> str:
        """Without `prompt=consent` a second consent gives no token that lasts."""
        query = {
            "client_id": self._tokens.client_id,
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

    def refusal_in(self, error: str, description: str) -> ConsentRefusal:
        """A Workspace whose administrator has to consent says so on its own page."""
        return ConsentRefusal.DENIED

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        return await self._tokens.exchange(code, verifier, redirect_uri)

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        return await self._tokens.refresh(tokens)

    async def revoke(self, tokens: Tokens) -> None:
        await post_form(self._http, self._places.revocation, {"token": tokens.refresh_token})

    def open_account(self, source: TokenSource, scopes: Sequence[str]) -> GoogleAccount:
        return GoogleAccount(self._http, self._places, source, scopes)
