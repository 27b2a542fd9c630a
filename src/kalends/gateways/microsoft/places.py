"""Microsoft's URLs, and the scopes that a consent asks for."""

from collections.abc import Iterable
from typing import Final

from kalends.domain.calendars.consent import ConsentScope
from kalends.gateways.oauth import ConsentPlaces

LASTING_SCOPE: Final = ConsentScope(
    "offline_access", "Maintain access to data you have given it access to"
)
PROFILE_SCOPE: Final = ConsentScope("User.Read", "Sign you in and read your profile")
CALENDARS_SCOPE: Final = ConsentScope(
    "Calendars.ReadWrite", "Have full access to your calendars", is_needed=False
)
# What an administrator may have consented to instead; then no calendar is written into.
READ_ALONE: Final = "Calendars.Read"
SCOPES: Final = (LASTING_SCOPE, PROFILE_SCOPE, CALENDARS_SCOPE)
# The prefix of scopes' names when Microsoft writes them in full.
RESOURCE: Final = "https://graph.microsoft.com/"


class GraphPlaces(ConsentPlaces, frozen=True):
    """The URLs of Microsoft; tests have their own."""

    api: str


def places_of(tenant: str) -> GraphPlaces:
    """The URLs for the accounts that the application is registered for: a tenant's or `common`."""
    login = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
    return GraphPlaces(f"{login}/authorize", f"{login}/token", f"{RESOURCE}v1.0")


def places_at(base_url: str, tenant: str) -> GraphPlaces:
    """The same paths below another base URL."""
    login = f"{base_url}/{tenant}/oauth2/v2.0"
    return GraphPlaces(f"{login}/authorize", f"{login}/token", f"{base_url}/v1.0")


def granted_in(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes that were granted, by the names that we use. `offline_access` counts as granted:
    an answer does not list it, but has a refresh token."""
    known = {scope.name.lower(): scope.name for scope in SCOPES}
    names = [scope.removeprefix(RESOURCE) for scope in scopes]
    named = {known.get(name.lower(), name): None for name in (*names, LASTING_SCOPE.name)}
    return tuple(named)
