"""The labels of the domain's codes, for people: statuses, roles, location types and more."""

from collections.abc import Mapping
from typing import Final

from kalends.formats.video_words import PROVIDERS
from kalends.translation import LazyMessage, gettext_lazy, pgettext_lazy

Labels = Mapping[str, LazyMessage]

STATUSES: Final[Labels] = {
    "PENDING": pgettext_lazy("status", "Pending"),
    "CONFIRMED": pgettext_lazy("status", "Confirmed"),
    "CANCELLED": pgettext_lazy("status", "Cancelled"),
    "COMPLETED": pgettext_lazy("status", "Completed"),
    "NO_SHOW": pgettext_lazy("status", "No-show"),
}
ROLES: Final[Labels] = {
    "owner": pgettext_lazy("role", "owner"),
    "admin": pgettext_lazy("role", "admin"),
    "member": pgettext_lazy("role", "member"),
    "staff": pgettext_lazy("role", "staff"),
}
# By location type; a location that is a link and has no type is online.
LOCATION_TYPES: Final[Labels] = {
    "in_person": gettext_lazy("In person"),
    "phone": gettext_lazy("By phone"),
    "video": gettext_lazy("Video call"),
    "custom": gettext_lazy("By arrangement"),
    "online": gettext_lazy("Online"),
}
WEEKDAYS: Final[Labels] = {
    "monday": gettext_lazy("Monday"),
    "tuesday": gettext_lazy("Tuesday"),
    "wednesday": gettext_lazy("Wednesday"),
    "thursday": gettext_lazy("Thursday"),
    "friday": gettext_lazy("Friday"),
    "saturday": gettext_lazy("Saturday"),
    "sunday": gettext_lazy("Sunday"),
}
# The titles of the attendee's page about a booking, by its status.
BOOKING_TITLES: Final[Labels] = {
    "PENDING": gettext_lazy("Waiting to be confirmed"),
    "CONFIRMED": gettext_lazy("Your booking"),
    "CANCELLED": gettext_lazy("This booking is cancelled"),
    "COMPLETED": gettext_lazy("This booking has taken place"),
    "NO_SHOW": gettext_lazy("This booking was missed"),
}
# In the console, for each status: the button that sets it, the question before that, and the button
# that confirms it.
SET_STATUS: Final[Labels] = {
    "CONFIRMED": pgettext_lazy("button", "Confirm"),
    "COMPLETED": pgettext_lazy("button", "Completed"),
    "NO_SHOW": pgettext_lazy("button", "No-show"),
}
ASK_STATUS: Final[Labels] = {
    "COMPLETED": gettext_lazy("Has the appointment with {name} taken place?"),
    "NO_SHOW": gettext_lazy("Did {name} not come?"),
}
YES_STATUS: Final[Labels] = {
    "COMPLETED": gettext_lazy("Yes, it has taken place"),
    "NO_SHOW": gettext_lazy("Yes, nobody came"),
}
# What happened to a booking, by event type of the log.
HISTORY: Final[Labels] = {
    "booking.created": pgettext_lazy("history", "Booked"),
    "booking.confirmed": pgettext_lazy("history", "Confirmed"),
    "booking.cancelled": pgettext_lazy("history", "Cancelled"),
    "booking.completed": pgettext_lazy("history", "Completed"),
    "booking.no_show": pgettext_lazy("history", "Nobody came"),
    "booking.rescheduled": pgettext_lazy("history", "Moved"),
    "booking.reassigned": pgettext_lazy("history", "Given to somebody else"),
    "booking.updated": pgettext_lazy("history", "Details changed"),
    "booking.reminder": pgettext_lazy("history", "Reminder sent"),
}
# The same within a sentence.
WEBHOOK_EVENTS: Final[Labels] = {
    "booking.created": pgettext_lazy("webhook event", "Booking made"),
    "booking.confirmed": pgettext_lazy("webhook event", "Booking confirmed"),
    "booking.cancelled": pgettext_lazy("webhook event", "Booking cancelled"),
    "booking.completed": pgettext_lazy("webhook event", "Booking completed"),
    "booking.no_show": pgettext_lazy("webhook event", "No-show"),
    "booking.rescheduled": pgettext_lazy("webhook event", "Booking moved"),
    "booking.reassigned": pgettext_lazy("webhook event", "Booking given to somebody else"),
    "booking.updated": pgettext_lazy("webhook event", "Booking changed"),
    "booking.reminder": pgettext_lazy("webhook event", "Reminder"),
    "calendar.failing": pgettext_lazy("webhook event", "Calendars cannot be read"),
    "calendar.recovered": pgettext_lazy("webhook event", "Calendars can be read again"),
    "calendar.finding": pgettext_lazy("webhook event", "Change in a calendar to decide about"),
    "webhook.test": pgettext_lazy("webhook event", "Test"),
}
# Mail about one booking, its states, and those of deliveries about it.
BOOKING_MAILS: Final[Labels] = {
    "requested": pgettext_lazy("mail", "Request received"),
    "confirmed": pgettext_lazy("mail", "Confirmation"),
    "rescheduled": pgettext_lazy("mail", "New time"),
    "updated": pgettext_lazy("mail", "Changed details"),
    "withdrawn": pgettext_lazy("mail", "To the address before"),
    "cancelled": pgettext_lazy("mail", "Cancellation"),
    "reminder": pgettext_lazy("mail", "Reminder"),
}
BOOKING_MAIL_STATES: Final[Labels] = {
    "queued": pgettext_lazy("mail", "waiting"),
    "kept": pgettext_lazy("mail", "in the mailbox"),
    "sent": pgettext_lazy("mail", "sent"),
    "failed": pgettext_lazy("mail", "failed"),
}
BOOKING_DELIVERY_STATES: Final[Labels] = {
    "pending": pgettext_lazy("delivery", "waiting"),
    "delivered": pgettext_lazy("delivery", "delivered"),
    "exhausted": pgettext_lazy("delivery", "given up"),
}
# All mail, and all deliveries.
MAIL_KINDS: Final[Labels] = {
    "requested": pgettext_lazy("mail", "Request"),
    "confirmed": pgettext_lazy("mail", "Confirmation"),
    "rescheduled": pgettext_lazy("mail", "Moved"),
    "updated": pgettext_lazy("mail", "Change"),
    "withdrawn": pgettext_lazy("mail", "Withdrawal"),
    "cancelled": pgettext_lazy("mail", "Cancellation"),
    "reminder": pgettext_lazy("mail", "Reminder"),
    "password_reset": pgettext_lazy("mail", "New password"),
    "user_invitation": pgettext_lazy("mail", "Invitation"),
    "endpoint_disabled": pgettext_lazy("mail", "Webhook disabled"),
    "agenda": pgettext_lazy("mail", "Somebody’s day"),
    "calendar_failing": pgettext_lazy("mail", "Calendars cannot be read"),
    "calendar_finding": pgettext_lazy("mail", "Change in a calendar"),
    "links_failing": pgettext_lazy("mail", "Links to calls are not made"),
    "test": pgettext_lazy("mail", "Test"),
}
# Mails that can have message templates, and their audiences.
MESSAGE_KINDS: Final[Labels] = {
    "requested": gettext_lazy("A request came in"),
    "confirmed": gettext_lazy("A booking is confirmed"),
    "rescheduled": gettext_lazy("It has a new time"),
    "updated": gettext_lazy("Its details have changed"),
    "cancelled": gettext_lazy("It is cancelled"),
    "reminder": gettext_lazy("Reminder before it begins"),
}
MESSAGE_AUDIENCES: Final[Labels] = {
    "attendee": gettext_lazy("Attendees"),
    "organization": gettext_lazy("Your organization"),
    "host": gettext_lazy("Who takes the booking"),
}
# The placeholders in message templates.
PLACEHOLDERS: Final[Labels] = {
    "attendee.name": gettext_lazy("Name of the attendee"),
    "attendee.email": gettext_lazy("E-mail address of the attendee"),
    "attendee.phone": gettext_lazy("Phone of the attendee, if given"),
    "organization.name": gettext_lazy("Name of your organization"),
    "booking.id": gettext_lazy("Number of the booking"),
    "booking.title": gettext_lazy("What was booked"),
    "booking.when": gettext_lazy("Day, time and time zone"),
    "booking.before": gettext_lazy("When it was before it was moved"),
    "booking.date": gettext_lazy("Day"),
    "booking.start": gettext_lazy("When it begins"),
    "booking.end": gettext_lazy("When it ends"),
    "booking.place": gettext_lazy("Place or link, if given"),
    "booking.hosts": gettext_lazy("With whom it is, if known"),
    "booking.reason": gettext_lazy("Why it was cancelled, if said"),
}
MAIL_STATES: Final[Labels] = {
    "queued": pgettext_lazy("mail", "Waiting"),
    "kept": pgettext_lazy("mail", "Kept here"),
    "sent": pgettext_lazy("mail", "Sent"),
    "failed": pgettext_lazy("mail", "Failed"),
}
MAIL_HEADERS: Final[Labels] = {
    "From": pgettext_lazy("mail", "From"),
    "To": pgettext_lazy("mail", "To"),
    "Reply-To": gettext_lazy("Reply to"),
    "Subject": gettext_lazy("Subject"),
    "Date": gettext_lazy("Date"),
}
DELIVERY_STATES: Final[Labels] = {
    "pending": pgettext_lazy("delivery", "Waiting"),
    "delivered": pgettext_lazy("delivery", "Delivered"),
    "exhausted": pgettext_lazy("delivery", "Given up"),
}
SCOPES: Final[Labels] = {
    "bookings:read": gettext_lazy("Read bookings, schedules, services"),
    "bookings:write": gettext_lazy("Change bookings, schedules, services"),
    "bookings:override": gettext_lazy("Book against the rules"),
    "webhooks:read": gettext_lazy("Read webhooks"),
    "webhooks:write": gettext_lazy("Change webhooks"),
    "users:read": gettext_lazy("Read users"),
    "users:write": gettext_lazy("Invite and change users"),
    "sites:read": gettext_lazy("Read sites"),
    "calendars:read": gettext_lazy("Read calendar connections"),
    "calendars:write": gettext_lazy("Connect calendars"),
    "*:read": gettext_lazy("Read everything but keys"),
    "*": gettext_lazy("Everything"),
}
# Sources of bookings; any other source is shown by the name that it gives itself.
SOURCES: Final[Labels] = {
    "api": gettext_lazy("API"),
    "page": gettext_lazy("Booking page"),
    "console": gettext_lazy("Console"),
}
# The views of the calendar, and the steps in each.
VIEWS: Final[Labels] = {
    "day": pgettext_lazy("view", "Day"),
    "week": pgettext_lazy("view", "Week"),
    "month": pgettext_lazy("view", "Month"),
}
PREVIOUS: Final[Labels] = {
    "day": gettext_lazy("Previous day"),
    "week": gettext_lazy("Previous week"),
    "month": gettext_lazy("Previous month"),
}
NEXT: Final[Labels] = {
    "day": gettext_lazy("Next day"),
    "week": gettext_lazy("Next week"),
    "month": gettext_lazy("Next month"),
}
# The steps of the first run.
STEPS: Final[Labels] = {
    "hours": gettext_lazy("Hours"),
    "event-type": gettext_lazy("Service"),
    "share": gettext_lazy("Share"),
}

CALENDAR_PROVIDERS: Final[Labels] = {
    "caldav": gettext_lazy("CalDAV account"),
    "ics": gettext_lazy("Calendar file"),
    "google": gettext_lazy("Google Calendar"),
    "microsoft": gettext_lazy("Microsoft 365 or Outlook.com"),
    "test": gettext_lazy("Test calendars"),
}
VIDEO_PROVIDERS: Final[Labels] = {provider.value: name for provider, name in PROVIDERS.items()}
CALENDAR_STATES: Final[Labels] = {
    "reading": pgettext_lazy("calendars", "Being read"),
    "active": pgettext_lazy("calendars", "Connected"),
    "reconnect": pgettext_lazy("calendars", "Sign in anew"),
    "failing": pgettext_lazy("calendars", "Failing"),
    "paused": pgettext_lazy("calendars", "Paused"),
    "removing": pgettext_lazy("calendars", "Being removed"),
}
