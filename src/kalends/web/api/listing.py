"""Handlers of lists: a page of what a use case lists."""

from collections.abc import Callable
from typing import Any, TypeVar

from kalends.runtime.idempotency import HttpAnswer
from kalends.web.api.models import PageQuery
from kalends.web.http.answers import page
from kalends.web.http.call import Call

T = TypeVar("T")


async def answer_page(
    call: Call, query: PageQuery, use_case: Callable[..., Any], show: Callable[[T], Any]
) -> HttpAnswer:
    """The use case takes `limit` and `offset`, and gives a page and how many there are in all."""
    listed, total = await call.read(use_case, limit=query.limit, offset=query.offset)
    return page(listed, total, query.limit, query.offset, show)
