"""Changes of bookings, and the mail that follows from them."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from kalends.compose import Installation
from tests.conftest import fetch
from tests.smtp import PostOffice
from tests.world import JSON, World


@dataclass
class Post:
    """What is booked and changed in a world, and what is mailed about it."""

    world: World
    office: PostOffice
    home: Installation
    _read: int = 0

    def confirmed(self, start: str = "", **fields: Any) -> JSON:
        """A confirmed booking whose mail was read."""
        schedule = self.world.create_schedule()
        booking = self.patch(self.world.book(schedule, start, **fields), status="CONFIRMED")
        self.news()
        return booking

    def patch(self, booking: JSON, **changes: Any) -> JSON:
        answer = self.world.api.patch(f"/api/v1/bookings/{booking['id']}", json=changes)
        assert answer.status_code == 200, answer.text
        changed: JSON = answer.json()["data"]
        return changed

    def news(self) -> list[EmailMessage]:
        """All mail since it was read last: as much as the changes have set down."""
        organization = self.world.setup.organization_id
        count = f"SELECT count(*) FROM mails WHERE organization_id = '{organization}'"
        written = fetch(self.home, count)[0][0]
        mails = self.office.wait_for(written)
        assert len(mails) == written
        news, self._read = mails[self._read :], written
        return news
