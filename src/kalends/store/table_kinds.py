"""Where each table is when the database is distributed over several nodes by organization.

On a single PostgreSQL this has no effect; the tests check that the schema agrees with it.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from msgspec import Struct

# The column by which rows of distributed tables are placed.
TENANT_COLUMN: Final = "organization_id"


class TableKind(Enum):
    """Distributed: the rows of one organization are together on one node. Reference: every node has
    all rows. Local: only the coordinator has the rows."""

    DISTRIBUTED = auto()
    REFERENCE = auto()
    LOCAL = auto()


class ForeignKey(Struct, frozen=True):
    """A foreign key between distributed tables: organization and column refer to the other table's
    organization and id."""

    table: str
    column: str
    target: str
    cascades: bool = False

    @property
    def name(self) -> str:
        return f"{self.table}_{TENANT_COLUMN}_{self.column}_fkey"

    @property
    def definition(self) -> str:
        return (
            f"FOREIGN KEY ({TENANT_COLUMN}, {self.column})"
            f" REFERENCES {self.target}({TENANT_COLUMN}, id)"
            + (" ON DELETE CASCADE" if self.cascades else "")
        )


class WiderKey(Struct, frozen=True):
    """A unique index that replaces a key without the organization, once no server of the previous
    release is running, as that still names the key."""

    table: str
    column: str
    key: str
    index: str

    @property
    def is_primary(self) -> bool:
        return self.key == f"{self.table}_pkey"

    @property
    def lookup(self) -> str:
        """An index of only the column, for tokens that do not name their organization."""
        return f"{self.table}_by_{self.column}"


_DISTRIBUTED: Final = (
    # Tables that others refer to come first.
    "schedules",
    "event_types",
    "bookings",
    "busy_times",
    "absences",
    "absence_decisions",
    "holds",
    "schedule_feeds",
    "occupancies",
    "calendar_marks",
    "booking_links",
    "form_drafts",
    "event_counters",
    "events",
    "idempotency_keys",
    "webhook_endpoints",
    "webhook_lanes",
    "deliveries",
    "mails",
    "user_notifications",
    "reminders",
    "calcom_accounts",
    "calcom_connections",
    "calcom_plans",
    "calcom_rows",
    "calcom_runs",
    "calcom_seats",
    "calendar_connections",
    "calendars",
    "schedule_calendars",
    "calendar_events",
    "calendar_busy",
    "calendar_syncs",
    "calendar_links",
    "calendar_findings",
    "calendar_consents",
    "calendar_channels",
    "message_templates",
    "pictures",
    "video_links",
    "video_accounts",
    "video_reports",
)
# Organizations are searched by name, slug and twin, and API keys by their hash. Leasing mails
# depends on the health of the mail server.
_REFERENCE: Final = ("organizations", "users", "memberships", "api_keys", "channel_health")
_LOCAL: Final = (
    "sessions",
    "account_links",
    "unsent_forms",
    "rate_windows",
    "pgqueuer",
    "pgqueuer_log",
    "pgqueuer_schedules",
    "pgqueuer_statistics",
    "alembic_version",
)
KINDS: Final[Mapping[str, TableKind]] = {
    **dict.fromkeys(_DISTRIBUTED, TableKind.DISTRIBUTED),
    **dict.fromkeys(_REFERENCE, TableKind.REFERENCE),
    **dict.fromkeys(_LOCAL, TableKind.LOCAL),
}

FOREIGN_KEYS: Final = (
    ForeignKey("bookings", "schedule_id", "schedules"),
    ForeignKey("bookings", "event_type_id", "event_types"),
    ForeignKey("busy_times", "schedule_id", "schedules"),
    ForeignKey("holds", "schedule_id", "schedules"),
    ForeignKey("holds", "event_type_id", "event_types"),
    ForeignKey("schedule_feeds", "schedule_id", "schedules"),
    ForeignKey("form_drafts", "event_type_id", "event_types"),
    ForeignKey("calendars", "connection_id", "calendar_connections", cascades=True),
    ForeignKey("schedule_calendars", "schedule_id", "schedules"),
    ForeignKey("schedule_calendars", "calendar_id", "calendars", cascades=True),
    ForeignKey("calendar_events", "calendar_id", "calendars", cascades=True),
    ForeignKey("calendar_busy", "calendar_id", "calendars", cascades=True),
    ForeignKey("calendar_syncs", "connection_id", "calendar_connections", cascades=True),
    ForeignKey("calendar_links", "calendar_id", "calendars", cascades=True),
    ForeignKey("calendar_channels", "calendar_id", "calendars", cascades=True),
    ForeignKey("calendar_findings", "calendar_id", "calendars", cascades=True),
    ForeignKey("calendar_findings", "connection_id", "calendar_connections", cascades=True),
)
# The next release drops the keys of one column; distributing the database drops them at once.
WIDER_KEYS: Final = (
    WiderKey("booking_links", "token_hash", "booking_links_pkey", "booking_links_of_organization"),
    WiderKey(
        "schedule_feeds",
        "token_hash",
        "schedule_feeds_token_hash_key",
        "schedule_feeds_of_organization",
    ),
    WiderKey(
        "calcom_connections",
        "hook_hash",
        "calcom_connections_hook_hash_key",
        "calcom_connections_of_hook",
    ),
)
# Functions that triggers call, which run on the node of the row.
CALLED_BY_TRIGGERS: Final = (
    "draw_calendar_mark(uuid,uuid)",
    "uuid_of_shown_id(text)",
    "search_folded(text)",
    "search_digits(text)",
)
# Tables without a primary key, which would identify a row that changes while its shard moves.
WITHOUT_IDENTITY: Final = ("occupancies", "calendar_busy")


def tables_of(kind: TableKind) -> tuple[str, ...]:
    """The tables of that kind, with those that others refer to first."""
    return tuple(table for table, its in KINDS.items() if its is kind)
