"""`/static/{name}`: the files of `static/`, by their hashed names."""

from typing import Final

from kalends.domain.errors import NotFound
from kalends.web.http.routes import Access
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.assets import find_file
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import PageRoute


async def static(request: PageRequest) -> PageAnswer:
    """Serves a file. Raises NotFound."""
    answer = find_file(request.path("name"))
    if answer is None:
        raise NotFound("There is no such file.")
    return answer


PAGES: Final = (PageRoute(method="GET", path="/static/{name}", handler=static, access=Access.OPEN),)
