"""What lies between the router and a page: who may see it, whose form it is, what went wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.errors import Unavailable
from kalends.domain.rights import Right
from kalends.runtime.keyring import Keyring
from kalends.runtime.rate_limits import RateLimiter
from kalends.web.http.routes import Access, PathRoutes
from kalends.web.http.sign_ins import SignInSessions
from kalends.web.middleware import RequestMiddleware
from kalends.web.pages.answers import PageAnswer, Stream, send_stream, text
from kalends.web.pages.endpoint import SIGN_IN, PageEndpoint
from kalends.web.pages.request import PageContext, PageLimits, PageRequest
from kalends.web.pages.routes import PageHandler, PageRoute
from kalends.web.pages.safety import form_token
from tests.world import World

Pages = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def pages(home: Installation) -> AsyncIterator[Pages]:
    """Serves one path with these handlers, on the real database."""
    context = home.context()
    keyring = Keyring(context.database)
    page_context = PageContext(
        context, keyring, RateLimiter(), SignInSessions(context, None), PageLimits()
    )

    def serve(access: Access | Right, **handlers: PageHandler) -> httpx.AsyncClient:
        methods = {
            name.upper(): PageRoute(method=name.upper(), path="/it", handler=handler, access=access)
            for name, handler in handlers.items()
        }
        door = RequestMiddleware(PageEndpoint(page_context, PathRoutes("/it", methods)))
        transport = httpx.ASGITransport(door, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://kalends.test")

    yield serve
    await context.database.close()


@pytest.fixture
def session(world: World) -> str:
    """The token of a signed-in admin."""
    credentials = {"email": world.setup.admin_email, "password": world.password}
    answer = httpx.post(f"{world.url}/api/auth/login", json=credentials)
    return str(answer.cookies["kalends_session"])


async def hello(visit: PageRequest) -> PageAnswer:
    return text("hello")


async def take(visit: PageRequest) -> PageAnswer:
    return text((await visit.form()).text("word"))


async def page_that_raises(pages: Pages, error: Exception) -> httpx.Response:
    async def broken(_: PageRequest) -> PageAnswer:
        raise error

    async with pages(Access.OPEN, get=broken) as client:
        return await client.get("/it")


async def test_an_unexpected_error_page_discloses_nothing(pages: Pages) -> None:
    answer = await page_that_raises(pages, RuntimeError("the secret of the house"))
    assert (answer.status_code, answer.headers["content-type"][:9]) == (500, "text/html")
    assert "the secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_database_that_is_away_is_a_page_to_come_back_to(pages: Pages) -> None:
    answer = await page_that_raises(pages, Unavailable("The database is away."))
    assert (answer.status_code, answer.headers["content-type"][:9]) == (503, "text/html")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_visitor_signs_in_and_returns(pages: Pages) -> None:
    async with pages(Right.OWN_ACCOUNT, get=hello, post=take) as client:
        looks = await client.get("/it?a=1&b=2")
        sends = await client.post("/it", data={"word": "x"})
    assert looks.status_code == sends.status_code == 303
    assert looks.headers["location"] == f"{SIGN_IN}?next={quote('/it?a=1&b=2', safe='')}"
    assert sends.headers["location"] == SIGN_IN


async def test_a_signed_in_users_form_needs_the_token_of_our_own_page(
    pages: Pages, session: str
) -> None:
    right, cookie = form_token(session), {"cookie": f"kalends_session={session}"}
    async with pages(Right.OWN_ACCOUNT, post=take) as client:

        async def send(**fields: str) -> int:
            return (await client.post("/it", data=fields, headers=cookie)).status_code

        assert await send(word="x") == 403
        assert await send(word="x", form_token=form_token("another")) == 403
        assert await send(word="x", form_token="") == 403
        assert await send(word="x", form_token=right) == 200
        by_header = {**cookie, "x-form-token": right}
        assert (await client.post("/it", data={"word": "x"}, headers=by_header)).status_code == 200
        foreign = {**by_header, "origin": "https://evil.example"}
        assert (await client.post("/it", data={"word": "x"}, headers=foreign)).status_code == 403


async def test_a_form_that_is_none_is_refused_as_a_page(pages: Pages) -> None:
    async with pages(Access.OPEN, post=take) as client:
        for body, status in (
            (b"\xff\xfe", 422),
            (b"word=%00", 422),
            (b"word=%ff", 422),
            (b"&".join(b"a=1" for _ in range(1001)), 422),
            (b"word=" + b"x" * 1_000_001, 413),
        ):
            answer = await client.post("/it", content=body)
            assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html")
        plain = await client.post("/it", content=b"word=a%0D%0Ab")
        assert plain.text == "a\nb"


async def test_a_stream_ends_when_its_reader_goes_away() -> None:
    sent: list[bytes] = []
    ended = asyncio.Event()
    gone = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            gone.set()
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message.get("body", b""))  # type: ignore[arg-type]

    sending: Awaitable[None] = send_stream(receive, send, "GET", Stream(chunks()), ())  # type: ignore[arg-type]
    await asyncio.wait_for(sending, 10)
    await asyncio.wait_for(ended.wait(), 10)
    assert b"data: 1\n\n" in sent
