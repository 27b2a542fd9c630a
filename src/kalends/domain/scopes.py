"""The scopes of API keys."""

from collections.abc import Sequence
from enum import StrEnum


class Scope(StrEnum):
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    BOOKINGS_OVERRIDE = "bookings:override"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    SITES_READ = "sites:read"
    CALENDARS_READ = "calendars:read"
    CALENDARS_WRITE = "calendars:write"
    ALL_READ = "*:read"
    ALL = "*"


def allows(scopes: Sequence[str], scope: Scope) -> bool:
    """Whether the scopes of a key include `scope`; write does not imply read."""
    if Scope.ALL in scopes or scope in scopes:
        return True
    return scope.endswith(":read") and Scope.ALL_READ in scopes
