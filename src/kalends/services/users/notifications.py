"""A user's notification settings in an organization: get and update."""

from datetime import time
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, structs

from kalends.domain.changes import values_to_change
from kalends.domain.ids import USER
from kalends.domain.notifications import NotifiedUser, UserNotifications
from kalends.formats.times import known_zone
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling.agenda_times import decide_agenda
from kalends.store.accounts import members, notifications


class NotificationChanges(Struct, frozen=True, kw_only=True):
    """What a user wants changed; UNSET stays as it is. `agenda_at` is wall-clock time in the user's
    zone; None is no agenda."""

    requested: bool | UnsetType = UNSET
    confirmed: bool | UnsetType = UNSET
    rescheduled: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET
    reassigned: bool | UnsetType = UNSET
    agenda_at: time | UnsetType | None = UNSET


async def get_notifications(work: UnitOfWork, user_id: UUID) -> NotifiedUser:
    """The settings of a member. Raises NotFound for anybody else."""
    user = await notifications.find_notified_user(work.tenant, user_id)
    return require(user, USER, user_id)


async def lock_notifications(work: UnitOfWork, user_id: UUID, _: IfMatch) -> NotifiedUser:
    """The settings, locked until the transaction ends. Raises NotFound."""
    require(await members.protect_member(work.tenant, user_id), USER, user_id)
    await notifications.lock_notifications(work.tenant, user_id)
    return await get_notifications(work, user_id)


async def update_notifications(
    work: UnitOfWork, before: NotifiedUser, changes: NotificationChanges
) -> NotifiedUser:
    """Changes the locked settings. If `agenda_at` has passed today, the first agenda is
    tomorrow's."""
    after = structs.replace(before.notifications, **values_to_change(changes))
    if after.agenda_at != before.notifications.agenda_at:
        after = _with_agenda(work, after, before.zone)
    await notifications.update_notifications(work.tenant, after)
    return structs.replace(before, notifications=after)


def _with_agenda(work: UnitOfWork, after: UserNotifications, zone: str) -> UserNotifications:
    if after.agenda_at is None:
        return structs.replace(after, agenda_due_at=None)
    due = decide_agenda(after.agenda_at, after.agenda_sent_on, known_zone(zone), work.recorded_at)
    sent_on = due.day or after.agenda_sent_on
    return structs.replace(after, agenda_due_at=due.look_at, agenda_sent_on=sent_on)
