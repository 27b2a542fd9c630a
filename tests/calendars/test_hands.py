"""Calendars go with the people whose they are."""

import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.calendars.readings import use
from tests.calendars.test_busy import at
from tests.calendars.test_written_events import WritingOffice
from tests.web.pages.console.desks import SignedInBrowser, make_user
from tests.web.pages.visitors import slug_of
from tests.world import JSON, World

EMAILS = ("first@example.test", "second@example.test")


class PeoplesOffice(WritingOffice):
    """The same, whose schedule is the first of two people, each with calendars."""

    def __init__(self, world: World, home: Installation) -> None:
        super().__init__(world, home)
        self.world = world
        for email in EMAILS:
            make_user(home, world, email, Role.STAFF)
        listed = self.api.get("/api/v1/users").json()["data"]
        self.people = [next(u["id"] for u in listed if u["email"] == email) for email in EMAILS]
        self.calendars = [self.calendar_of(user_id) for user_id in self.people]
        self.give_to(self.people[0])
        use(self.api, self.schedule["id"], self.calendars[0], writes=True)

    def calendar_of(self, user_id: str) -> JSON:
        body = {"provider": "test", "user_id": user_id}
        connection = self.create("calendar-connections", **body)
        path = f"/api/v1/calendar-connections/{connection['id']}/calendars"
        calendar: JSON = self.api.get(path).json()["data"][0]
        return calendar

    def give_to(self, user_id: str) -> None:
        path = f"/api/v1/schedules/{self.schedule['id']}"
        assert self.api.patch(path, json={"user_id": user_id}).status_code == 200


@pytest.fixture
def office(world: World, home: Installation) -> PeoplesOffice:
    return PeoplesOffice(world, home)


def test_events_move_with_a_schedule_to_another_person(office: PeoplesOffice) -> None:
    office.booked(9)
    assert office.settled() == [(office.calendars[0]["id"], 1, at(9))]
    office.give_to(office.people[1])
    assert office.settled() == []
    use(office.api, office.schedule["id"], office.calendars[1], writes=True)
    assert office.settled() == [(office.calendars[1]["id"], 1, at(9))]


def test_bookings_show_nothing_in_calendars_of_who_left(office: PeoplesOffice) -> None:
    booking = office.booked(9)
    assert office.states(booking) == [(office.calendars[0]["id"], "written")]
    desk = SignedInBrowser(office.world, slug=slug_of(office.world))
    answer = desk.submit(f"/users/{office.people[0]}/remove")
    assert answer.status_code == 200, answer.text
    assert office.states(booking) == []
    left = {one["user_id"] for one in office.api.get("/api/v1/calendar-connections").json()["data"]}
    assert office.people[0] not in left
