"""An organization whose bookings have links to calls."""

import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from kalends.compose import Installation
from tests.conftest import fetch, run
from tests.fakes.zoom import ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET, FakeZoom
from tests.smtp import PostOffice
from tests.world import JSON, BookingsByApi, World, plus, tomorrow_at

ACCOUNTS = "/api/v1/organization/video"
ZOOM = {"account_id": ACCOUNT_ID, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
SECONDS = 60


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


class CallOffice(BookingsByApi):
    """Two schedules and an event type whose links a provider makes."""

    def __init__(
        self, world: World, home: Installation, office: PostOffice, zoom: FakeZoom
    ) -> None:
        self.world, self.api, self.home, self.zoom = world, world.api, home, zoom
        self.office = office
        self.schedule, self.other = world.create_schedule(), world.create_schedule(name="Room 2")

    def set_up(self, **accounts: Any) -> JSON:
        answer = self.api.put(ACCOUNTS, json=accounts)
        assert answer.status_code == 200, answer.text
        put: JSON = answer.json()["data"]
        return put

    def event_type(self, video: str | None, **fields: Any) -> JSON:
        group = {"count": 1, "schedule_ids": [self.schedule["id"], self.other["id"]]}
        terms = {"name": "Call", "requires_confirmation": False, "requirements": [group]}
        return self.world.create_event_type(**terms | {"video": video} | fields)

    def zoom_type(self, **fields: Any) -> JSON:
        self.set_up(zoom=ZOOM)
        return self.event_type("zoom", **fields)

    def book(self, event_type: JSON, hour: int = 10, **fields: Any) -> JSON:
        on = {"schedule_id": self.schedule["id"], "event_type_id": event_type["id"]}
        return self.world.book(None, tomorrow_at(hour), **on | fields)

    def move(self, booking: JSON, hour: int) -> JSON:
        start = tomorrow_at(hour)
        return self.change(booking, start_time=start, end_time=plus(start, minutes=60))

    def linked(self, booking: JSON) -> str:
        """The link of the booking, when it has one."""
        return str(self.wait_for(lambda: self.booking(booking)["location"]))

    def state(self, booking: JSON) -> str | None:
        video = self.booking(booking)["video"]
        return None if video is None else str(video["state"])

    def events(self, booking: JSON) -> list[JSON]:
        listed = self.api.get("/api/v1/event-log", params={"limit": 100}).json()["data"]
        return [one for one in listed if one["data"]["id"] == booking["id"]]

    def mails(self, booking: JSON, count: int) -> list[EmailMessage]:
        """Those to the attendee, when there are so many."""

        def came() -> list[EmailMessage]:
            to = booking["attendee"]["email"]
            return [mail for mail in self.office.messages if to in str(mail["to"])]

        self.wait_for(lambda: len(came()) >= count)
        return came()

    def is_settled(self) -> bool:
        """Whether nothing waits for a provider."""
        waiting = fetch(
            self.home,
            "SELECT 1 FROM webhook_lanes WHERE channel = 'video' AND waiting > 0"
            " AND organization_id = $1",
            self.world.setup.organization_id,
        )
        return not waiting

    def try_again(self) -> None:
        """What waits after a failure is due now."""
        run(
            self.home,
            "UPDATE webhook_lanes SET due_at = now() WHERE channel = 'video' AND waiting > 0"
            " AND due_at > now() + interval '2 seconds'",
        )

    def let_the_wait_pass(self) -> None:
        """Mail has waited for links for fifteen seconds."""
        for table, moment in (("deliveries", "not_before"), ("webhook_lanes", "due_at")):
            run(
                self.home,
                f"UPDATE {table} SET {moment} = now() WHERE channel = 'mail' AND {moment} > now()",
            )

    def wait_for(self, check: Callable[[], Any]) -> Any:
        until = time.monotonic() + SECONDS
        while not (found := check()):
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.05)
        return found

    def until(self, check: Callable[[], Any]) -> Any:
        """Waits, and has what waits tried again."""

        def is_so() -> Any:
            self.try_again()
            return check()

        return self.wait_for(is_so)
