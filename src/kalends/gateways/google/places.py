"""Google's URLs, and the scopes that a consent asks for."""

from typing import Final

from kalends.domain.calendars.consent import ConsentScope
from kalends.gateways.oauth import ConsentPlaces

_SCOPE: Final = "https://www.googleapis.com/auth/calendar."
LIST_SCOPE: Final = ConsentScope(
    f"{_SCOPE}calendarlist.readonly", "See the list of Google calendars you’re subscribed to"
)
BUSY_SCOPE: Final = ConsentScope(
    f"{_SCOPE}events.freebusy", "See the availability on Google calendars you have access to"
)
# Without this scope, calendars can be read but not written.
OWNED_SCOPE: Final = ConsentScope(
    f"{_SCOPE}events.owned",
    "See, create, change, and delete events on Google calendars you own",
    is_needed=False,
)
SCOPES: Final = (LIST_SCOPE, BUSY_SCOPE, OWNED_SCOPE)


class Places(ConsentPlaces, frozen=True):
    """The URLs of Google; tests have their own."""

    consent: str = "https://accounts.google.com/o/oauth2/v2/auth"
    tokens: str = "https://oauth2.googleapis.com/token"
    revocation: str = "https://oauth2.googleapis.com/revoke"
    api: str = "https://www.googleapis.com/calendar/v3"


def places_at(base_url: str) -> Places:
    """The same paths below another base URL."""
    return Places(
        consent=f"{base_url}/o/oauth2/v2/auth",
        tokens=f"{base_url}/token",
        revocation=f"{base_url}/revoke",
        api=f"{base_url}/calendar/v3",
    )
