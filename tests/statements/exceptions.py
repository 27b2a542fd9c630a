"""What of Kalends asks more than one organization, each with the reason.

No reason excuses a `ctid` without its organization, or one of a reference table.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_TIMETABLE: Final = (
    "The timetable looks for what is due, without a lock; what follows is one organization's."
)
_OPERATOR: Final = "An operator looks at the whole installation, by a command."
_OLD_TOKEN: Final = "A token of the release before does not say whose it is."
_NAMED: Final = "A few organizations that are named: only their nodes are asked."

EXCEPTIONS: Final[Mapping[str, str]] = {
    "store.housekeeping.find_old": _TIMETABLE,
    "store.bookings.endings.list_to_complete": _TIMETABLE,
    "store.bookings.endings.list_to_expire": _TIMETABLE,
    "store.bookings.reminders.list_due": _TIMETABLE,
    "store.accounts.notifications.list_due_agendas": _TIMETABLE,
    "store.imports.connections.list_due_connections": _TIMETABLE,
    "store.imports.runs.list_missed_runs": _TIMETABLE,
    "store.calendars.readings.list_due_calendars": _TIMETABLE,
    "store.calendars.connections.list_removed_connections": _TIMETABLE,
    "store.calendars.links.list_unwritten_schedules": _TIMETABLE,
    "store.calendars.findings.list_owners_of_open": _TIMETABLE,
    "store.bookings.bookings.list_booked_wall_clocks": _TIMETABLE,
    "store.outbox.lanes.find_owners_of_due": _TIMETABLE,
    "store.availability.claim_mismatches._next": _OPERATOR,
    "store.outbox.overview.count_waiting": _OPERATOR,
    "store.outbox.overview.find_given_up": _OPERATOR,
    "store.outbox.overview.count_failing_endpoints": _OPERATOR,
    "store.outbox.overview.list_failing_endpoints": _OPERATOR,
    "store.outbox.overview.list_given_up": _OPERATOR,
    "store.sealed_values.list_sealed_values": _OPERATOR,
    "store.imports.runs.find_run_among": _NAMED,
    "store.outbox.events.read_counters": _NAMED,
    "store.bookings.feeds._find_old_feed": _OLD_TOKEN,
    "store.bookings.links._find_old_link": _OLD_TOKEN,
    "store.imports.connections._find_by_old_hook": _OLD_TOKEN,
}
# Patterns of callers. A migration changes all rows; it runs before a database is spread.
WHOLE_MODULES: Final[Mapping[str, str]] = {
    r"store\.migrat": "A migration is for all rows.",
}
# Functions of the database.
IN_THE_DATABASE: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "place_mails_of_job(bytea,timestamp with time zone)",
        "follow_mail_job()",
    ),
    "They follow servers of the release before, which none runs on a database that is spread.",
)


def reason_of(callers: Iterable[str]) -> str | None:
    """Why one of the functions may do so; None where none may."""
    for caller in callers:
        if caller in EXCEPTIONS:
            return EXCEPTIONS[caller]
        for pattern, reason in WHOLE_MODULES.items():
            if re.match(pattern, caller):
                return reason
    return None
