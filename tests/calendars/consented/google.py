"""Kalends at work with a fake Google: an office that has given its consent."""

import httpx

from kalends.compose import Installation
from tests.calendars.consented.office import ConsentedOffice
from tests.calendars.test_busy import at
from tests.fakes.consented import path_of
from tests.fakes.google import OWNER, FakeGoogle
from tests.world import JSON, World

SCOPE = "https://www.googleapis.com/auth/calendar."
WRITING = "See, create, change, and delete events on Google calendars you own"
READ_ALONE = {SCOPE + "calendarlist.readonly", SCOPE + "events.freebusy"}


class GoogleOffice(ConsentedOffice):
    """An organization whose schedule writes its own Google calendar."""

    CHANNEL_COLUMN = "id"
    TAKEN = UNKNOWN = 200

    def __init__(self, world: World, home: Installation, google: FakeGoogle) -> None:
        self.google = google
        super().__init__(world, home, google, OWNER.partition("@")[0])
        self.refresh_token = list(google.refresh_tokens)[-1]

    @property
    def channels(self) -> dict[str, JSON]:
        return self.google.channels

    def ours(self) -> list[JSON]:
        return [event for event in self.there.live() if "extendedProperties" in event]

    def event_at(self, id_: str, hour: float) -> JSON:
        start, end = (f"{at(hour + n):%Y-%m-%dT%H:%M:%SZ}" for n in (0, 1))
        return {"id": id_, "start": {"dateTime": start}, "end": {"dateTime": end}}

    def tell(self, channel: JSON, **said: str) -> httpx.Response:
        headers = {
            "X-Goog-Channel-ID": channel["id"],
            "X-Goog-Channel-Token": channel["token"],
            "X-Goog-Resource-State": "exists",
            **said,
        }
        return self.world.stranger.post(path_of(channel["address"]), headers=headers)
