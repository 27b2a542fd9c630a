"""Brings the video links of one booking, or of the seats of a session, to the wanted state.

Nothing is planned in advance: the worker that holds the lane's lease reads the wanted and the known
state, and sends the difference. Before it requests a meeting it marks the link as unclear. Whoever
finds an unclear link, because the answer got lost or the process was killed, looks for the meeting
before it requests another.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from msgspec import Struct, structs

from kalends.domain.video import (
    Meeting,
    MeetingAccount,
    MeetingMade,
    MeetingPending,
    NoMeeting,
    VideoFailed,
    VideoLink,
    VideoProvider,
    VideoState,
)
from kalends.runtime.unit_of_work import Context
from kalends.runtime.waits import Waits
from kalends.scheduling.video import CALENDARS
from kalends.services.video.openers import Open
from kalends.services.video.reports import report_failing
from kalends.services.video.telling import (
    LinkPlace,
    note_failure,
    show_state,
    store_link,
    tell_location,
)
from kalends.services.video.wanted import (
    Surroundings,
    WantedLink,
    digest_of,
    meeting_of,
    wanted_link,
)
from kalends.store.outbox.video_lanes import DueVideoLane, destination_of
from kalends.store.video import links

MOST_GENERATIONS: Final = 2
# How long a provider may take to make a meeting; then a person has to look into it.
PENDING_FOR: Final = timedelta(hours=1)
# A failure that may pass is reported only after this; mail has gone out without the link by then.
REPORTED_AFTER: Final = timedelta(minutes=15)
PENDING_PAUSES: Final = ((10, 1), (60, 3))
LAST_PENDING_PAUSE: Final = timedelta(minutes=1)
NEVER_MADE: Final = VideoFailed(
    reason="the provider has not made the link for an hour", is_refused=True, is_final=True
)
RESTLESS: Final = VideoFailed(reason="the meeting is gone again and again")


class _Lane(Struct, frozen=True):
    """A lane that is being settled: the state around its links, and how to open accounts."""

    place: LinkPlace
    around: Surroundings
    openers: Mapping[VideoProvider, Open]

    async def open(self, link: VideoLink) -> MeetingAccount | VideoFailed:
        open_account = self.openers[link.provider]
        return await open_account(self.place.context, self.place.organization_id, link)


async def settle_lane(
    context: Context, lane: DueVideoLane, openers: Mapping[VideoProvider, Open]
) -> Waits | None:
    """Brings the lane's links to the wanted state; None when it is done. Raises Unavailable."""
    found, around, place_of_type = await _load(context, lane)
    if around is None:
        return None
    at_work = _Lane(LinkPlace(context, lane.organization_id), around, openers)
    of_lane = [
        link
        for link in found
        if destination_of(link.provider) == lane.destination_id
        and link.state is not VideoState.REMOVED
    ]
    waits: Waits | None = None
    unwanted: list[VideoLink] = []
    for link in of_lane:
        wanted = wanted_link(link, around)
        if wanted is None:
            unwanted.append(link)
        elif isinstance(wanted, WantedLink):
            waits = await _reach(at_work, link, wanted) or waits
    if waits is not None:
        return waits  # keep the present link until there is another one
    for link in unwanted:
        waits = await _remove(at_work, link, place_of_type) or waits
    return waits


async def _load(
    context: Context, lane: DueVideoLane
) -> tuple[list[VideoLink], Surroundings | None, str | None]:
    async with context.database.tenant_connection(lane.organization_id) as tenant:
        found = await links.list_links(tenant, lane.lane_id)
        if not found:
            return [], None, None
        booked = await links.list_bookings(tenant, found[0])
        event_type_id = booked[0].event_type_id if booked else None
        location, has_seats = await links.find_place(tenant, event_type_id)
        places = [booking.location for booking in booked if booking.location is not None]
        own = await links.list_own_urls(tenant, event_type_id, places)
    known = {location, *own, *(link.url for link in found)}
    now = context.clock()
    around = Surroundings(lane.organization_id, booked, known, has_seats, now)
    return found, around, location


async def _reach(lane: _Lane, link: VideoLink, wanted: WantedLink) -> Waits | None:
    """Makes the meeting or tells the provider of changes, then writes the link into the
    bookings."""
    digest = digest_of(wanted.meeting)
    is_right = link.state is VideoState.MADE and link.digest == digest
    is_right = is_right or (link.provider is VideoProvider.JITSI and link.url is not None)
    # The event in the calendar may be another one now, even if the meeting has not changed.
    if not is_right or link.provider in CALENDARS:
        account = await lane.open(link)
        if isinstance(account, VideoFailed):
            return await _failed(lane, link, wanted, account)
        done = await _bring(lane, link, wanted, account)
        if not isinstance(done, VideoLink):
            return done
        link = done
    for booking in wanted.bookings:
        if booking.location != link.url:
            own = [place for place in lane.around.own_places if place is not None]
            await tell_location(lane.place, link, booking.id, own, link.url)
    return None


