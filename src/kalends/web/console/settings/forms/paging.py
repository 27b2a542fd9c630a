"""Lists with several pages."""

from collections.abc import Callable
from typing import Any

from kalends.web.console.request import ConsoleRequest


async def read_page(
    request: ConsoleRequest, use_case: Callable[..., Any], limit: int, *args: Any, **criteria: Any
) -> tuple[list[Any], dict[str, Any]]:
    """The things on the page that the query asks for, and the template's values for its links."""
    offset = offset_in(request)
    listed, total = await request.read(use_case, *args, limit=limit, offset=offset, **criteria)
    return listed, {"total": total, "offset": offset, "limit": limit}


def offset_in(request: ConsoleRequest) -> int:
    """The offset in the query; 0 if it is missing or not a number."""
    text = request.query.text("offset")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
