"""A world for a test: an organization of its own, with keys, on the running server.

Tests share one database and one server; each has its own tenant, so none sees another's rows.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import httpx

from kalends.services.setup import MadeOrganization
from tests.transport import PlainTransport

JSON = dict[str, Any]
_emails = itertools.count(1)


class Api(httpx.Client):
    """A client with a key. Answers are looked at by the tests, never raised for."""

    def __init__(self, url: str, key: str | None) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        super().__init__(base_url=url, headers=headers, timeout=30, transport=PlainTransport())


@dataclass
class World:
    url: str
    setup: MadeOrganization
    password: str
    _clients: list[httpx.Client] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """The client with the organization's key of all scopes."""
        return self._client("api", self.setup.api_key)

    @property
    def sandbox(self) -> Api:
        return self._client("sandbox", self.setup.sandbox_api_key)

    @property
    def stranger(self) -> Api:
        """A client without any key."""
        return self._client("stranger", None)

    def with_key(self, key: str) -> Api:
        client = Api(self.url, key)
        self._clients.append(client)
        return client

    def create_schedule(self, **fields: Any) -> JSON:
        """A schedule that is always open, by default."""
        answer = self.api.post("/api/v1/schedules", json={"name": "Room 1", **fields})
        assert answer.status_code == 201, answer.text
        created: JSON = answer.json()["data"]
        return created

    def create_event_type(self, **fields: Any) -> JSON:
        body = {"name": "Consultation", "duration_minutes": 60, **fields}
        answer = self.api.post("/api/v1/event-types", json=body)
        assert answer.status_code == 201, answer.text
        created: JSON = answer.json()["data"]
        return created

    def booking_body(self, schedule: JSON | None = None, start: str = "", **fields: Any) -> JSON:
        """The body of a one-hour booking on the schedule."""
        start = start or tomorrow_at(10)
        body: JSON = {
            "start_time": start,
            "attendee": {"name": "John Doe", "email": f"john{next(_emails)}@example.com"},
        }
        if schedule is not None:
            body |= {"schedule_id": schedule["id"], "end_time": plus(start, minutes=60)}
        return body | fields

    def book(self, schedule: JSON | None = None, start: str = "", **fields: Any) -> JSON:
        body = self.booking_body(schedule, start, **fields)
        answer = self.api.post("/api/v1/bookings", json=body)
        assert answer.status_code == 201, answer.text
        booking: JSON = answer.json()["data"]
        return booking

    @cached_property
    def shared_schedule(self) -> JSON:
        """A schedule for tests that change nothing."""
        return self.create_schedule()

    @cached_property
    def shared_booking(self) -> JSON:
        """A booking for tests that change nothing."""
        return self.book(self.shared_schedule, "2024-01-01T10:00:00Z")

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _client(self, name: str, key: str | None) -> Api:
        known: dict[str, Api] = self.__dict__.setdefault("_named", {})
        if name not in known:
            known[name] = Api(self.url, key)
            self._clients.append(known[name])
        return known[name]


class BookingsByApi:
    """What an office does with bookings that it has."""

    api: Api

    def change(self, booking: JSON, **changes: Any) -> JSON:
        answer = self.api.patch(f"/api/v1/bookings/{booking['id']}", json=changes)
        assert answer.status_code == 200, answer.text
        changed: JSON = answer.json()["data"]
        return changed

    def cancel(self, booking: JSON) -> None:
        assert self.api.delete(f"/api/v1/bookings/{booking['id']}").status_code == 200

    def booking(self, booking: JSON) -> JSON:
        shown: JSON = self.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
        return shown


def tomorrow_at(hour: int, minute: int = 0) -> str:
    day = datetime.now(UTC) + timedelta(days=1)
    return utc_text(day.replace(hour=hour, minute=minute, second=0, microsecond=0))


def plus(start: str, **delta: float) -> str:
    return utc_text(datetime.fromisoformat(start) + timedelta(**delta))


def utc_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
