"""What all forms about one booking share: showing the form, and changing the booking by it."""

from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from kalends.domain.booking import Booking
from kalends.domain.errors import NotFound
from kalends.domain.ids import BOOKING, decode_id, encode_id
from kalends.domain.mail import MailKind
from kalends.runtime.if_match import IfMatch
from kalends.runtime.mails.own import list_kinds_off
from kalends.scheduling.booking_changes import ChangeableBooking
from kalends.services import bookings
from kalends.web.console.request import ConsoleRequest
from kalends.web.http.locked_changes import Update, lock_update
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

Changes = TypeVar("Changes")


@dataclass(frozen=True)
class PostedForm:
    """A posted form about the booking in the path."""

    request: ConsoleRequest
    fields: FormFields
    booking_id: UUID

    @property
    def notify(self) -> bool:
        """Whether mail is sent about the change; it is, unless the form says `notify=no`."""
        return self.fields.get("notify") != "no"

    async def read_booking(self) -> Booking:
        """Raises NotFound."""
        booking: Booking = await self.request.read(bookings.get_booking, self.booking_id)
        return booking

    async def change(
        self, change: Update[ChangeableBooking, Changes, Booking], changes: Changes
    ) -> None:
        """Changes the booking. Raises Stale if it is not the version any more that the form was
        rendered from, and whatever `change` raises."""
        version = _version_in(self.fields)
        lock = partial(bookings.get_changeable, booking_id=self.booking_id, if_match=version)
        await self.request.change(lock_update(lock, change, changes))

    def done(self, name: str, *, is_mailed: bool = True) -> PageAnswer:
        """Redirects to the booking, which then confirms what was done; the words for a change
        without mail do not mention any."""
        done = name if self.notify and is_mailed else f"{name}.quiet"
        return self.request.go(url_of(self.booking_id), done=done)


async def is_attendee_mailed(request: ConsoleRequest, booking: Booking, kind: MailKind) -> bool:
    """Whether the attendee gets this kind of mail about the booking. The organization may have
    switched it off, and nobody is mailed about a booking that has ended."""
    if booking.end_time <= request.page_request.context.clock():
        return False
    off = await request.read(list_kinds_off, booking.event_type_id, booking.attendee_locale)
    return kind not in off


async def read_posted(request: ConsoleRequest) -> PostedForm:
    """Raises NotFound for a path that cannot name a booking."""
    return PostedForm(request, await request.form(), booking_id_in(request))


def booking_id_in(request: ConsoleRequest) -> UUID:
    """The booking's id in the path. Raises NotFound if it cannot be one."""
    booking_id = decode_id(BOOKING, request.path("id"))
    if booking_id is None:
        raise NotFound.with_id(BOOKING, request.path("id"))
    return booking_id


def form_page(
    request: ConsoleRequest, template: str, path: str, booking: Booking, status: int, **values: Any
) -> PageAnswer:
    """A page with a form about the booking. The form is posted to `path`, in which `{id}` stands
    for the booking's public id."""
    id_ = encode_id(BOOKING, booking.id)
    return request.page(
        template,
        "bookings",
        status,
        booking=booking,
        booking_id=id_,
        path=url_of(booking.id),
        here=request.to(path.format(id=id_)),
        **values,
    )


def url_of(booking_id: UUID) -> str:
    return f"/bookings/{encode_id(BOOKING, booking_id)}"


def _version_in(form: FormFields) -> IfMatch:
    """The version that the form was rendered from; if it names none, any version is accepted."""
    text = form.text("seen")
    is_version = text.isascii() and text.isdigit() and len(text) < 10
    return frozenset({int(text)}) if is_version else None
