"""The public JSON of an event type."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from kalends.domain import ids
from kalends.domain.booking import LocationType
from kalends.domain.event_type import (
    EventType,
    EventTypeTexts,
    FieldUse,
    HostChoice,
    QuestionType,
    Requirement,
    Visibility,
)
from kalends.domain.video import VideoProvider
from kalends.formats.described import about
from kalends.formats.fields import fields_of


class RequirementBody(Struct, frozen=True):
    """`count` of these schedules are taken."""

    count: int
    schedule_ids: list[str]
    weights: (
        Annotated[
            dict[str, int],
            about(
                "How large a share each schedule gets, as given; missing if none were given. A "
                "schedule without one has 1.",
                {"sch_0352lF5NnllfIJ66lPpfc3": 2},
            ),
        ]
        | UnsetType
    ) = UNSET


class QuestionBody(Struct, frozen=True):
    """A question to the attendee."""

    key: Annotated[str, about("Its name in a booking's `answers`.", "size")]
    label: str
    type: QuestionType
    required: bool
    options: Annotated[list[str] | None, about("The choices of a select or multiselect.")]


BookingsOnOneDay = Annotated[int, about("Bookings of this event type that start on one day.")]


class EventTypeLimits(Struct, frozen=True):
    """What is not limited is left out."""

    max_per_day: BookingsOnOneDay | UnsetType = UNSET


class AttendeeFieldsBody(Struct, frozen=True):
    """What the form of the page asks for beside name and e-mail address."""

    phone: Annotated[
        FieldUse, about("Whether a telephone number is asked for. Calls always ask for it.")
    ]
    notes: Annotated[FieldUse, about("Whether there is a field for notes.")]


class QuestionTextsBody(Struct, frozen=True):
    """A question in another language; null is the original."""

    label: str | None
    options: list[str] | None


class EventTypeTextsBody(Struct, frozen=True):
    """The texts in another language; null is the original."""

    name: str | None
    description: str | None
    questions: Annotated[
        dict[str, QuestionTextsBody], about("The questions' texts, by the keys of the questions.")
    ]


class EventTypeBody(Struct, frozen=True):
    """What can be booked, and under which rules."""

    id: Annotated[str, Meta(examples=["evt_0352lF5NnllfIJ66lPpfc3"])]
    name: Annotated[str, Meta(examples=["Consultation"])]
    slug: Annotated[str, about("Unique in the organization.", "consultation")]
    description: str | None
    duration_minutes: int
    slot_step_minutes: Annotated[int, about("Minutes between the starts that are offered.")]
    buffer_before_minutes: int
    buffer_after_minutes: int
    min_notice_minutes: Annotated[
        int | None, about("null lets bookings be recorded in the past, 0 does not.")
    ]
    max_days_ahead: int | None
    booking_limits: EventTypeLimits
    capacity: Annotated[int, about("How many bookings share one session (seats).")]
    requires_confirmation: bool
    requirements: Annotated[
        list[RequirementBody],
        about("Which schedules must be free. Empty: any schedule can be booked."),
    ]
    schedule_id: Annotated[
        str | None, about("The schedule, if the requirements are just that one.")
    ]
    location: str | None
    location_type: Annotated[
        LocationType | None,
        about(
            "The kind of place. With in_person, its page shows every visitor the zone of its "
            "first schedule and offers no other."
        ),
    ]
    questions: list[QuestionBody]
    reminders_minutes_before: list[int]
    cancellation_notice_minutes: Annotated[
        int | None,
        about(
            "How many minutes before the start attendees can last cancel or move a booking "
            "themselves."
        ),
    ]
    expire_pending: bool
    complete_after_minutes: int | None
    is_active: bool
    host_choice: Annotated[HostChoice, about("Whether visitors of its page choose the host.")]
    visibility: Annotated[
        Visibility, about("`unlisted`: it has its page, but no list of pages shows it.")
    ]
    position: Annotated[
        int | None,
        about(
            "Its place on the organization's page: ascending; those without one follow in order "
            "of creation.",
            1,
        ),
    ]
    redirect_url: Annotated[
        str | None,
        about(
            "Where the page leads after a booking, with `booking_id` and `status` in its query.",
            "https://example.com/thanks",
        ),
    ]
    video: Annotated[
        VideoProvider | None,
        about("Who makes the link to the call, in the `location` of each booking."),
    ]
    attendee_fields: AttendeeFieldsBody
    translations: Annotated[
        dict[str, EventTypeTextsBody],
        about("Its texts in other languages, by language tag (BCP 47)."),
    ]
    created_at: datetime
    updated_at: datetime


def show_event_type(event_type: EventType) -> dict[str, Any]:
    """The event type as the API shows it; the fields of `EventTypeBody`, ready to encode."""
    most = event_type.max_per_day
    limits = {} if most is None else {"max_per_day": most}
    return fields_of(
        EventTypeBody,
        event_type,
        {"id": ids.EVENT_TYPE},
        slot_step_minutes=event_type.slot_step_minutes or event_type.duration_minutes,
        booking_limits=limits,
        requirements=[_requirement(requirement) for requirement in event_type.requirements],
        schedule_id=_only_schedule(event_type.requirements),
        translations={tag: _texts(texts) for tag, texts in event_type.translations.items()},
    )


def _texts(texts: EventTypeTexts) -> dict[str, Any]:
    """The texts including nulls, which are left out in the database."""
    questions = {key: structs.asdict(one) for key, one in texts.questions.items()}
    return structs.asdict(texts) | {"questions": questions}


def _requirement(requirement: Requirement) -> dict[str, Any]:
    schedule_ids = [ids.encode_id(ids.SCHEDULE, id_) for id_ in requirement.schedule_ids]
    body: dict[str, Any] = {"count": requirement.count, "schedule_ids": schedule_ids}
    if requirement.weights:
        weights = requirement.weights.items()
        body["weights"] = {ids.encode_id(ids.SCHEDULE, id_): weight for id_, weight in weights}
    return body


def _only_schedule(requirements: list[Requirement]) -> str | None:
    """The schedule, if the requirements are equivalent to a single `schedule_id`."""
    if len(requirements) == 1 and len(requirements[0].schedule_ids) == 1:
        return ids.encode_id(ids.SCHEDULE, requirements[0].schedule_ids[0])
    return None
