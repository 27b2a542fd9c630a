"""Handlers of lists: a page of what a use case lists."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kalends.runtime.idempotency import HttpAnswer
from kalends.web.api.models import PageQuery
from kalends.web.http.answers import page, page_in_pieces
from kalends.web.http.call import Call

T = TypeVar("T")


async def answer_page(
    call: Call, query: PageQuery, use_case: Callable[..., Any], show: Callable[[T], Any]
) -> HttpAnswer:
    """The use case takes `limit` and `offset`, and gives a page and how many there are in all."""
    listed, total = await _read(call, query, use_case)
    return page(listed, total, query.limit, query.offset, show)


async def answer_page_in_pieces(
    call: Call, query: PageQuery, use_case: Callable[..., Any], show: Callable[[T], Any]
) -> HttpAnswer:
    """The same, of things that may be large."""
    listed, total = await _read(call, query, use_case)
    return await page_in_pieces(listed, total, query.limit, query.offset, show)


async def _read(
    call: Call, query: PageQuery, use_case: Callable[..., Any]
) -> tuple[Sequence[Any], int]:
    listed: tuple[Sequence[Any], int] = await call.read(
        use_case, limit=query.limit, offset=query.offset
    )
    return listed
