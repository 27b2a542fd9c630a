"""The sentences by which a page confirms what has just been done; `?done=` names one."""

from typing import Final

from kalends.translation import LazyMessage, gettext_lazy

DONE: Final[dict[str, LazyMessage]] = {
    "CONFIRMED": gettext_lazy("The booking is confirmed. The attendee is notified by mail."),
    "CANCELLED": gettext_lazy(
        "The booking is cancelled, and its time is free again. The attendee is notified by mail."
    ),
    "CONFIRMED.quiet": gettext_lazy("The booking is confirmed. No mail is sent about it."),
    "CANCELLED.quiet": gettext_lazy(
        "The booking is cancelled, and its time is free again. No mail is sent about it."
    ),
    "moved.quiet": gettext_lazy("The booking was moved. No mail is sent about it."),
    "COMPLETED": gettext_lazy("The booking has taken place."),
    "NO_SHOW": gettext_lazy("Noted that nobody came."),
    "moved": gettext_lazy("The booking was moved. The attendee is notified by mail."),
    "reassigned": gettext_lazy(
        "Somebody else takes the booking. The attendee is notified by mail if a name changed."
    ),
    "reassigned.quiet": gettext_lazy("Somebody else takes the booking. No mail is sent about it."),
    "absent": gettext_lazy(
        "That time is closed to new bookings. What was booked in it stands below."
    ),
    "settled": gettext_lazy("Settled. The attendees are notified by mail."),
    "edited": gettext_lazy("The details were saved."),
    "created.quiet": gettext_lazy("The booking was made. No mail is sent about it."),
    "created": gettext_lazy("The booking was made. The attendee is notified by mail."),
    "saved": gettext_lazy("Saved."),
    "removed": gettext_lazy("Removed."),
    "deleted": gettext_lazy("Deleted."),
    "opened": gettext_lazy("It takes bookings again."),
    "closed": gettext_lazy("It takes no new bookings. Those that are there stay."),
    "duplicated": gettext_lazy("The copy is there, closed. Change what differs, then open it."),
    "order-changed": gettext_lazy("The order is changed, on your page too."),
    "schedule-created": gettext_lazy(
        "The schedule is there. These times can be booked once a service takes it."
    ),
    "event-type-created": gettext_lazy("The service is there, and its page is open."),
    "busy-added": gettext_lazy("That time is closed to new bookings. Those that are there stay."),
    "message-template-created": gettext_lazy("The text is there. It is used from now on."),
    "test-sent": gettext_lazy("The test is on its way to you."),
    "feed-made": gettext_lazy("The address is made."),
    "feed-revoked": gettext_lazy("The address opens nothing any more."),
    "webhook-created": gettext_lazy("The webhook is there."),
    "enabled": gettext_lazy("It is enabled. What waited is sent now."),
    "disabled": gettext_lazy("It is disabled. Events wait until it is enabled again."),
    "tested": gettext_lazy("The test was taken. It stands first among the deliveries."),
    "test-failed": gettext_lazy(
        "The test was not taken. The reason stands first among the deliveries."
    ),
    "rotated": gettext_lazy("There is a new secret. For 24 hours the one before signs beside it."),
    "redelivered": gettext_lazy("It is sent once more."),
    "key-created": gettext_lazy("The key is made."),
    "key-revoked": gettext_lazy("The key is revoked. It opens nothing any more."),
    "invited": gettext_lazy("The invitation is on its way. It works for seven days."),
    "invited-in-mailbox": gettext_lazy(
        "The invitation is made. No mail is sent from here: the invitation waits under “Messages”, "
        "“Mail”, for you to pass on. It works for seven days."
    ),
    "role-changed": gettext_lazy("The role is changed."),
    "user-removed": gettext_lazy("This user does not belong to the organization any more."),
    "connected": gettext_lazy("Cal.com is connected. Sync now, or wait for the next time."),
    "disconnected": gettext_lazy("Cal.com is disconnected. The bookings stay."),
    "calendars-connected": gettext_lazy(
        "The calendars are connected and are being read. Choose on each schedule which it reads."
    ),
    "consent-denied": gettext_lazy("Nothing was connected: the consent was refused."),
    "consent-needs-admin": gettext_lazy(
        "Nothing was connected: in the organization of that account only an administrator may "
        "consent. Ask one to allow this application, then begin again."
    ),
    "consent-incomplete": gettext_lazy(
        "Nothing was connected, since something was left unticked, or was not granted. Please "
        "begin again, and allow all of it."
    ),
    "consent-failed": gettext_lazy("Nothing was connected. Please begin again."),
    "calendars-disconnected": gettext_lazy("The calendars are disconnected."),
    "synced": gettext_lazy("The sync is done."),
    "sync-begun": gettext_lazy("The sync is under way."),
}
