"""What Zoom answers is another's text: it ends no line, and breaks nothing that stores it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kalends.domain.video import Meeting, MeetingAccount, VideoFailed, ZoomLogin, ZoomToken
from kalends.gateways.http import GuardedHttp
from kalends.gateways.zoom.meetings import NOT_UNDERSTOOD, Zoom
from tests.fakes.zoom import ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET, FakeZoom, fake_zoom

LOGIN = ZoomLogin(ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET)
NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
MEETING = Meeting(
    key="k1",
    topic="Call",
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=1),
    timezone="UTC",
    booking_id=None,
    schedule_id="sch_1",
)


class Tokens:
    """One that is valid: see `ZoomTokens`."""

    async def token(self, refused: str | None = None) -> str | VideoFailed:
        return "token"


@pytest.fixture
async def fake() -> AsyncIterator[FakeZoom]:
    async with fake_zoom() as running:
        running.tokens.add("token")
        yield running


@pytest.fixture
def zoom(http: GuardedHttp, fake: FakeZoom) -> Zoom:
    return Zoom(http, fake.url)


@pytest.fixture
def account(zoom: Zoom) -> MeetingAccount:
    return zoom.open("me", Tokens())


@pytest.mark.parametrize(
    "said",
    [{"join_url": "https://zoom.example/\x00"}, {"join_url": "https://zoom.example/\r\nATTENDEE:x"},
     {"join_url": "https://zoom.example/ <b>"}, {"join_url": "https://zoom.example/" + "a" * 2000},
     {"join_url": "http://zoom.example/"}, {"id": "1\x00"}, {"id": "../users/me"}, {"id": True}],
)  # fmt: skip
async def test_what_is_no_meeting_is_not_taken(
    account: MeetingAccount, fake: FakeZoom, said: dict[str, Any]
) -> None:
    fake.says["meeting"] = said
    assert await account.make(MEETING) == NOT_UNDERSTOOD


async def test_its_message_is_one_short_line(account: MeetingAccount, fake: FakeZoom) -> None:
    fake.says["refusal"] = {"code": 300, "message": "No\x00such\r\nuser" + "!" * 900}
    answer = await account.make(MEETING)
    assert isinstance(answer, VideoFailed)
    assert answer.reason.startswith("Zoom answers 400: No such user!")
    assert len(answer.reason) < 250


@pytest.mark.parametrize("token", ["a\r\nX: 1", "\u20ac", "", "a" * 20_000, []])
async def test_what_is_no_token_is_not_taken(zoom: Zoom, fake: FakeZoom, token: Any) -> None:
    fake.says["token"] = {"access_token": token}
    assert isinstance(await zoom.ask_token(LOGIN), VideoFailed)


async def test_no_token_lasts_for_ever(zoom: Zoom, fake: FakeZoom) -> None:
    fake.says["token"] = {"expires_in": 10**15}
    answer = await zoom.ask_token(LOGIN)
    assert isinstance(answer, ZoomToken)
    assert NOON + timedelta(seconds=answer.seconds) > NOON
