"""Links to video calls, as far as creating event types and bookings deals with them: whether the
provider of an event type can make links, and Jitsi links, which need no provider's answer."""

import secrets
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, json

from kalends.domain.booking import Booking, Status
from kalends.domain.errors import Invalid
from kalends.domain.event_type import EventType, EventTypeRules
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.video import VideoLink, VideoProvider, VideoState
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.video import accounts, links

# 192 random bits, which nobody guesses; 32 characters of Base64.
ROOM_BYTES: Final = 24
CALENDARS: Final = {
    VideoProvider.GOOGLE_MEET: "google",
    VideoProvider.MICROSOFT_TEAMS: "microsoft",
}
"""Video providers whose links come with the event in a calendar of that calendar provider."""
FAULTS: Final = {
    VideoProvider.GOOGLE_MEET: FaultCode.CALL_NEEDS_CALENDAR,
    VideoProvider.MICROSOFT_TEAMS: FaultCode.CALL_NEEDS_CALENDAR,
    VideoProvider.JITSI: FaultCode.CALL_NEEDS_SERVER,
}
NEEDS_CALENDAR: Final = "needs a calendar of {} that the first schedule writes"
CALLED: Final = {
    VideoProvider.GOOGLE_MEET: "Google's",
    VideoProvider.MICROSOFT_TEAMS: "Microsoft's",
}
NEEDS_JITSI: Final = "needs a Jitsi server: the operator sets KALENDS_JITSI_URL"
NEEDS_ZOOM: Final = "needs the credentials of Zoom in /api/v1/organization/video"
NEEDS_HOOK: Final = "needs the hook in /api/v1/organization/video"


async def check_video(work: UnitOfWork, rules: EventTypeRules) -> None:
    """Raises Invalid if the event type's video provider cannot make links with the accounts and
    settings that there are now."""
    if rules.video is not None and (fault := await _find_fault(work, rules, rules.video)):
        code = FAULTS.get(rules.video, FaultCode.CALL_NEEDS_ACCOUNT)
        raise Invalid.field("video", fault, Fault(code))


async def _find_fault(
    work: UnitOfWork, rules: EventTypeRules, provider: VideoProvider
) -> str | None:
    if provider is VideoProvider.JITSI:
        return None if work.context.gateways.jitsi_url else NEEDS_JITSI
    if provider in CALENDARS:
        named = [id_ for requirement in rules.requirements for id_ in requirement.schedule_ids]
        if named and await links.writes_with(work.tenant, named[0], CALENDARS[provider]):
            return None
        return NEEDS_CALENDAR.format(CALLED[provider])
    stored = await accounts.find_accounts(work.tenant)
    if provider is VideoProvider.ZOOM:
        return None if stored and stored.has_zoom else NEEDS_ZOOM
    return None if stored and stored.has_hook else NEEDS_HOOK


def new_room(base: str) -> str:
    """The URL of a new room on a Jitsi server; its random name cannot be guessed."""
    return f"{base}/{secrets.token_urlsafe(ROOM_BYTES)}"


async def place_of_call(
    work: UnitOfWork, booking_id: UUID, schedule_id: UUID, event_type: EventType, starts_at: Any
) -> str | None:
    """The link to the call of a new booking, if Jitsi makes it: it is known at once, and all seats
    of a session share it. None for other providers, whose link comes later."""
    base = work.context.gateways.jitsi_url
    if event_type.video is not VideoProvider.JITSI or base is None:
        return None
    has_seats = event_type.capacity > 1
    subject_id = booking_id
    if has_seats:
        subject_id = await links.session_subject(work.tenant, event_type.id, starts_at)
    link = VideoLink(
        subject_id=subject_id,
        schedule_id=schedule_id,
        provider=VideoProvider.JITSI,
        booking_id=None if has_seats else booking_id,
        event_type_id=event_type.id if has_seats else None,
        starts_at=starts_at if has_seats else None,
        generation=1,
        state=VideoState.MADE,
        is_unclear=False,
        url=new_room(base),
        ref=None,
        digest=None,
        error=None,
        wanted_at=work.recorded_at,
        made_at=work.recorded_at,
    )
    return await links.make_link(work.tenant, link)


def shown_video(provider: VideoProvider, state: VideoState, error: str | None = None) -> Raw:
    """The `video` field of a booking."""
    return Raw(json.encode({"provider": provider, "state": state, "error": error}))


def first_video(booking: Booking, event_type: EventType | None, given: str | None) -> Raw | None:
    """The `video` field of a new booking. None without a call: the event type has none, the client
    has `given` a location, or the booking waits to be confirmed."""
    if event_type is None or event_type.video is None or given is not None:
        return None
    if event_type.video is VideoProvider.JITSI and booking.location != event_type.location:
        return shown_video(VideoProvider.JITSI, VideoState.MADE)
    if booking.status is not Status.CONFIRMED:
        return None
    return shown_video(event_type.video, VideoState.WAITING)
