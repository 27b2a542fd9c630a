"""Kalends at work with a fake Google: an office that has given its consent."""

from kalends.compose import Installation
from tests.calendars.consented import CALLBACK, PUBLIC_URL, ConsentedOffice
from tests.fakes.google import CLIENT_ID, CLIENT_SECRET, OWNER, FakeCalendar, FakeGoogle, Quirk
from tests.world import JSON, World

SCOPE = "https://www.googleapis.com/auth/calendar."


def settings_for(google: FakeGoogle) -> dict[str, str]:
    google.redirect_uris = {CALLBACK}
    return {
        "OUTBOUND_ALLOW": "127.0.0.1",
        "PUBLIC_URL": PUBLIC_URL,
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
        "GOOGLE_TEST_URL": google.url,
    }


class GoogleOffice(ConsentedOffice):
    """An organization whose schedule writes its own Google calendar."""

    def __init__(self, world: World, home: Installation, google: FakeGoogle) -> None:
        self.google = google
        super().__init__(world, home, "google", OWNER.partition("@")[0])
        self.refresh_token = list(google.refresh_tokens)[-1]

    @property
    def there(self) -> FakeCalendar:
        return self.google.calendar()

    def ours(self) -> list[JSON]:
        return [event for event in self.there.live() if "extendedProperties" in event]

    def say(self, channel: JSON) -> None:
        """That something has changed, on that channel."""
        path = "/" + channel["address"].split("/", 3)[3]
        headers = {
            "X-Goog-Channel-ID": channel["id"],
            "X-Goog-Channel-Token": channel["token"],
            "X-Goog-Resource-State": "exists",
        }
        for _ in range(2 if self.google.has(Quirk.PUSHES_TWICE) else 1):
            assert self.world.stranger.post(path, headers=headers).status_code == 200
