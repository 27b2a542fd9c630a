"""Event types: what an organization offers, by which rules, with its questions and texts."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.booking import LocationType
from kalends.domain.video import VideoProvider


class QuestionType(StrEnum):
    TEXT = "text"
    TEXTAREA = "textarea"
    NUMBER = "number"
    BOOLEAN = "boolean"
    SELECT = "select"
    MULTISELECT = "multiselect"
    EMAIL = "email"
    PHONE = "phone"
    CONSENT = "consent"


_LINK: Final = re.compile(r"\[([^\[\]]+)\]\((https://[^\s()<>\"\\]+)\)")


class TextLink(Struct, frozen=True):
    """A link inside a text, from `start` to `end`; its URL is always https."""

    text: str
    url: str
    start: int
    end: int


class FieldUse(StrEnum):
    """Whether the form of a page has a field, and whether it has to be filled in."""

    HIDDEN = "hidden"
    OPTIONAL = "optional"
    REQUIRED = "required"


class AttendeeFields(Struct, frozen=True, kw_only=True):
    """The optional fields of the booking form, after name and e-mail address and before
    questions."""

    phone: FieldUse = FieldUse.OPTIONAL
    notes: FieldUse = FieldUse.OPTIONAL


class Question(Struct, frozen=True, kw_only=True):
    """A question to the attendee; `options` are the choices of select and multiselect."""

    key: str
    label: str
    type: QuestionType = QuestionType.TEXT
    required: bool = False
    options: list[str] | None = None

    @property
    def link(self) -> TextLink | None:
        """The link in the label of a consent; labels of other questions are plain text."""
        links = links_in(self.label) if self.type is QuestionType.CONSENT else []
        return links[0] if links else None

    @property
    def plain_label(self) -> str:
        """The label as plain text, in which a link is reduced to its text."""
        link = self.link
        return self.label if link is None else _without(self.label, link)

    def text_of(self, option: str) -> str:
        """The text of an option as readers see it; translations override this."""
        return option


class QuestionTexts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question in another language; `options` has all options, in the original order."""

    label: str | None = None
    options: list[str] | None = None


class EventTypeTexts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts of an event type in another language, questions by key; None is the original."""

    name: str | None = None
    description: str | None = None
    questions: dict[str, QuestionTexts] = {}


class Requirement(Struct, frozen=True, omit_defaults=True):
    """`count` of these schedules must be free.

    `weights` are the shares of bookings by schedule, where they are not 1. `fair_since` is when
    members or weights last changed: earlier bookings do not count for the fair order.
    """

    count: int
    schedule_ids: list[UUID]
    weights: dict[UUID, int] = {}
    fair_since: datetime | None = None

    def weight_of(self, schedule_id: UUID) -> int:
        return self.weights.get(schedule_id, 1)

    @property
    def shares(self) -> dict[UUID, int]:
        """The weight of each schedule, 1 included."""
        return {id_: self.weight_of(id_) for id_ in self.schedule_ids}


class Visibility(StrEnum):
    """Whether the organization's page lists it, or it has a page by its address only."""

    PUBLIC = "public"
    UNLISTED = "unlisted"


class EventTypeTerms(Struct, frozen=True, kw_only=True):
    """The terms of an offer, of an event type here or at a source of imports. Durations, buffers
    and notice are in minutes of elapsed time."""

    name: str
    description: str | None
    duration_minutes: int
    slot_step_minutes: int | None
    buffer_before_minutes: int
    buffer_after_minutes: int
    min_notice_minutes: int | None
    max_days_ahead: int | None
    max_per_day: int | None
    capacity: int
    requires_confirmation: bool
    location: str | None
    location_type: str | None
    questions: list[Question]


class HostChoice(StrEnum):
    """Whether visitors of the page choose the host."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class EventTypeRules(EventTypeTerms, frozen=True, kw_only=True):
    """The terms, and what else an organization sets: requirements, reminders, how bookings end, the
    page. Times are in minutes."""

    requirements: list[Requirement]
    reminders_minutes_before: list[int]
    cancellation_notice_minutes: int | None
    expire_pending: bool
    complete_after_minutes: int | None
    is_active: bool
    host_choice: HostChoice = HostChoice.NONE
    visibility: Visibility = Visibility.PUBLIC
    # The place in the organization's lists, ascending; those without one follow, by creation.
    position: int | None = None
    # The page, by https, to which attendees are redirected after booking.
    redirect_url: str | None = None
    attendee_fields: AttendeeFields = AttendeeFields()
    # Who makes the links to video calls; None is an event type without calls.
    video: VideoProvider | None = None
    # The texts in other languages than the original, by language tag (BCP 47).
    translations: dict[str, EventTypeTexts] = {}


class EventType(EventTypeRules, frozen=True, kw_only=True):
    """A stored event type."""

    id: UUID
    slug: str
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def kind_of_place(self) -> str | None:
        """The location type of its bookings by default: video where links to calls are made."""
        return LocationType.VIDEO if self.video is not None else self.location_type

    @property
    def schedule_ids(self) -> list[UUID]:
        """All schedules that its requirements name, each once, in that order."""
        return list(dict.fromkeys(s for r in self.requirements for s in r.schedule_ids))


def links_in(text: str) -> list[TextLink]:
    """The links that are written as `[text](https://…)`."""
    return [TextLink(m[1], m[2], m.start(), m.end()) for m in _LINK.finditer(text)]


def check_answer(question: Question, answer: Any) -> str | None:
    """What is wrong with an answer, as a part of a sentence; None if it is valid."""
    match question.type:
        case QuestionType.BOOLEAN:
            return None if isinstance(answer, bool) else "must be true or false"
        case QuestionType.CONSENT:
            return None if answer is True else "must be true: it is a consent"
        case QuestionType.NUMBER:
            is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
            return None if is_number else "must be a number"
        case QuestionType.MULTISELECT:
            choices = question.options or []
            fits = isinstance(answer, list) and all(chosen in choices for chosen in answer)
            return None if fits else _choices(question)
        case QuestionType.SELECT:
            return None if answer in (question.options or []) else _choices(question)
        case _:
            return None if isinstance(answer, str) and len(answer) <= 5000 else "must be text"


def _without(text: str, link: TextLink) -> str:
    return text[: link.start] + link.text + text[link.end :]


def _choices(question: Question) -> str:
    return "must be among: " + ", ".join(question.options or [])
