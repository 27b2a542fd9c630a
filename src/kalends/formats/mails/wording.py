"""The words of mails about bookings. `{who}` is the attendee, `{organization}` the organization."""

from typing import Final

from msgspec import Struct

from kalends.domain.booking import LocationType
from kalends.domain.mail import Audience, MailKind
from kalends.translation import LazyMessage, gettext_lazy, pgettext_lazy


class Words(Struct, frozen=True):
    """The words of a kind of mail; `subject` is the beginning of its subject."""

    subject: LazyMessage
    heading: LazyMessage
    opening: LazyMessage


_ATTENDEE: Final[dict[MailKind, Words]] = {
    MailKind.REQUESTED: Words(
        pgettext_lazy("mail", "Request received"),
        gettext_lazy("We have your request"),
        gettext_lazy(
            "Hello {who}, thank you for your request. {organization} will let you know "
            "as soon as your appointment is confirmed."
        ),
    ),
    MailKind.CONFIRMED: Words(
        pgettext_lazy("mail", "Confirmed"),
        gettext_lazy("Your appointment is confirmed"),
        gettext_lazy("Hello {who}, your appointment with {organization} is confirmed."),
    ),
    MailKind.RESCHEDULED: Words(
        pgettext_lazy("mail", "New time"),
        gettext_lazy("Your appointment has a new time"),
        gettext_lazy(
            "Hello {who}, your appointment with {organization} has been moved to a new time."
        ),
    ),
    MailKind.UPDATED: Words(
        pgettext_lazy("mail", "Changed"),
        gettext_lazy("Your appointment has changed"),
        gettext_lazy(
            "Hello {who}, the details of your appointment with {organization} have changed."
        ),
    ),
    MailKind.WITHDRAWN: Words(
        pgettext_lazy("mail", "Goes to another address now"),
        gettext_lazy("Mail about this appointment goes to another address"),
        gettext_lazy(
            "Hello {who}, {organization} sends mail about this appointment to another address from "
            "now on. A calendar at this address lets go of it."
        ),
    ),
    MailKind.CANCELLED: Words(
        pgettext_lazy("mail", "Cancelled"),
        gettext_lazy("Your appointment is cancelled"),
        gettext_lazy("Hello {who}, your appointment with {organization} has been cancelled."),
    ),
    MailKind.REMINDER: Words(
        pgettext_lazy("mail", "Reminder"),
        gettext_lazy("Your appointment is coming up"),
        gettext_lazy("Hello {who}, this is a reminder of your appointment with {organization}."),
    ),
}
_ORGANIZATION: Final[dict[MailKind, Words]] = {
    MailKind.REQUESTED: Words(
        pgettext_lazy("mail", "New request"),
        gettext_lazy("A new request for an appointment"),
        gettext_lazy("{who} would like an appointment. It waits for you to confirm it."),
    ),
    MailKind.CONFIRMED: Words(
        pgettext_lazy("mail", "Confirmed"),
        gettext_lazy("An appointment is confirmed"),
        gettext_lazy("The appointment with {who} is confirmed."),
    ),
    MailKind.RESCHEDULED: Words(
        pgettext_lazy("mail", "New time"),
        gettext_lazy("An appointment has a new time"),
        gettext_lazy("The appointment with {who} has been moved to a new time."),
    ),
    MailKind.UPDATED: Words(
        pgettext_lazy("mail", "Changed"),
        gettext_lazy("An appointment has changed"),
        gettext_lazy("The details of the appointment with {who} have changed."),
    ),
    MailKind.CANCELLED: Words(
        pgettext_lazy("mail", "Cancelled"),
        gettext_lazy("An appointment is cancelled"),
        gettext_lazy("The appointment with {who} has been cancelled."),
    ),
    MailKind.REMINDER: Words(
        pgettext_lazy("mail", "Reminder"),
        gettext_lazy("An appointment is coming up"),
        gettext_lazy("This is a reminder of the appointment with {who}."),
    ),
}
# For hosts: like the organization's words, except for a booking that another host takes. Hosts get
# no reminders.
_HOST: Final[dict[MailKind, Words]] = {
    **{kind: words for kind, words in _ORGANIZATION.items() if kind != MailKind.REMINDER},
    MailKind.WITHDRAWN: Words(
        pgettext_lazy("mail", "No longer with you"),
        gettext_lazy("An appointment is no longer with you"),
        gettext_lazy(
            "The appointment with {who} is no longer with you. A calendar that has it lets it go."
        ),
    ),
}
# For the new host of a booking that another host had before.
NEW_HOST: Final = Words(
    pgettext_lazy("mail", "With you"),
    gettext_lazy("An appointment is with you"),
    gettext_lazy("The appointment with {who} will now be with you."),
)
# For a change by which the attendee is asked to choose another time.
NEW_TIME_WANTED: Final = Words(
    pgettext_lazy("mail", "Please choose another time"),
    gettext_lazy("Please choose another time"),
    gettext_lazy(
        "Hello {who}, {organization} cannot keep your appointment as planned. Please choose "
        "another time, or cancel it; until then it stays at its time."
    ),
)
_OF_OTHERS: Final = Words(
    pgettext_lazy("mail", "With somebody else"),
    gettext_lazy("An appointment is with {hosts}"),
    gettext_lazy("The appointment with {who} will now be with {hosts}. The time stays the same."),
)
# For a change by which other hosts take the booking; `{hosts}` are their names.
WITH_OTHERS: Final[dict[Audience, Words]] = {
    Audience.ATTENDEE: Words(
        pgettext_lazy("mail", "With somebody else"),
        gettext_lazy("Your appointment is with {hosts}"),
        gettext_lazy(
            "Hello {who}, your appointment with {organization} will now be with {hosts}. The time "
            "stays the same."
        ),
    ),
    Audience.ORGANIZATION: _OF_OTHERS,
    Audience.HOST: _OF_OTHERS,
}
WORDS: Final[dict[Audience, dict[MailKind, Words]]] = {
    Audience.ATTENDEE: _ATTENDEE,
    Audience.ORGANIZATION: _ORGANIZATION,
    Audience.HOST: _HOST,
}

