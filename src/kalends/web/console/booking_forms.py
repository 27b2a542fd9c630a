"""Forms about one booking: the page of one, and what is changed by what was posted with it."""

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
    """What was posted about the booking that the path names."""

    request: ConsoleRequest
    fields: FormFields
    booking_id: UUID

    @property
    def notify(self) -> bool:
        """Whether mail is sent about the change: unless the form says `notify=no`."""
        return self.fields.get("notify") != "no"

    async def read_booking(self) -> Booking:
        """Raises NotFound."""
        booking: Booking = await self.request.read(bookings.get_booking, self.booking_id)
        return booking

    async def change(
        self, change: Update[ChangeableBooking, Changes, Booking], changes: Changes
    ) -> None:
        """Changes the booking as it was when the form was made. Raises Stale for another version,
        and what `change` raises."""
        version = _version_in(self.fields)
        lock = partial(bookings.get_changeable, booking_id=self.booking_id, if_match=version)
        await self.request.change(lock_update(lock, change, changes))

    def done(self, name: str, *, is_mailed: bool = True) -> PageAnswer:
        """Back to the booking, with what was done by its words: for a change without mail, the ones
        that do not mention it."""
        done = name if self.notify and is_mailed else f"{name}.quiet"
        return self.request.go(url_of(self.booking_id), done=done)


async def is_attendee_mailed(request: ConsoleRequest, booking: Booking, kind: MailKind) -> bool:
    """Whether the attendee gets such a mail about the booking: the organization may have switched
    it off, and nobody is told of what is over."""
    if booking.end_time <= request.page_request.context.clock():
        return False
    off = await request.read(list_kinds_off, booking.event_type_id, booking.attendee_locale)
    return kind not in off


async def read_posted(request: ConsoleRequest) -> PostedForm:
    """Raises NotFound for a path that cannot name a booking."""
    return PostedForm(request, await request.form(), booking_id_in(request))


def booking_id_in(request: ConsoleRequest) -> UUID:
    """Raises NotFound for what cannot be one."""
    booking_id = decode_id(BOOKING, request.path("id"))
    if booking_id is None:
        raise NotFound.with_id(BOOKING, request.path("id"))
    return booking_id


def form_page(
    request: ConsoleRequest, template: str, path: str, booking: Booking, status: int, **values: Any
) -> PageAnswer:
    """A form about the booking, posted to `path`, in which `{id}` is the booking's."""
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
    """The version that the form was made for; any, where it says none."""
    text = form.text("seen")
    is_version = text.isascii() and text.isdigit() and len(text) < 10
    return frozenset({int(text)}) if is_version else None