async def _bring(
    lane: _Lane, link: VideoLink, wanted: WantedLink, account: MeetingAccount
) -> VideoLink | Waits | None:
    """The link after making or changing its meeting. The call of a calendar event that failed is
    requested under a new key, since Google ignores a second request under the first."""
    if link.state is VideoState.FAILED and link.provider in CALENDARS:
        link = await _begin_anew(lane, link)
    for _ in range(MOST_GENERATIONS):
        meeting = _named(lane, link, wanted.meeting)
        if link.state is not VideoState.MADE:
            return await _make(lane, link, wanted, meeting, account)
        answer = await account.change(link.ref or "", meeting)
        if answer is None:
            changed = structs.replace(link, digest=digest_of(wanted.meeting), error=None)
            await store_link(lane.place, changed)
            return changed
        if isinstance(answer, VideoFailed):
            return await _failed(lane, link, wanted, answer)
        link = await _begin_anew(lane, link)
    return await _failed(lane, link, wanted, RESTLESS)


def _named(lane: _Lane, link: VideoLink, meeting: Meeting) -> Meeting:
    """The meeting with the key of the link's generation."""
    key = meeting_of(link, lane.around.booked[0], lane.around.organization_id).key
    return structs.replace(meeting, key=key)


async def _begin_anew(lane: _Lane, link: VideoLink) -> VideoLink:
    """The link in its next generation, under a new key."""
    now, place = lane.around.now, lane.place
    async with place.context.database.tenant_connection(place.organization_id) as tenant:
        await links.begin_anew(tenant, link, now)
    return structs.replace(
        link,
        generation=link.generation + 1,
        state=VideoState.WAITING,
        is_unclear=False,
        url=None,
        ref=None,
        digest=None,
        wanted_at=now,
    )


async def _make(
    lane: _Lane, link: VideoLink, wanted: WantedLink, meeting: Meeting, account: MeetingAccount
) -> VideoLink | Waits | None:
    """Makes the meeting. If an earlier request had no answer, looks for the meeting first."""
    answer = await account.find(meeting) if link.is_unclear else NoMeeting()
    if isinstance(answer, NoMeeting):
        link = structs.replace(link, is_unclear=True)
        if not await store_link(lane.place, link):
            return None
        answer = await account.make(meeting)
    if isinstance(answer, MeetingPending):
        return await _pending(lane, link, wanted, answer)
    if isinstance(answer, VideoFailed):
        return await _failed(lane, link, wanted, answer)
    assert isinstance(answer, MeetingMade)
    made = structs.replace(
        link,
        state=VideoState.MADE,
        is_unclear=False,
        url=answer.url,
        ref=answer.ref,
        digest=digest_of(wanted.meeting),
        error=None,
        made_at=lane.place.context.clock(),
    )
    return made if await store_link(lane.place, made) else None


async def _pending(
    lane: _Lane, link: VideoLink, wanted: WantedLink, answer: MeetingPending
) -> Waits | None:
    age = lane.around.now - link.wanted_at
    if age > PENDING_FOR:
        return await _failed(lane, link, wanted, NEVER_MADE)
    return Waits("the link is being made", max(_pause(age), answer.after), is_postponed=True)


def _pause(age: timedelta) -> timedelta:
    for until, seconds in PENDING_PAUSES:
        if age < timedelta(seconds=until):
            return timedelta(seconds=seconds)
    return LAST_PENDING_PAUSE


async def _failed(
    lane: _Lane, link: VideoLink, wanted: WantedLink | None, failure: VideoFailed
) -> Waits | None:
    """Records why it is not done, for the organization to see. A final failure waits for a change
    of the booking or of the accounts. An existing link stays."""
    is_there = link.state is VideoState.MADE
    noted = structs.replace(
        link,
        state=VideoState.FAILED if failure.is_final and not is_there else link.state,
        is_unclear=link.is_unclear and not failure.is_refused,
        error=f"It could not be done: {failure.reason}.",
    )
    if await store_link(lane.place, noted):
        note_failure(lane.place, noted, failure)
        if wanted is not None:
            await show_state(lane.place, noted, [one.id for one in wanted.bookings])
            if failure.is_final or lane.around.now - link.wanted_at > REPORTED_AFTER:
                await report_failing(lane.place, link.provider, failure, wanted.bookings[0])
    return None if failure.is_final else Waits(failure.reason, failure.after)


async def _remove(lane: _Lane, link: VideoLink, place_of_type: str | None) -> Waits | None:
    """Removes the meeting, if there is one or may be one."""
    if link.state is VideoState.MADE or link.is_unclear:
        account = await lane.open(link)
        if isinstance(account, VideoFailed):
            failure: VideoFailed | None = account
        else:
            failure = await _take_away(lane, link, account)
        if failure is not None and not failure.is_final:
            return await _failed(lane, link, None, failure)
    gone = structs.replace(
        link, state=VideoState.REMOVED, is_unclear=False, ref=None, digest=None, error=None
    )
    if not await store_link(lane.place, gone):
        return None
    left = [one for one in lane.around.booked if one.schedule_id == link.schedule_id]
    await show_state(lane.place, gone, [one.id for one in left])
    for booking in lane.around.booked:
        if booking.location == link.url and booking.location is not None:
            own = [link.url or ""]
            here = structs.replace(gone, schedule_id=booking.schedule_id)
            await tell_location(lane.place, here, booking.id, own, place_of_type)
    return None


async def _take_away(lane: _Lane, link: VideoLink, account: MeetingAccount) -> VideoFailed | None:
    if not lane.around.booked:
        return None
    meeting = meeting_of(link, lane.around.booked[0], lane.around.organization_id)
    ref = link.ref
    if link.is_unclear:
        found = await account.find(meeting)
        if isinstance(found, VideoFailed):
            return found
        ref = found.ref if isinstance(found, MeetingMade) else ref
    return await account.remove(ref, meeting)
