"""Microsoft's part of a consent: its consent page, and its tokens.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from kalends.domain.calendars.consent import (
    ConsentRefusal,
    ConsentRequest,
    ConsentScope,
    Tokens,
    TokenSource,
)
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.gateways import Http
from kalends.gateways.microsoft.account import MicrosoftAccount
from kalends.gateways.microsoft.places import SCOPES, GraphPlaces, granted_in
from kalends.gateways.microsoft.session import InTurn
from kalends.gateways.microsoft.turns import RequestTurns
from kalends.gateways.oauth import CodeConsent

# Errors that say that only administrators of the account's organization may consent.
ADMIN_CODES: Final = ("AADSTS90094", "AADSTS90093", "AADSTS65001", "AADSTS900941")
ADMIN_ERRORS: Final = frozenset({"consent_required", "interaction_required"})


class MicrosoftConsent(CodeConsent[GraphPlaces]):
    """See `ConsentProvider`."""

    provider = "Microsoft"
    scopes: Sequence[ConsentScope] = SCOPES
    has_boxes = False
    pushes_whole_accounts = True

    def __init__(self, http: Http, client_id: str, client_secret: str, places: GraphPlaces) -> None:
        super().__init__(http, client_id, client_secret, places)
        self._in_turn = InTurn(http, RequestTurns())

    def consent_url(self, request: ConsentRequest) -> str:
        """The URL of the consent page, on which a person with several accounts chooses one, unless
        it is known which account is meant."""
        known = request.account
        chosen = {"prompt": "select_account"} if known is None else {"login_hint": known}
        return self.page_for(request, response_mode="query", **chosen)

    def refusal_in(self, error: str, description: str) -> ConsentRefusal:
        needs_admin = error in ADMIN_ERRORS or any(code in description for code in ADMIN_CODES)
        return ConsentRefusal.NEEDS_ADMIN if needs_admin else ConsentRefusal.DENIED

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        return _granted(await super().exchange(code, verifier, redirect_uri))

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        """New tokens; Microsoft gives a different refresh token each time."""
        return _granted(await super().refresh(tokens))

    async def revoke(self, tokens: Tokens) -> None:
        """Does nothing, as Microsoft has no such call: the owner revokes the consent there, or the
        tokens expire unused."""

    def open_account(self, source: TokenSource, scopes: Sequence[str]) -> MicrosoftAccount:
        return MicrosoftAccount(self._in_turn, self._places, source, scopes)


def _granted(answer: Tokens | CalendarFailure) -> Tokens | CalendarFailure:
    if not isinstance(answer, Tokens):
        return answer
    return structs.replace(answer, scopes=granted_in(answer.scopes))
