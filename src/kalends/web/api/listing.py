"""What handlers of lists share: answering with a page of what a use case lists."""

from collections.abc import Callable
from typing import Any, TypeVar

from kalends.runtime.idempotency import HttpAnswer
from kalends.web.http.answers import page
from kalends.web.http.call import Call
from kalends.web.http.request_models import PageQuery

T = TypeVar("T")


async def answer_page(
    call: Call, query: PageQuery, use_case: Callable[..., Any], show: Callable[[T], Any]
) -> HttpAnswer:
    """Answers with a page of the list. The use case takes `limit` and `offset`; it returns the
    things on that page and how many there are in total."""
    listed, total = await call.read(use_case, limit=query.limit, offset=query.offset)
    return page(listed, total, query.limit, query.offset, show)
