"""The mail with a user's day: once a day, at the user's hour, in the user's language and zone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kalends.domain.values import Instant
from kalends.services.agenda_mails import send_due_agendas
from tests.conftest import in_thread
from tests.mail.posting import Post
from tests.mail.reading import text_of, to
from tests.mail.teams import choose, member
from tests.world import JSON, tomorrow_at

AT = "07:30"


def tomorrow() -> date:
    return datetime.now(UTC).date() + timedelta(days=1)


def instant(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def at_work(post: Post, now: datetime, work: Callable[[Any], Any]) -> Any:
    """What is done by a process whose clock shows that time."""

    async def run() -> Any:
        context = replace(post.home.context(), clock=lambda: Instant.of(now))
        try:
            return await work(context)
        finally:
            await context.close()

    return in_thread(run())


def look(post: Post, now: datetime) -> None:
    at_work(post, now, send_due_agendas)


def agendas(post: Post, user: JSON) -> list[Any]:
    return [m for m in to(post.news(), user["email"]) if "Attendee" not in text_of(m)]


def test_the_day_is_told_at_the_hour_asked_for(post: Post) -> None:
    post.world.api.patch("/api/v1/organization", json={"accent_color": "#8a2b5f"})
    ada = member(post, "Ada")
    assert choose(post, ada, agenda_at=AT)["agenda_at"] == AT
    post.world.book(ada["schedule"], tomorrow_at(14), location="Room 7")
    post.world.book(ada["schedule"], tomorrow_at(9), title="Check-up")
    post.world.book(post.world.create_schedule(), tomorrow_at(11))
    look(post, instant(tomorrow(), 7, 29))
    assert agendas(post, ada) == []
    look(post, instant(tomorrow(), 7, 30))
    (mail,) = agendas(post, ada)
    assert str(mail["Subject"]).startswith("Your day: ")
    assert "#8a2b5f" in mail.get_body(("html",)).get_content()
    text = text_of(mail)
    assert "2 appointments" in text
    assert text.index("Check-up") < text.index("Room 7")
    assert "11:00" not in text
    assert f"/calendar?view=day&day={tomorrow().isoformat()}" in text


def test_a_day_without_bookings_is_not_told(post: Post) -> None:
    ada = member(post, "Ada")
    choose(post, ada, agenda_at=AT)
    booking = post.world.book(ada["schedule"], tomorrow_at(9))
    post.world.api.delete(f"/api/v1/bookings/{booking['id']}")
    look(post, instant(tomorrow(), 8))
    assert agendas(post, ada) == []
    post.world.book(ada["schedule"], tomorrow_at(15))
    look(post, instant(tomorrow(), 9))  # that day is settled
    assert agendas(post, ada) == []


def test_many_processes_send_one_also_when_killed(post: Post) -> None:
    ada = member(post, "Ada")
    choose(post, ada, agenda_at=AT)
    post.world.book(ada["schedule"], tomorrow_at(9))

    async def crowd(context: Any) -> None:
        for killed_after in range(40):
            tasks = [asyncio.create_task(send_due_agendas(context)) for _ in range(3)]
            for _ in range(killed_after):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(send_due_agendas(context) for _ in range(8)))

    at_work(post, instant(tomorrow(), 8), crowd)
    assert len(agendas(post, ada)) == 1


def test_a_day_is_that_of_the_users_zone(post: Post) -> None:
    ada = member(post, "Ada")
    path = f"/api/v1/schedules/{ada['schedule']['id']}"
    assert choose(post, ada, agenda_at=AT)["timezone"] == "UTC"
    assert post.world.api.patch(path, json={"timezone": "Asia/Tokyo"}).is_success
    assert choose(post, ada)["timezone"] == "Asia/Tokyo"
    post.world.book(ada["schedule"], tomorrow_at(20))  # the day after, in Tokyo
    look(post, instant(tomorrow(), 7, 30))
    assert agendas(post, ada) == []
    look(post, instant(tomorrow(), 22, 29))
    assert agendas(post, ada) == []
    look(post, instant(tomorrow(), 22, 30))
    (mail,) = agendas(post, ada)
    assert "5:00" in text_of(mail)


def test_an_agenda_whose_time_is_over_begins_tomorrow(post: Post) -> None:
    ada = member(post, "Ada")
    choose(post, ada, agenda_at="00:00")
    post.world.book(ada["schedule"], tomorrow_at(9))
    look(post, datetime.now(UTC))
    assert agendas(post, ada) == []
    look(post, instant(tomorrow(), 0))
    assert len(agendas(post, ada)) == 1


def test_who_has_left_or_turned_it_off_gets_none(post: Post) -> None:
    ada, grace = member(post, "Ada"), member(post, "Grace")
    for user in (ada, grace):
        choose(post, user, agenda_at=AT)
        post.world.book(user["schedule"], tomorrow_at(9))
    choose(post, ada, agenda_at=None)
    post.news()  # what waits for who leaves is not sent
    assert post.world.api.delete(f"/api/v1/users/{grace['id']}").is_success
    look(post, instant(tomorrow(), 8))
    assert agendas(post, ada) == []