# For a location of which only the type is known.
LOCATION_TYPES: Final[dict[str, LazyMessage]] = {
    LocationType.IN_PERSON: gettext_lazy("In person"),
    LocationType.PHONE: gettext_lazy("By phone"),
    LocationType.VIDEO: gettext_lazy("Video call"),
}
# For a location that is a link and has no type.
ONLINE: Final = gettext_lazy("Online")
LINK_COMES: Final = gettext_lazy("{place} (the link comes once it is confirmed)")
CHANGED: Final = gettext_lazy("What has changed: {facts}.")
STILL_PENDING: Final = {
    Audience.ATTENDEE: gettext_lazy("It still has to be confirmed."),
    Audience.ORGANIZATION: gettext_lazy("It still waits for you to confirm it."),
    Audience.HOST: gettext_lazy("It still has to be confirmed."),
}
# The words for reasons that Kalends itself gives.
REASONS: Final = {"expired": gettext_lazy("It was not confirmed in time.")}

# The attendee's actions.
CHANGE: Final = gettext_lazy("Cancel or move this appointment")
CHANGEABLE_UNTIL: Final = gettext_lazy("You can cancel or move it until {until}.")
NOT_CHANGEABLE: Final = gettext_lazy(
    "It can no longer be cancelled or moved online. Please get in touch with {organization}."
)

# The last lines of a mail.
FOR_ATTENDEE: Final = gettext_lazy(
    "You get this mail because of your appointment with {organization}."
)
FOR_ATTENDEE_WHO_MAY_REPLY: Final = gettext_lazy(
    "You get this mail because of your appointment with {organization}. Reply to it if you have a "
    "question."
)
FOR_HOST: Final = gettext_lazy(
    "You get this mail because of your appointments at {organization}. You choose in the console, "
    "under “Your notifications”, which mails you get. A reply goes to the attendee."
)
FOR_ORGANIZATION: Final = gettext_lazy(
    "Kalends wrote this for {organization}. A reply goes to the attendee."
)
