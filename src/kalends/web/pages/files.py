"""`/static/{name}`: the files of `static/`, by their hashed names."""

from typing import Final

from kalends.domain.errors import NotFound
from kalends.web.http.routes import Access
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.assets import ANSWERS
from kalends.web.pages.routes import PageRoute
from kalends.web.pages.visit import Visit


async def static(visit: Visit) -> PageAnswer:
    """Raises NotFound."""
    answer = ANSWERS.get(visit.path("name"))
    if answer is None:
        raise NotFound("There is no such file.")
    return answer


PAGES: Final = (PageRoute(method="GET", path="/static/{name}", handler=static, access=Access.OPEN),)
