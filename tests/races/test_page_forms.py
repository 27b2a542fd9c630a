"""One form of a booking page, sent several times at once to several server processes."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.races.conftest import Fleet
from tests.web.pages.visitors import Browser, hidden_in, offered
from tests.world import plus, tomorrow_at

FORMS = 8
SENDINGS = 5
ADA = {"name": "Ada", "email": "ada@example.com"}


@pytest.mark.parametrize("capacity", [1, 3])
@pytest.mark.parametrize("has_hold", [True, False], ids=["held", "not held"])
def test_every_sending_of_one_form_leads_to_its_one_booking(
    fleet: Fleet, capacity: int, has_hold: bool
) -> None:
    world = fleet.new_world()
    path, _ = offered(world, capacity=capacity)
    with Browser(fleet.urls[0]) as visitor, ThreadPoolExecutor(SENDINGS) as pool:
        for number in range(FORMS):
            start = plus(tomorrow_at(0), hours=number)
            if has_hold:
                form = visitor.hold(path, start)
            else:
                form = visitor.get(f"{path}/book", params={"start": start})
            cookies = dict(visitor.cookies) if number % 2 else {}
            sent = [
                pool.submit(_send, fleet.urls[n % len(fleet.urls)], path, form, cookies)
                for n in range(SENDINGS)
            ]
            led = [urlsplit(future.result()).path.split("/")[1] for future in sent]
            assert led == ["booking"] * SENDINGS
    listed = world.api.get("/api/v1/bookings", params={"limit": 500}).json()["data"]
    assert len(listed) == FORMS
    world.close()


def _send(url: str, path: str, form: httpx.Response, cookies: dict[str, str]) -> str:
    """Where it leads; an error is nowhere."""
    data = {**hidden_in(form), **ADA}
    answer = httpx.post(f"{url}{path}/book", data=data, cookies=cookies, timeout=60)
    return str(answer.headers.get("location", f"/{answer.status_code}"))
