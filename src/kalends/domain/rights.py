"""Who may do what as a signed-in user, by role. One table: console, pages and session calls ask it.

API keys have scopes instead (`access.allows`). An own thing is on a schedule that is the user's, or
is the user's itself. What a role does not reach is refused: to `staff` it is not there.
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
    # The time is free, and the rules say no.
    OVERRIDE_RULES = auto()
    SEE_SCHEDULES = auto()
    # Weekly hours, and other hours on a day.
    CHANGE_HOURS = auto()
    CHANGE_BUSY_TIMES = auto()
    CHANGE_ABSENCES = auto()
    # Accounts with calendars, and which of them a schedule reads and writes.
    CHANGE_CALENDARS = auto()
    # What was seen in a calendar that somebody has to decide about.
    SETTLE_FINDINGS = auto()
    # The secret address of a schedule's calendar.
    CHANGE_FEEDS = auto()
    SEE_EVENT_TYPES = auto()
    # All else: schedules and event types themselves, users, keys, webhooks, the organization.
    CHANGE_SETTINGS = auto()


class Reach(Enum):
    """Whose things a role may do it with."""

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
    """Whose things the role may do that with, in an organization that lets its staff edit their
    hours or does not."""
    if right is Right.CHANGE_HOURS and role is Role.STAFF and not staff_may_edit_hours:
        return Reach.NOTHING
    return RIGHTS[right][role]


def refusal_for(role: Role) -> KalendsError:
    """What somebody meets who may not do a thing at all."""
    if role is Role.STAFF:
        return NotFound("There is no such path.")
    return NeedsAdmin("Only owners and admins of the organization can do this.")


def scopes_of(role: Role) -> list[str]:
    """What the role may do in the words of the API's scopes, for use cases that ask for one."""
    if RIGHTS[Right.OVERRIDE_RULES][role] is Reach.ALL:
        return [Scope.ALL.value]
    return [Scope.BOOKINGS_WRITE.value, Scope.ALL_READ.value]
