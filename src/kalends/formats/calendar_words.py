"""The words for calendar findings, which mails, lists and histories share."""

from collections.abc import Mapping
from typing import Final

from kalends.domain.calendars.findings import FindingKind, Resolution
from kalends.translation import LazyMessage, gettext_lazy

FINDINGS: Final[Mapping[FindingKind, LazyMessage]] = {
    FindingKind.MOVED: gettext_lazy("A booking's event was moved in a calendar"),
    FindingKind.DELETED: gettext_lazy("A booking's event was deleted in a calendar"),
    FindingKind.OVERLAP: gettext_lazy("An event in a calendar overlaps a booking"),
    FindingKind.UNWRITABLE: gettext_lazy("A booking cannot be written into a calendar"),
    FindingKind.UNREADABLE: gettext_lazy("A calendar cannot be read"),
    FindingKind.RECONNECT: gettext_lazy("A calendar account needs to be signed in to again"),
}
RESOLUTIONS: Final[Mapping[Resolution, LazyMessage]] = {
    Resolution.FOLLOW: gettext_lazy("Move the booking too"),
    Resolution.RESTORE: gettext_lazy("Write the event again"),
    Resolution.CANCEL: gettext_lazy("Cancel booking"),
    Resolution.DISMISS: gettext_lazy("Leave it as it is"),
}
