"""`/api/v1/users/{id}/notifications`: which mails a user gets."""

from datetime import time
from typing import Annotated, Final

from msgspec import UNSET, UnsetType, structs

from kalends.domain import ids
from kalends.domain.errors import Invalid
from kalends.domain.notifications import NotifiedUser
from kalends.domain.values import ClockTime
from kalends.formats.described import about
from kalends.formats.notifications import UserNotificationsBody, show_notifications
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.users import notifications
from kalends.services.users.notifications import NotificationChanges
from kalends.web.http.answers import data
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import answer_patch
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import USER_SCOPES, Resource, Route

END_OF_DAY: Final = "24:00"


class UpdateNotifications(RequestModel, frozen=True):
    """What is left out stays as it is."""

    requested: bool | UnsetType = UNSET
    confirmed: bool | UnsetType = UNSET
    rescheduled: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET
    reassigned: bool | UnsetType = UNSET
    agenda_at: Annotated[
        ClockTime | UnsetType | None,
        about(
            "At what time of day a mail with the day's bookings is sent, in the user's zone: once "
            "a day, and none on a day without bookings; null is never."
        ),
    ] = UNSET


async def get_notifications(call: Call) -> HttpAnswer:
    """Get which mails a user gets

    Mails about bookings on the user's own schedules: all kinds, and no agenda, unless chosen
    otherwise. An address that is also one of the organization's `notify_emails` gets each mail
    once, as the organization's.
    """
    return notifications_response(
        await call.read(notifications.get_notifications, call.id(ids.USER))
    )


async def update_notifications(call: Call) -> HttpAnswer:
    """Choose which mails a user gets

    If today's time for the agenda has passed, the first one comes tomorrow.
    """
    return await answer_patch(
        call,
        ids.USER,
        notifications.lock_notifications,
        parse_notifications,
        notifications.update_notifications,
        notifications_response,
    )


def parse_notifications(body: bytes) -> NotificationChanges:
    """Raises NotJson, Invalid."""
    parsed = read_body(body or b"{}", UpdateNotifications)
    at = parsed.agenda_at
    if at is UNSET or at is None:
        return NotificationChanges(**structs.asdict(parsed))
    if at == END_OF_DAY:
        raise Invalid.field("agenda_at", "must be from 00:00 to 23:59")
    return NotificationChanges(**structs.asdict(parsed) | {"agenda_at": time.fromisoformat(at)})


def notifications_response(user: NotifiedUser) -> HttpAnswer:
    return data(show_notifications(user))


_call = Resource("Users", "/api/v1/users", USER_SCOPES, item="/{id}/notifications")

ROUTES: Final[tuple[Route, ...]] = (
    _call.get(get_notifications, UserNotificationsBody),
    _call.update(update_notifications, UserNotificationsBody, UpdateNotifications),
)
