"""The words of mail about bookings. `{who}` is the attendee, `{organization}` the organization."""

from typing import Final

from msgspec import Struct

from kalends.domain.booking import LocationType
from kalends.domain.mail import Audience, MailKind


class Words(Struct, frozen=True):
    """`subject` is the beginning of one."""

    subject: str
    heading: str
    opening: str


_ATTENDEE: Final = {
    MailKind.REQUESTED: Words(
        "Request received",
        "We have your request",
        "Hello {who}, thank you for your request. {organization} will let you know "
        "as soon as your appointment is confirmed.",
    ),
    MailKind.CONFIRMED: Words(
        "Confirmed",
        "Your appointment is confirmed",
        "Hello {who}, your appointment with {organization} is confirmed.",
    ),
    MailKind.RESCHEDULED: Words(
        "New time",
        "Your appointment has a new time",
        "Hello {who}, your appointment with {organization} has been moved to a new time.",
    ),
    MailKind.UPDATED: Words(
        "Changed",
        "Your appointment has changed",
        "Hello {who}, the details of your appointment with {organization} have changed.",
    ),
    MailKind.WITHDRAWN: Words(
        "Goes to another address now",
        "Mail about this appointment goes to another address",
        "Hello {who}, {organization} sends mail about this appointment to another address from "
        "now on. A calendar at this address lets go of it.",
    ),
    MailKind.CANCELLED: Words(
        "Cancelled",
        "Your appointment is cancelled",
        "Hello {who}, your appointment with {organization} has been cancelled.",
    ),
    MailKind.REMINDER: Words(
        "Reminder",
        "Your appointment is coming up",
        "Hello {who}, this is a reminder of your appointment with {organization}.",
    ),
}
_ORGANIZATION: Final = {
    MailKind.REQUESTED: Words(
        "New request",
        "A new request for an appointment",
        "{who} would like an appointment. It waits for you to confirm it.",
    ),
    MailKind.CONFIRMED: Words(
        "Confirmed",
        "An appointment is confirmed",
        "The appointment with {who} is confirmed.",
    ),
    MailKind.RESCHEDULED: Words(
        "New time",
        "An appointment has a new time",
        "The appointment with {who} has been moved to a new time.",
    ),
    MailKind.UPDATED: Words(
        "Changed",
        "An appointment has changed",
        "The details of the appointment with {who} have changed.",
    ),
    MailKind.CANCELLED: Words(
        "Cancelled",
        "An appointment is cancelled",
        "The appointment with {who} has been cancelled.",
    ),
    MailKind.REMINDER: Words(
        "Reminder",
        "An appointment is coming up",
        "This is a reminder of the appointment with {who}.",
    ),
}
WORDS: Final = {Audience.ATTENDEE: _ATTENDEE, Audience.ORGANIZATION: _ORGANIZATION}

# Where nothing but the kind of a location is told.
PLACES: Final[dict[str, str]] = {
    LocationType.IN_PERSON: "In person",
    LocationType.PHONE: "By phone",
    LocationType.VIDEO: "Video call",
}
# The kind of a place that is a link, where no kind was given.
ONLINE: Final = "Online"
LINK_COMES: Final = "the link comes once it is confirmed"
CHANGED: Final = "What has changed: {facts}."
STILL_PENDING: Final = {
    Audience.ATTENDEE: "It still has to be confirmed.",
    Audience.ORGANIZATION: "It still waits for you to confirm it.",
}
# Reasons that Kalends gives by itself, in words.
REASONS: Final = {"expired": "It was not confirmed in time."}

# What the attendee can do.
CHANGE: Final = "Cancel or move this appointment"
CHANGEABLE_UNTIL: Final = "You can cancel or move it until {until}."
NOT_CHANGEABLE: Final = (
    "It can no longer be cancelled or moved online. Please get in touch with {organization}."
)

# At the end.
FOR_ATTENDEE: Final = "You get this mail because of your appointment with {organization}."
FOR_ATTENDEE_WHO_MAY_REPLY: Final = f"{FOR_ATTENDEE} Reply to it if you have a question."
FOR_ORGANIZATION: Final = "Kalends wrote this for {organization}. A reply goes to the attendee."
