"""Kalends at work with a fake Microsoft: an office that has given its consent."""

import httpx

from kalends.compose import Installation
from tests.calendars.consented.office import ConsentedOffice
from tests.calendars.test_busy import at
from tests.fakes.consented import path_of
from tests.fakes.graph_calendar import FakeGraphCalendar
from tests.fakes.microsoft import FakeMicrosoft, notice_of
from tests.world import JSON, World

SCOPES = ["offline_access", "User.Read", "Calendars.ReadWrite"]
WRITING = "Have full access to your calendars"
READ_ALONE = {"offline_access", "User.Read", "Calendars.Read"}


def time_at(hour: float) -> JSON:
    return {"dateTime": f"{at(hour):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


class MicrosoftOffice(ConsentedOffice):
    """An organization whose schedule writes its own Microsoft calendar."""

    CHANNEL_COLUMN = "resource"
    TAKEN, UNKNOWN = 202, 404

    def __init__(self, world: World, home: Installation, microsoft: FakeMicrosoft) -> None:
        self.microsoft = microsoft
        super().__init__(world, home, microsoft, "Calendar")

    @property
    def there(self) -> FakeGraphCalendar:
        return self.microsoft.calendar()

    @property
    def channels(self) -> dict[str, JSON]:
        return self.microsoft.subscriptions

    def ours(self) -> list[JSON]:
        return [event for event in self.there.live() if event["transactionId"]]

    def event_at(self, id_: str, hour: float) -> JSON:
        return {"id": id_, "start": time_at(hour), "end": time_at(hour + 1)}

    def tell(self, channel: JSON, **said: str) -> httpx.Response:
        body = {"value": [notice_of(channel, **(said or {"changeType": "updated"}))]}
        return self.world.stranger.post(path_of(channel["notificationUrl"]), json=body)
