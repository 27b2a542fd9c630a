"""Path parameters for slugs. An organization's slug is anything but the first segments of our own
paths."""

import re
from typing import Final

from starlette.convertors import Convertor, register_url_convertor

from kalends.domain.slugs import RESERVED


class Tenant(Convertor[str]):
    """An organization's slug in a path, `{organization:tenant}`."""

    regex = rf"(?!(?:{'|'.join(map(re.escape, sorted(RESERVED)))})(?:[/.]|$))[a-z0-9][a-z0-9-]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class Slug(Convertor[str]):
    """An event type's slug, `{event_type:slug}`."""

    regex = "[a-z0-9][a-z0-9-]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("tenant", Tenant())
register_url_convertor("slug", Slug())

ORGANIZATION_PATH: Final = "/{organization:tenant}"
EVENT_TYPE_PATH: Final = ORGANIZATION_PATH + "/{event_type:slug}"
