"""Lists that go on over several pages."""

from collections.abc import Callable
from typing import Any

from kalends.web.console.request import ConsoleRequest


async def read_page(
    request: ConsoleRequest, use_case: Callable[..., Any], limit: int, *args: Any, **criteria: Any
) -> tuple[list[Any], dict[str, Any]]:
    """What stands on the page that the query asks for, and what the template needs to lead on."""
    offset = offset_in(request)
    listed, total = await request.read(use_case, *args, limit=limit, offset=offset, **criteria)
    return listed, {"total": total, "offset": offset, "limit": limit}


def offset_in(request: ConsoleRequest) -> int:
    """Where a list goes on; what is no number begins it."""
    text = request.query.text("offset")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
