"""Google's part of a consent: its consent page, and its tokens.

https://developers.google.com/identity/protocols/oauth2/web-server
"""

from collections.abc import Sequence

from kalends.domain.calendars.consent import (
    ConsentRefusal,
    ConsentRequest,
    ConsentScope,
    Tokens,
    TokenSource,
)
from kalends.gateways.google.account import GoogleAccount
from kalends.gateways.google.places import SCOPES, Places
from kalends.gateways.oauth import CodeConsent, post_form


class GoogleConsent(CodeConsent[Places]):
    """See `ConsentProvider`."""

    provider = "Google"
    scopes: Sequence[ConsentScope] = SCOPES
    has_boxes = True
    pushes_whole_accounts = False

    def consent_url(self, request: ConsentRequest) -> str:
        """The URL of the consent page. Without `prompt=consent`, a second consent would give no
        refresh token."""
        known = {} if request.account is None else {"login_hint": request.account}
        return self.page_for(request, access_type="offline", prompt="consent", **known)

    def refusal_in(self, error: str, description: str) -> ConsentRefusal:
        """Why there is no consent. If a Workspace requires its administrator's consent, Google says
        so on its own page."""
        return ConsentRefusal.DENIED

    async def revoke(self, tokens: Tokens) -> None:
        await post_form(self._http, self._places.revocation, {"token": tokens.refresh_token})

    def open_account(self, source: TokenSource, scopes: Sequence[str]) -> GoogleAccount:
        return GoogleAccount(self._http, self._places, source, scopes)
