"""The sections of an event type's form, each of which is a page that is saved by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kalends.translation import LazyMessage, gettext_lazy, pgettext_lazy


@dataclass(frozen=True)
class FormSection:
    """A section: `key` names its template, and `page` is its path below the event type's, which is
    empty for the first section. `fields` are the fields of the API that it changes; it leaves all
    others alone."""

    key: str
    label: LazyMessage
    lead: LazyMessage
    fields: frozenset[str]

    @property
    def page(self) -> str:
        return "" if self.key == FIRST else f"/{self.key}"

    def has(self, field: str) -> bool:
        """Whether the section has the field, or the one that the field is part of."""
        return field.partition(".")[0] in self.fields


FIRST: Final = "what"
WHAT: Final = FormSection(
    FIRST,
    gettext_lazy("What it is"),
    gettext_lazy("What people read on its page before they choose a time."),
    frozenset(
        {
            *("name", "slug", "description", "duration_minutes", "location", "location_type"),
            *("is_active", "visibility", "video"),
        }
    ),
)
WHEN: Final = FormSection(
    "when",
    gettext_lazy("When"),
    gettext_lazy("Which times are offered within the hours of its schedules."),
    frozenset(
        {
            *("slot_step_minutes", "buffer_before_minutes", "buffer_after_minutes"),
            *("min_notice_minutes", "max_days_ahead", "booking_limits"),
        }
    ),
)
WHO: Final = FormSection(
    "who",
    pgettext_lazy("section", "Who"),
    gettext_lazy("Who or what it takes, and how many come at once."),
    frozenset({"requirements", "schedule_id", "host_choice", "capacity"}),
)
FORM: Final = FormSection(
    "form",
    gettext_lazy("Form"),
    gettext_lazy("What attendees are asked beside their name and e-mail address."),
    frozenset({"attendee_fields", "questions"}),
)
MESSAGES: Final = FormSection(
    "messages",
    gettext_lazy("Messages"),
    gettext_lazy("What attendees read by mail, and when they are reminded."),
    frozenset({"reminders_minutes_before"}),
)
AFTER: Final = FormSection(
    "after",
    gettext_lazy("After booking"),
    gettext_lazy("What becomes of a booking once it is made."),
    frozenset(
        {
            *("requires_confirmation", "expire_pending", "cancellation_notice_minutes"),
            *("complete_after_minutes", "redirect_url"),
        }
    ),
)
SECTIONS: Final[Sequence[FormSection]] = (WHAT, WHO, WHEN, FORM, MESSAGES, AFTER)


def section_of(field: str) -> FormSection | None:
    """The section that has a field of the API, if one does."""
    return next((section for section in SECTIONS if section.has(field)), None)


def section_after(section: FormSection) -> FormSection | None:
    """The next section; None after the last."""
    at = SECTIONS.index(section) + 1
    return SECTIONS[at] if at < len(SECTIONS) else None
