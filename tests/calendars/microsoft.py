"""Kalends at work with a fake Microsoft: an office that has given its consent."""

import httpx

from kalends.compose import Installation
from tests.calendars.consented import CALLBACK, PUBLIC_URL, ConsentedOffice
from tests.fakes.graph_calendar import FakeGraphCalendar
from tests.fakes.microsoft import (
    CLIENT_ID,
    CLIENT_SECRET,
    FakeMicrosoft,
    Quirk,
    notice_of,
    path_of,
)
from tests.world import JSON, World

SCOPES = ["offline_access", "User.Read", "Calendars.ReadWrite"]


def settings_for(microsoft: FakeMicrosoft) -> dict[str, str]:
    microsoft.redirect_uris = {CALLBACK}
    return {
        "OUTBOUND_ALLOW": "127.0.0.1",
        "PUBLIC_URL": PUBLIC_URL,
        "MICROSOFT_CLIENT_ID": CLIENT_ID,
        "MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
        "MICROSOFT_TEST_URL": microsoft.url,
    }


class MicrosoftOffice(ConsentedOffice):
    """An organization whose schedule writes its own Microsoft calendar."""

    def __init__(self, world: World, home: Installation, microsoft: FakeMicrosoft) -> None:
        self.microsoft = microsoft
        super().__init__(world, home, "microsoft", "Calendar")

    @property
    def there(self) -> FakeGraphCalendar:
        return self.microsoft.calendar()

    def ours(self) -> list[JSON]:
        return [event for event in self.there.live() if event["transactionId"]]

    def say(self, subscription: JSON, status: int = 202, **said: str) -> httpx.Response:
        """That something has changed in the mailbox, or what else is said of the subscription."""
        body = {"value": [notice_of(subscription, **(said or {"changeType": "updated"}))]}
        path = path_of(subscription["notificationUrl"])
        for _ in range(2 if self.microsoft.has(Quirk.PUSHES_TWICE) else 1):
            answer = self.world.stranger.post(path, json=body)
            assert answer.status_code == status, answer.text
        return answer
