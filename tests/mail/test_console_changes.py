"""What staff change in the console, with the choice to tell the attendee or not."""

from collections.abc import Iterator

import pytest

from tests.mail.test_quiet_changes import mails_after_all
from tests.smtp import PostOffice
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import text_of
from tests.world import JSON, World, plus, tomorrow_at

EDITED = {"name": "Jane", "email": "elsewhere@example.com", "location": "Room 9"}
# What each form sends, and what the page says afterwards of mail.
FORMS: list[tuple[str, JSON]] = [
    ("/status", {"status": "CONFIRMED"}),
    ("/cancel", {"reason": "ill"}),
    ("/reschedule", {"start": plus(tomorrow_at(10), hours=2)}),
    ("/reschedule", {"day": tomorrow_at(10)[:10], "time": "15:00", "override": "yes"}),
    ("/edit", EDITED),
]


@pytest.fixture
def user(world: World) -> Iterator[SignedInBrowser]:
    """Signed in at a server whose public address is of https, which its cookies know."""
    user = SignedInBrowser(world)
    for cookie in user.cookies.jar:
        cookie.secure = False
    yield user
    user.close()


@pytest.fixture
def booking(world: World, office: PostOffice) -> JSON:
    """Its first mails have come."""
    made = world.book(world.create_schedule())
    office.wait_for(2)
    return made


each_form = pytest.mark.parametrize(("path", "fields"), FORMS, ids=lambda value: str(value)[:22])


@each_form
def test_every_form_that_changes_a_booking_may_notify_nobody(
    world: World, office: PostOffice, user: SignedInBrowser, booking: JSON, path: str, fields: JSON
) -> None:
    own_page = path if path in ("/edit", "/reschedule") else ""
    page = user.open(f"/bookings/{booking['id']}{own_page}")
    assert "Do not tell John Doe by mail" in text_of(page)
    done = user.submit(f"/bookings/{booking['id']}{path}", **fields, notify="no")
    assert done.url.params["done"], done.text
    assert "is notified by mail" not in text_of(done)
    assert len(mails_after_all(world, office, 2)) == 2


@each_form
def test_every_form_that_changes_a_booking_notifies_by_default(
    office: PostOffice, user: SignedInBrowser, booking: JSON, path: str, fields: JSON
) -> None:
    user.submit(f"/bookings/{booking['id']}{path}", **fields)
    assert len(office.wait_for(3)) >= 3
