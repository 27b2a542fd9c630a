"""Stores the state of a link, and writes it into the bookings that it is for."""

from collections.abc import Collection
from uuid import UUID

import structlog
from msgspec import Struct, structs

from kalends.domain.access import Mode
from kalends.domain.booking import Booking, LocationType, Status
from kalends.domain.mail import Mail, is_same_mailbox
from kalends.domain.video import VideoFailed, VideoLink, VideoState
from kalends.domain.webhook import EventName
from kalends.runtime import outbox
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.scheduling.video import shown_video
from kalends.services.video.wanted import is_own
from kalends.store.bookings import bookings
from kalends.store.notifier import MAILS_CHANNEL
from kalends.store.video import links

log = structlog.get_logger("kalends.video")

ACTOR = "kalends"


class LinkPlace(Struct, frozen=True):
    """The organization whose links are being made, and the context."""

    context: Context
    organization_id: UUID

    @property
    def caller(self) -> Caller:
        return Caller(self.organization_id, Mode.LIVE, ACTOR, source=ACTOR)


async def store_link(place: LinkPlace, link: VideoLink) -> bool:
    """Stores the link. False if it is in another generation now."""
    async with place.context.database.tenant_connection(place.organization_id) as tenant:
        return await links.update_link(tenant, link)


async def tell_location(
    place: LinkPlace, link: VideoLink, booking_id: UUID, own: Collection[str | None], to: str | None
) -> None:
    """Moves the booking to the link, or from it to another place: None where there is none."""
    await change(place.context, place.caller, _move_call, link, booking_id, own, to)


async def _move_call(
    work: UnitOfWork,
    link: VideoLink,
    booking_id: UUID,
    own: Collection[str | None],
    to: str | None,
) -> None:
    """Changes the location of the booking, with an event and its mails, unless the booking has
    changed so that the link is not for it any more."""
    before = await bookings.lock_booking(work.tenant, booking_id)
    if before is None or not _is_for(before, link, own) or before.location == to:
        return
    after = structs.replace(
        before,
        location=to,
        location_type=before.location_type or LocationType.VIDEO,
        updated_at=work.recorded_at,
        version=before.version + 1,
        video=shown_video(link.provider, link.state, link.error),
    )
    work.held_mails += _last_to_each(await links.lock_held_mails(work.tenant, booking_id))
    await bookings.update_booking(work.tenant, after)
    await outbox.record_event(work, EventName.UPDATED, after, before=before)
    await _show(work, [booking_id], link)


def _is_for(booking: Booking, link: VideoLink, own: Collection[str | None]) -> bool:
    return (
        booking.status == Status.CONFIRMED
        and booking.schedule_id == link.schedule_id
        and is_own(booking.location, {*own, link.url})
    )


def _last_to_each(held: list[Mail]) -> list[Mail]:
    """The last held mail to each reader, which will report the link. Earlier ones are sent as they
    are."""
    last: list[Mail] = []
    for mail in reversed(held):
        if not any(
            later.audience == mail.audience and is_same_mailbox(later.recipient, mail.recipient)
            for later in last
        ):
            last.append(mail)
    return last


async def show_state(place: LinkPlace, link: VideoLink, booking_ids: list[UUID]) -> None:
    """Writes the state of the link into the bookings. Unless the link is still being made, releases
    the mails that are held for it."""
    await change(place.context, place.caller, _show, booking_ids, link)


async def _show(work: UnitOfWork, booking_ids: list[UUID], link: VideoLink) -> None:
    shown = shown_video(link.provider, link.state, link.error)
    for booking_id in booking_ids:
        await links.show_link(work.tenant, booking_id, shown)
    if link.state is VideoState.WAITING:
        return
    if await links.release_held_mails(work.tenant, booking_ids):
        work.notifications.add(MAILS_CHANNEL)


def note_failure(place: LinkPlace, link: VideoLink, failure: VideoFailed) -> None:
    log.warning(
        "video_link_not_made",
        organization=str(place.organization_id),
        provider=link.provider.value,
        reason=failure.reason,
    )
