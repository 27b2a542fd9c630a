"""What users are mailed, as rows. A user without a row is mailed everything, but no agenda."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.notifications import NotifiedUser, UserNotifications
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import find_one, parameters

FIELDS: Final = UserNotifications.__struct_fields__
_CHOICES: Final = ("requested", "confirmed", "rescheduled", "cancelled", "reassigned")
_AGENDA: Final = ("agenda_at", "agenda_due_at", "agenda_sent_on")
_NOTIFIED: Final = ", ".join(
    ["u.id", *(f"coalesce(n.{one}, true)" for one in _CHOICES), *(f"n.{one}" for one in _AGENDA)]
)
# The user's zone: the chosen one, else that of the user's first schedule, else the organization's.
_ZONE: Final = """coalesce(u.timezone, (
    SELECT s.timezone FROM schedules s
    WHERE s.organization_id = $1 AND s.user_id = u.id AND s.deleted_at IS NULL
    ORDER BY s.id LIMIT 1), o.timezone)"""
_MEMBERS: Final = f"""
SELECT u.email, u.locale, {_ZONE}, {_NOTIFIED}
FROM memberships m JOIN users u ON u.id = m.user_id JOIN organizations o ON o.id = $1
LEFT JOIN user_notifications n ON n.organization_id = $1 AND n.user_id = u.id
WHERE m.organization_id = $1
"""
GET: Final = f"{_MEMBERS} AND u.id = $2"
# Leaves out users whose address is the organization's, so that such an address gets each mail once.
HOSTS: Final = f"""{_MEMBERS} AND u.id = ANY($2::uuid[])
AND lower(u.email) IS DISTINCT FROM lower(o.notify_email)
AND lower(u.email) <> ALL(SELECT lower(a) FROM unnest(o.more_notify_emails) a)
ORDER BY u.id
"""
LOCK: Final = """
INSERT INTO user_notifications (organization_id, user_id) VALUES ($1, $2)
ON CONFLICT (organization_id, user_id) DO UPDATE SET user_id = excluded.user_id
"""
UPDATE: Final = f"""
UPDATE user_notifications SET ({", ".join(FIELDS[1:])}) = ({parameters(3, len(FIELDS) - 1)})
WHERE organization_id = $1 AND user_id = $2
"""
DELETE: Final = "DELETE FROM user_notifications WHERE organization_id = $1 AND user_id = $2"
# Over all organizations, for the timetable.
DUE: Final = """
SELECT n.organization_id, o.mode, n.user_id
FROM user_notifications n JOIN organizations o ON o.id = n.organization_id
WHERE n.agenda_due_at <= $1 AND n.organization_id <> ALL($3::uuid[])
ORDER BY n.agenda_due_at LIMIT $2
"""
TAKE: Final = """
SELECT 1 FROM user_notifications
WHERE organization_id = $1 AND user_id = $2 AND agenda_due_at <= $3
FOR NO KEY UPDATE SKIP LOCKED
"""
LOOK_AGAIN: Final = """
UPDATE user_notifications SET agenda_due_at = $2
WHERE organization_id = $1 AND agenda_at IS NOT NULL AND ($3::uuid IS NULL OR user_id = $3)
"""


class DueUser(Struct, frozen=True):
    """A user whose agenda is due."""

    organization_id: UUID
    mode: str
    user_id: UUID


async def find_notified_user(tenant: TenantConnection, user_id: UUID) -> NotifiedUser | None:
    """The user with what is mailed; None if the user is no member."""
    return await find_one(tenant, GET, _notified_user, user_id)


async def list_hosts_to_mail(
    tenant: TenantConnection, user_ids: Sequence[UUID]
) -> list[NotifiedUser]:
    """Those of the users that are members, except those whose address is the organization's."""
    rows = await tenant.tx.fetch(HOSTS, tenant.organization_id, user_ids)
    return [_notified_user(row) for row in rows]


async def lock_notifications(tenant: TenantConnection, user_id: UUID) -> None:
    """Locks what the user is mailed against other changes until the transaction ends."""
    await tenant.tx.execute(LOCK, tenant.organization_id, user_id)


async def update_notifications(tenant: TenantConnection, after: UserNotifications) -> None:
    await tenant.tx.execute(UPDATE, tenant.organization_id, *structs.astuple(after))


async def delete_notifications(tenant: TenantConnection, user_id: UUID) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id, user_id)


async def list_due_agendas(
    tx: Tx, now: datetime, limit: int, without: Sequence[UUID]
) -> list[DueUser]:
    """The due agendas of all organizations but those in `without`, the longest due first."""
    return [DueUser(*row) for row in await tx.fetch(DUE, now, limit, without)]


async def take_agenda(tenant: TenantConnection, user_id: UUID, now: datetime) -> bool:
    """Takes the user's agenda; False if it is not due, or somebody else has taken it."""
    taken = await tenant.tx.fetchval(TAKE, tenant.organization_id, user_id, now)
    return taken is not None


async def look_at_agendas(
    tenant: TenantConnection, now: datetime, user_id: UUID | None = None
) -> None:
    """Makes the agenda of the user, or of everybody, due for a new look, as a zone has changed."""
    await tenant.tx.execute(LOOK_AGAIN, tenant.organization_id, now, user_id)


def _notified_user(row: Any) -> NotifiedUser:
    email, locale, zone, *notifications = row
    return NotifiedUser(
        email=email,
        locale=locale,
        zone=zone,
        notifications=UserNotifications(**dict(zip(FIELDS, notifications, strict=True))),
    )
