"""`/static/pictures/{owner}/{name}`: the pictures of organizations, by their hashed names."""

from typing import Final

from kalends.domain.errors import NotFound
from kalends.domain.ids import ORGANIZATION
from kalends.domain.pictures import media_type_of
from kalends.formats.pictures import PICTURES_PATH
from kalends.services import pictures
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.assets import FOR_GOOD
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import open_route

# Webmail shows pictures in pages of another site.
HEADERS: Final = (("cache-control", FOR_GOOD), ("cross-origin-resource-policy", "cross-origin"))


async def show(request: PageRequest) -> PageAnswer:
    """Raises NotFound."""
    organization_id, name = id_named(ORGANIZATION, request.path("owner")), request.path("name")
    media_type = media_type_of(name)
    if media_type is None or len(name) > 100 or "\x00" in name:
        raise NotFound("There is no such picture.")
    content = await pictures.get_picture(request.context, organization_id, name)
    return PageAnswer(content, 200, media_type, HEADERS)


PAGES: Final = (open_route("GET", f"{PICTURES_PATH}/{{owner}}/{{name}}", show),)
