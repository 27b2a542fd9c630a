"""The rights of signed-in users by role, in one table for the console, pages and session calls.

API keys have scopes instead (`scopes.allows`). A user's own things are those on the user's
schedules, and those that belong to the user. A role gets Forbidden for anything beyond its reach,
but `staff` gets NotFound.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from kalends.domain.access import Role
from kalends.domain.errors import KalendsError, NeedsAdmin, NotFound
from kalends.domain.scopes import Scope


class Right(Enum):
    """What a page, a form or a session call needs."""

    OWN_ACCOUNT = auto()
    SEE_BOOKINGS = auto()
    CHANGE_BOOKINGS = auto()
    # To book a time that is free and that a rule refuses.
    OVERRIDE_RULES = auto()
    SEE_SCHEDULES = auto()
    # Weekly hours and overrides.
    CHANGE_HOURS = auto()
    CHANGE_BUSY_TIMES = auto()
    CHANGE_ABSENCES = auto()
    # Calendar accounts, and which of their calendars a schedule reads and writes.
    CHANGE_CALENDARS = auto()
    # To decide about what was seen in a calendar elsewhere.
    SETTLE_FINDINGS = auto()
    # The secret address of a schedule's calendar.
    CHANGE_FEEDS = auto()
    SEE_EVENT_TYPES = auto()
    # Everything else: schedules and event types themselves, users, keys, webhooks, organization.
    CHANGE_SETTINGS = auto()


class Reach(Enum):
    """To whose things a right extends for a role."""

    NOTHING = auto()
    OWN = auto()
    ALL = auto()


_NOTHING, _OWN, _ALL = Reach.NOTHING, Reach.OWN, Reach.ALL
_ROLES: Final = (Role.OWNER, Role.ADMIN, Role.MEMBER, Role.STAFF)
_ROWS: Final[Mapping[Right, tuple[Reach, Reach, Reach, Reach]]] = {
    #                         owner    admin    member     staff
    Right.OWN_ACCOUNT:       (_OWN,    _OWN,    _OWN,      _OWN),
    Right.SEE_BOOKINGS:      (_ALL,    _ALL,    _ALL,      _OWN),
    Right.CHANGE_BOOKINGS:   (_ALL,    _ALL,    _ALL,      _OWN),
    Right.OVERRIDE_RULES:    (_ALL,    _ALL,    _NOTHING,  _NOTHING),
    Right.SEE_SCHEDULES:     (_ALL,    _ALL,    _ALL,      _OWN),
    Right.CHANGE_HOURS:      (_ALL,    _ALL,    _NOTHING,  _OWN),
    Right.CHANGE_BUSY_TIMES: (_ALL,    _ALL,    _NOTHING,  _OWN),
    Right.CHANGE_ABSENCES:   (_ALL,    _ALL,    _ALL,      _OWN),
    Right.CHANGE_CALENDARS:  (_ALL,    _ALL,    _NOTHING,  _OWN),
    Right.SETTLE_FINDINGS:   (_ALL,    _ALL,    _ALL,      _OWN),
    Right.CHANGE_FEEDS:      (_ALL,    _ALL,    _NOTHING,  _OWN),
    Right.SEE_EVENT_TYPES:   (_ALL,    _ALL,    _ALL,      _NOTHING),
    Right.CHANGE_SETTINGS:   (_ALL,    _ALL,    _NOTHING,  _NOTHING),
}  # fmt: skip
RIGHTS: Final[Mapping[Right, Mapping[Role, Reach]]] = {
    right: dict(zip(_ROLES, row, strict=True)) for right, row in _ROWS.items()
}


def reach_of(role: Role, right: Right, *, staff_may_edit_hours: bool = True) -> Reach:
    """The reach of the role for that right, in an organization that lets its staff edit their hours
    or does not."""
    if right is Right.CHANGE_HOURS and role is Role.STAFF and not staff_may_edit_hours:
        return Reach.NOTHING
    return RIGHTS[right][role]


def refusal_for(role: Role) -> KalendsError:
    """The error for a user whose role may not do a thing at all."""
    if role is Role.STAFF:
        return NotFound("There is no such path.")
    return NeedsAdmin("Only owners and admins of the organization can do this.")


def scopes_of(role: Role) -> list[str]:
    """The API scopes that correspond to the role, for use cases that check a scope."""
    if RIGHTS[Right.OVERRIDE_RULES][role] is Reach.ALL:
        return [Scope.ALL.value]
    return [Scope.BOOKINGS_WRITE.value, Scope.ALL_READ.value]
