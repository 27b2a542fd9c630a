"""Where Microsoft is, and what is asked for there."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from kalends.domain.calendars.consent import ConsentScope

LASTING_SCOPE: Final = ConsentScope(
    "offline_access", "Maintain access to data you have given it access to"
)
PROFILE_SCOPE: Final = ConsentScope("User.Read", "Sign you in and read your profile")
CALENDARS_SCOPE: Final = ConsentScope(
    "Calendars.ReadWrite", "Have full access to your calendars", is_needed=False
)
# What an administrator may have consented to in its place: then none is written.
READ_ALONE: Final = "Calendars.Read"
SCOPES: Final = (LASTING_SCOPE, PROFILE_SCOPE, CALENDARS_SCOPE)
# Before the names of scopes, where Microsoft writes them out.
RESOURCE: Final = "https://graph.microsoft.com/"


class GraphPlaces(Struct, frozen=True):
    """The addresses that are asked; those of the tests are their own."""

    consent: str
    tokens: str
    api: str


def places_of(tenant: str) -> GraphPlaces:
    """Those of the accounts that the application was registered for: a tenant's, or `common`."""
    login = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
    return GraphPlaces(f"{login}/authorize", f"{login}/token", f"{RESOURCE}v1.0")


def places_at(base_url: str, tenant: str) -> GraphPlaces:
    """The same below another address."""
    login = f"{base_url}/{tenant}/oauth2/v2.0"
    return GraphPlaces(f"{login}/authorize", f"{login}/token", f"{base_url}/v1.0")


def granted_in(scopes: Iterable[str]) -> tuple[str, ...]:
    """The names of what was granted, as we ask for it. That a token lasts is not among what an
    answer names: it has one."""
    known = {scope.name.lower(): scope.name for scope in SCOPES}
    names = [scope.removeprefix(RESOURCE) for scope in scopes]
    named = {known.get(name.lower(), name): None for name in (*names, LASTING_SCOPE.name)}
    return tuple(named)
