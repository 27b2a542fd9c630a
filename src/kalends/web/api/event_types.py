"""`/api/v1/event-types`: list, get, create, update, delete."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType, structs

from kalends.domain import ids
from kalends.domain.booking import LocationType
from kalends.domain.changes import FieldChanges, values_to_change
from kalends.domain.errors import Invalid
from kalends.domain.event_type import (
    AttendeeFields,
    EventType,
    FieldUse,
    HostChoice,
    Question,
    QuestionType,
    Requirement,
    Visibility,
    links_in,
)
from kalends.domain.values import Line, Name, Slug, Text
from kalends.domain.video import VideoProvider
from kalends.formats.described import about
from kalends.formats.event_types import EventTypeBody, show_event_type
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.event_types import NewEventType
from kalends.web import use_cases
from kalends.web.api.event_type_texts import TranslationsInput, translations_of
from kalends.web.api.models import HTTPS_ADDRESS, bookings_a_day
from kalends.web.http.call import Call, id_named
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import BOOKING_SCOPES, Resource, Route
from kalends.web.http.versioned import VersionedCalls

LONGEST_MINUTES: Final = 30 * 24 * 60
LONGEST_NOTICE_MINUTES: Final = 10 * 366 * 24 * 60
MOST_DAYS_AHEAD: Final = 10 * 366
MOST_SEATS: Final = 10_000
MOST_REQUIREMENTS: Final = 10
# In all requirements together: matching more of them takes the better part of a second.
MOST_REQUIRED_SCHEDULES: Final = 300
HEAVIEST: Final = 10
LAST_POSITION: Final = 100_000
MOST_QUESTIONS: Final = 50
MOST_OPTIONS: Final = 200
MOST_REMINDERS: Final = 10
WITH_OPTIONS: Final = frozenset({QuestionType.SELECT, QuestionType.MULTISELECT})

CHOICE: Final = (
    "Whether visitors of its page choose the host: never, if they like, or always. A page with "
    "`?host=` and the slug of a schedule is for that schedule. `GET /slots` and new bookings "
    "take `schedule_id` in any case."
)

SHOWN: Final = (
    "`public` is listed on the organization's page and in its Markdown twin; `unlisted` has a "
    "page at its address only, which search engines are told not to list."
)
Position = Annotated[
    int,
    about(
        "Its place on the organization's page: ascending; those without one follow in order of "
        "creation.",
        1,
        ge=0,
        le=LAST_POSITION,
    ),
]
RedirectUrl = Annotated[
    str,
    about(
        "Where the page leads after a booking: an https address. It gets `booking_id` and "
        "`status` in its query. An embedded page sends a message to the page around it instead.",
        "https://example.com/thanks",
        max_length=2000,
        pattern=HTTPS_ADDRESS,
    ),
]
Video = Annotated[
    VideoProvider,
    about(
        "Who makes the link to the video call, which is the booking's `location` once it is "
        "CONFIRMED (with `jitsi` at once). `google_meet` and `microsoft_teams` need a calendar of "
        "that provider that the first schedule writes, `zoom` and `url` an account in "
        "`/organization/video`, `jitsi` the installation's `KALENDS_JITSI_URL`.",
        "zoom",
    ),
]
Duration = Annotated[int, Meta(ge=1, le=LONGEST_MINUTES)]
Step = Annotated[
    int,
    about(
        "Minutes between the starts that are offered. Default: the duration.",
        ge=1,
        le=LONGEST_MINUTES,
    ),
]
Buffer = Annotated[
    int, about("Minutes kept free before or after the booking.", ge=0, le=LONGEST_MINUTES)
]
Notice = Annotated[
    int,
    about(
        "Minutes between now and the start of a new booking. null lets bookings be recorded in "
        "the past, 0 does not.",
        ge=0,
        le=LONGEST_NOTICE_MINUTES,
    ),
]
Minutes = Annotated[int, Meta(ge=0, le=LONGEST_NOTICE_MINUTES)]
DaysAhead = Annotated[
    int, about("How many days ahead it can be booked; null is no limit.", ge=0, le=MOST_DAYS_AHEAD)
]
Seats = Annotated[
    int,
    about(
        "How many bookings share one session. When it is full, a further one opens if other "
        "schedules are free.",
        ge=1,
        le=MOST_SEATS,
    ),
]
Reminders = Annotated[list[Minutes], about("Each once.", [1440, 60], max_length=MOST_REMINDERS)]
BookingsADay = Annotated[
    int,
    bookings_a_day(
        "Bookings of this event type that start on one day; a group session counts once."
    ),
]
Key = Annotated[
    str,
    about(
        "Its name in a booking's `answers`: lower case, digits and `_`.",
        "size",
        min_length=1,
        max_length=64,
        pattern=r"^(?![\s\S]*[^a-z0-9_])",
    ),
]


class EventTypesQuery(PageQuery, frozen=True):
    active: Annotated[
        bool | None, about("Only active ones (true), or only inactive ones (false). Default: all.")
    ] = None


class AttendeeFieldsInput(RequestModel, frozen=True):
    """What the form of the page asks for beside name and e-mail address; the API asks for
    nothing."""

    phone: Annotated[
        FieldUse, about("Whether a telephone number is asked for. Calls always ask for it.")
    ] = FieldUse.OPTIONAL
    notes: Annotated[FieldUse, about("Whether there is a field for notes.")] = FieldUse.OPTIONAL


class EventTypeLimitsInput(RequestModel, frozen=True):
    """null is no limit."""

    max_per_day: BookingsADay | None = None


class RequirementInput(RequestModel, frozen=True):
    """`count` of these schedules have to be free, and are taken."""

    schedule_ids: Annotated[list[str], Meta(min_length=1, max_length=MOST_REQUIRED_SCHEDULES)]
    count: Annotated[int, Meta(ge=1, le=MOST_REQUIRED_SCHEDULES)] = 1
    weights: Annotated[
        dict[str, Annotated[int, Meta(ge=1, le=HEAVIEST)]],
        about(
            "How large a share each schedule gets, if not all are needed: with 2 it gets twice as "
            "many bookings in a month as with 1, the default. Only for schedules in "
            "`schedule_ids`; a schedule in two requirements has the same weight in both. When "
            "members or weights change, earlier bookings no longer count for whose turn is next.",
            {"sch_0352lF5NnllfIJ66lPpfc3": 2},
            max_length=MOST_REQUIRED_SCHEDULES,
        ),
    ] = {}


Requirements = Annotated[
    list[RequirementInput],
    about(
        "All have to be met, each by different schedules; at most 300 schedules in all. Empty: "
        "any schedule can be booked.",
        max_length=MOST_REQUIREMENTS,
    ),
]
ScheduleId = Annotated[str, about("Instead of `requirements`, if it takes just this schedule.")]


class QuestionInput(RequestModel, frozen=True):
    """A question to the attendee, answered in `answers` when a booking is made."""

    key: Key
    label: Annotated[
        Name,
        about(
            "The question, as attendees read it. The label of a `consent` may hold one link, as "
            "`[text](https://…)`."
        ),
    ]
    type: Annotated[
        QuestionType,
        about("The kind of question. A `consent` is a box to tick: it has to be answered `true`."),
    ] = QuestionType.TEXT
    required: Annotated[
        bool, about("Whether an answer is required. A `consent` always requires one.")
    ] = False
    options: Annotated[
        Annotated[list[Name], Meta(max_length=MOST_OPTIONS)] | None,
        about("The choices of a select or multiselect, which must have at least one."),
    ] = None


Questions = Annotated[list[QuestionInput], Meta(max_length=MOST_QUESTIONS)]


class CreateEventType(RequestModel, frozen=True):
    name: Annotated[Name, Meta(examples=["Consultation"])]
    duration_minutes: Duration
    slug: Annotated[
        Slug | None, about("Default: from the name, with a suffix if that is taken.")
    ] = None
    description: Text | None = None
    slot_step_minutes: Step | None = None
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    min_notice_minutes: Notice | None = None
    max_days_ahead: DaysAhead | None = None
    booking_limits: EventTypeLimitsInput | None = None
    capacity: Seats = 1
    requires_confirmation: Annotated[bool, about("false makes new bookings CONFIRMED at once.")] = (
        True
    )
    requirements: Requirements | None = None
    schedule_id: ScheduleId | None = None
    location: Line | None = None
    location_type: LocationType | None = None
    questions: Questions = []
    reminders_minutes_before: Reminders = []
    cancellation_notice_minutes: Annotated[
        Minutes | None,
        about(
            "How many minutes before the start attendees can last cancel or move a booking "
            "themselves. Null: until its start."
        ),
    ] = None
    expire_pending: Annotated[
        bool, about("A booking still PENDING at its start becomes CANCELLED.")
    ] = False
    complete_after_minutes: Annotated[
        Minutes | None, about("Minutes after its end when a CONFIRMED booking becomes COMPLETED.")
    ] = None
    is_active: Annotated[bool, about("Only active event types can be booked.")] = True
    host_choice: Annotated[HostChoice, about(CHOICE)] = HostChoice.NONE
    visibility: Annotated[Visibility, about(SHOWN)] = Visibility.PUBLIC
    position: Position | None = None
    redirect_url: RedirectUrl | None = None
    video: Video | None = None
    attendee_fields: AttendeeFieldsInput = AttendeeFieldsInput()
    translations: TranslationsInput = {}


class UpdateEventType(RequestModel, frozen=True):
    """What is left out stays as it is; requirements, questions and translations are replaced
    whole."""

    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    duration_minutes: Duration | UnsetType = UNSET
    slot_step_minutes: Step | UnsetType | None = UNSET
    buffer_before_minutes: Buffer | UnsetType = UNSET
    buffer_after_minutes: Buffer | UnsetType = UNSET
    min_notice_minutes: Notice | UnsetType | None = UNSET
    max_days_ahead: DaysAhead | UnsetType | None = UNSET
    booking_limits: EventTypeLimitsInput | UnsetType | None = UNSET
    capacity: Seats | UnsetType = UNSET
    requires_confirmation: bool | UnsetType = UNSET
    requirements: Requirements | UnsetType | None = UNSET
    schedule_id: ScheduleId | UnsetType | None = UNSET
    location: Line | UnsetType | None = UNSET
    location_type: LocationType | UnsetType | None = UNSET
    questions: Questions | UnsetType = UNSET
    reminders_minutes_before: Reminders | UnsetType = UNSET
    cancellation_notice_minutes: Minutes | UnsetType | None = UNSET
    expire_pending: bool | UnsetType = UNSET
    complete_after_minutes: Minutes | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    host_choice: Annotated[HostChoice, about(CHOICE)] | UnsetType = UNSET
    visibility: Annotated[Visibility, about(SHOWN)] | UnsetType = UNSET
    position: Position | UnsetType | None = UNSET
    redirect_url: RedirectUrl | UnsetType | None = UNSET
    video: Video | UnsetType | None = UNSET
    attendee_fields: AttendeeFieldsInput | UnsetType = UNSET
    translations: TranslationsInput | UnsetType = UNSET


CALLS: Final = VersionedCalls(use_cases.EVENT_TYPES, show_event_type)


async def list_event_types(call: Call) -> HttpAnswer:
    """List event types

    In the order of their creation.
    """
    query = call.query(EventTypesQuery)
    return await CALLS.list(call, query, is_active=query.active)


async def get_event_type(call: Call) -> HttpAnswer:
    """Get an event type"""
    return await CALLS.get(call)


async def create_event_type(call: Call) -> HttpAnswer:
    """Create an event type

    An event type is what can be booked: its duration, its rules, and the schedules that it takes,
    given as `requirements` or, for a single schedule, as `schedule_id`. For one of several
    people, list their schedules with `count` 1; for a whole team, set `count` to their number;
    people and a room are two requirements. If fewer schedules are needed than listed, bookings
    are shared evenly over a month, or by `weights`.
    """
    new = parse_new(await call.body(CreateEventType))
    return await CALLS.create(call, new)


async def update_event_type(call: Call) -> HttpAnswer:
    """Update an event type

    `requirements`, `questions` and `translations` are each replaced as a whole. Existing bookings
    stay as they are.
    """
    return await CALLS.update(call, parse_changes)


async def delete_event_type(call: Call) -> HttpAnswer:
    """Delete an event type

    It can no longer be booked. Its bookings stay and keep its id.
    """
    return await CALLS.delete(call)


def parse_new(body: CreateEventType) -> NewEventType:
    """Raises Invalid, NotFound."""
    return NewEventType(**({"requirements": []} | _values(body)))


def parse_changes(body: bytes) -> FieldChanges[EventType]:
    """Raises NotJson, Invalid, NotFound."""
    return FieldChanges[EventType](**_values(read_body(body or b"{}", UpdateEventType)))


def _values(body: CreateEventType | UpdateEventType) -> dict[str, Any]:
    """The fields in the words of the domain, without those that are UNSET."""
    values = values_to_change(body)
    if "booking_limits" in values:
        limits = values.pop("booking_limits")
        values["max_per_day"] = limits.max_per_day if limits else None
    if "attendee_fields" in values:
        values["attendee_fields"] = AttendeeFields(**structs.asdict(values["attendee_fields"]))
    if "questions" in values:
        values["questions"] = _questions(values["questions"])
    if "translations" in values:
        values["translations"] = translations_of(values["translations"])
    if len(set(reminders := values.get("reminders_minutes_before", []))) < len(reminders):
        raise Invalid.field("reminders_minutes_before", "must name each time once")
    return _with_requirements(values)


def _with_requirements(values: dict[str, Any]) -> dict[str, Any]:
    """Turns `schedule_id`, the short form of a single requirement, into `requirements`; null
    removes the requirements."""
    if "requirements" not in values and "schedule_id" not in values:
        return values
    schedule_id, bodies = values.pop("schedule_id", None), values.get("requirements")
    if schedule_id is not None and bodies is not None:
        raise Invalid.field("schedule_id", "cannot be given together with requirements")
    if schedule_id is not None:
        requirements = [Requirement(1, [id_named(ids.SCHEDULE, schedule_id)])]
    else:
        requirements = [_requirement(number, body) for number, body in enumerate(bodies or [])]
    if sum(len(requirement.schedule_ids) for requirement in requirements) > MOST_REQUIRED_SCHEDULES:
        most = f"must name at most {MOST_REQUIRED_SCHEDULES} schedules in all"
        raise Invalid.field("requirements", most)
    return values | {"requirements": requirements}


def _requirement(number: int, body: RequirementInput) -> Requirement:
    """Raises NotFound, and Invalid for a weight of a schedule that it does not name."""
    named = {text: id_named(ids.SCHEDULE, text) for text in body.schedule_ids}
    if not body.weights.keys() <= named.keys():
        raise Invalid.field(
            f"requirements.{number}.weights", "must be of schedules of this requirement"
        )
    weights = {named[text]: weight for text, weight in body.weights.items()}
    return Requirement(body.count, [named[text] for text in body.schedule_ids], weights)


def _questions(bodies: list[QuestionInput]) -> list[Question]:
    """Raises Invalid for a key that is used twice, and for options that the kind does not allow."""
    keys: set[str] = set()
    for number, question in enumerate(bodies):
        if question.key in keys:
            raise Invalid.field(f"questions.{number}.key", "is the key of another question")
        keys.add(question.key)
        if wrong := _wrong_options(question):
            raise Invalid.field(f"questions.{number}.options", wrong)
        if question.type is QuestionType.CONSENT and len(links_in(question.label)) > 1:
            raise Invalid.field(f"questions.{number}.label", "may hold one link")
    return [_question(question) for question in bodies]


def _question(body: QuestionInput) -> Question:
    """The question; a consent is always required."""
    required = body.required or body.type is QuestionType.CONSENT
    values = structs.asdict(body) | {"required": required, "options": body.options or None}
    return Question(**values)


def _wrong_options(question: QuestionInput) -> str | None:
    options = question.options or []
    if question.type not in WITH_OPTIONS:
        return "are for select and multiselect alone" if options else None
    if not options:
        return "are required for select and multiselect"
    return "must differ from each other" if len(set(options)) < len(options) else None


_call = Resource("Event types", "/api/v1/event-types", BOOKING_SCOPES, has_versions=True)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_event_types, EventTypeBody, EventTypesQuery),
    _call.create(create_event_type, EventTypeBody, CreateEventType, errors=("SLUG_TAKEN",)),
    _call.get(get_event_type, EventTypeBody),
    _call.update(update_event_type, EventTypeBody, UpdateEventType, errors=("SLUG_TAKEN",)),
    _call.delete(delete_event_type),
)
