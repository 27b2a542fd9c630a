"""The public JSON of a booking: list, get, create, update and webhooks show the same object."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Raw, Struct

from kalends.domain import ids
from kalends.domain.actor import Actor
from kalends.domain.booking import Booking, Host, LocationType, Status
from kalends.domain.calendars.states import LinkState
from kalends.domain.video import VideoProvider, VideoState
from kalends.formats.described import about
from kalends.formats.encoding import encode_raw

LINK_STATES: Final = (
    "`waiting` until it is there, then `written`; `failed` if it cannot be written; `asking` if "
    "it was deleted there and somebody has to decide."
)
VIDEO_STATES: Final = (
    "`waiting` until the link is there, then `made`; `failed` if it cannot be made; `removed` if "
    "the booking is cancelled."
)
WhyNot = Annotated[str | None, about("Why it is not as it should be, as a sentence.")]


class Attendee(Struct, frozen=True):
    """Who comes."""

    name: str
    email: str
    phone: str | None
    timezone: str | None
    notes: str | None
    phone_e164: Annotated[
        str | None,
        about(
            "The phone number in international form (E.164), derived with the organization's "
            "`country`; null if no number can be made of it.",
            "+12345678900",
        ),
    ] = None
    locale: Annotated[
        str | None,
        about(
            "The attendee's language as a tag (BCP 47, canonical): that of the page on which the "
            "booking was made, or as given to the API; null if unknown. It decides how dates and "
            "the clock (12 or 24 hours) look in mail and on pages for the attendee; if it is "
            "null, the organization's country does.",
            "de-CH",
        ),
    ] = None


class External(Struct, frozen=True):
    """Where an imported booking came from."""

    provider: str | None
    uid: str | None


class HostBody(Struct, frozen=True):
    """A user whom the attendee meets: the owner of a schedule that the booking takes."""

    schedule_id: str
    user_id: Annotated[str, about("The user that the schedule belongs to.")]
    name: Annotated[str, about("The schedule's `public_name`.", "Ada Lovelace")]


class CalendarEventOfBooking(Struct, frozen=True):
    """An event for the booking in the calendar that one of its schedules writes."""

    schedule_id: str
    calendar_id: str
    state: Annotated[LinkState, about(LINK_STATES)]
    url: Annotated[str | None, about("Where it can be seen; null if unknown.")]
    error: WhyNot


class VideoOfBooking(Struct, frozen=True):
    """The link to the call of a booking, which stands in its `location`."""

    provider: VideoProvider
    state: Annotated[VideoState, about(VIDEO_STATES)]
    error: WhyNot


class BookingBody(Struct, frozen=True, kw_only=True):
    """A booking. Instants are in UTC and whole seconds; a missing value is null."""

    id: Annotated[str, Meta(examples=["bk_0352lF5NnllfIJ66lPpfc3"])]
    schedule_id: Annotated[str, about("The first schedule that it takes.")]
    schedule_ids: Annotated[list[str], about("All schedules that it takes.")]
    event_type_id: str | None
    status: Status
    start_time: datetime
    end_time: datetime
    timezone: Annotated[str, about("IANA name.", "Europe/Berlin")]
    title: str | None
    location: str | None
    location_type: Annotated[
        LocationType | None,
        about(
            "The kind of place. With in_person, pages and mails show its times to everybody in "
            "the zone of its first schedule."
        ),
    ]
    attendee_name: str
    attendee_email: str
    attendee: Attendee
    answers: dict[str, Any]
    metadata: dict[str, Any]
    source: Annotated[str, about("How it was made: api, page, calcom, …")]
    external: External
    conflict: Annotated[
        bool,
        about("Whether it was imported although its time was taken; then it takes no time here."),
    ]
    cancellation_reason: str | None
    cancelled_by: Annotated[
        Actor | None,
        about("Who cancelled it; null if it is not CANCELLED, or if that is not known."),
    ] = None
    created_at: datetime
    updated_at: datetime
    answers_e164: Annotated[
        dict[str, str | None],
        about(
            "The answers to questions of the type `phone` in E.164, by key; null if no number can "
            "be made of an answer."
        ),
    ] = {}
    hosts: Annotated[
        list[HostBody], about("Its hosts: those of its schedules that belong to a user.")
    ] = []
    needs_new_time: Annotated[
        bool,
        about(
            "Whether the attendee was asked to choose another time because the host is absent; "
            "until then the booking keeps its time."
        ),
    ] = False
    calendar_events: Annotated[
        list[CalendarEventOfBooking], about("Its events in calendars elsewhere.")
    ] = []
    video: Annotated[
        VideoOfBooking | None,
        about("The state of the link to its video call, if its event type has one made."),
    ] = None


class CancelledBookingBody(BookingBody, frozen=True, kw_only=True):
    """A booking that was just cancelled."""

    cancelled: bool


def show_booking(booking: Booking) -> dict[str, Any]:
    """The booking as the API shows it; the fields of `BookingBody`, ready to encode."""
    b = booking
    return {
        "id": ids.encode_id(ids.BOOKING, b.id),
        "schedule_id": ids.encode_id(ids.SCHEDULE, b.schedule_id),
        "schedule_ids": [ids.encode_id(ids.SCHEDULE, id_) for id_ in b.schedule_ids],
        "event_type_id": ids.encode_id_or_none(ids.EVENT_TYPE, b.event_type_id),
        "status": b.status,
        "start_time": b.start_time,
        "end_time": b.end_time,
        "timezone": b.timezone,
        "title": b.title,
        "location": b.location,
        "location_type": b.location_type,
        "attendee_name": b.attendee_name,
        "attendee_email": b.attendee_email,
        "attendee": _attendee(b),
        "answers": b.answers,
        "metadata": b.metadata,
        "source": b.source,
        "external": {"provider": b.external_provider, "uid": b.external_uid},
        "conflict": b.conflict,
        "cancellation_reason": b.cancellation_reason,
        "cancelled_by": b.cancelled_by,
        "created_at": b.created_at,
        "updated_at": b.updated_at,
        "answers_e164": b.answers_e164,
        "hosts": [_host(host) for host in b.hosts],
        "needs_new_time": b.needs_new_time,
        "calendar_events": b.calendar_events,
        "video": b.video,
    }


def _attendee(b: Booking) -> dict[str, Any]:
    return {
        "name": b.attendee_name,
        "email": b.attendee_email,
        "phone": b.attendee_phone,
        "timezone": b.attendee_timezone,
        "notes": b.attendee_notes,
        "phone_e164": b.attendee_phone_e164,
        "locale": b.attendee_locale,
    }


def _host(host: Host) -> dict[str, str]:
    return {
        "schedule_id": ids.encode_id(ids.SCHEDULE, host.schedule_id),
        "user_id": ids.encode_id(ids.USER, host.user_id),
        "name": host.name,
    }


def booking_json(booking: Booking) -> Raw:
    return encode_raw(show_booking(booking))
