"""The public JSON of what a user is mailed."""

from typing import Annotated, Any

from msgspec import Struct

from kalends.domain.notifications import NotifiedUser
from kalends.formats.described import about


class UserNotificationsBody(Struct, frozen=True):
    """Which mails a user gets about bookings on the user's own schedules, in an organization."""

    requested: bool
    confirmed: bool
    rescheduled: bool
    cancelled: bool
    reassigned: bool
    agenda_at: Annotated[
        str | None,
        about(
            "At what time of day a mail with the day's bookings is sent, in the user's zone; null "
            "is never.",
            "07:30",
        ),
    ]
    timezone: Annotated[
        str,
        about(
            "The user's zone (IANA): the user's own choice, else that of its first schedule, else "
            "the organization's.",
            "Europe/Berlin",
        ),
    ]


def show_notifications(user: NotifiedUser) -> dict[str, Any]:
    """As the API shows them; the fields of `UserNotificationsBody`, ready to encode."""
    n = user.notifications
    return {
        "requested": n.requested,
        "confirmed": n.confirmed,
        "rescheduled": n.rescheduled,
        "cancelled": n.cancelled,
        "reassigned": n.reassigned,
        "agenda_at": None if n.agenda_at is None else n.agenda_at.strftime("%H:%M"),
        "timezone": user.zone,
    }
