"""The base class of the structs that requests are read into, and the query of a page."""

from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_type_hints

from msgspec import Struct, structs

from kalends.domain.invisible_characters import is_blank
from kalends.domain.values import Label, Line, Phone, Text
from kalends.formats.described import about

LARGEST_OFFSET: Final = 1_000_000_000
# The metadata of the text types, by which `_optional_texts` recognizes them.
_TEXTS: Final = tuple(get_args(kind)[1] for kind in (Label, Line, Phone, Text))
Limit = Annotated[int, about("The most items to return.", ge=1, le=500)]
Offset = Annotated[int, about("How many to skip.", ge=0, le=LARGEST_OFFSET)]


class RequestModel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body or query: a field that is not described is an error, not a silence. A text that may
    be null and shows nothing is null."""

    def __post_init__(self) -> None:
        for name in _optional_texts(type(self)):
            value = getattr(self, name)
            if isinstance(value, str) and is_blank(value):
                structs.force_setattr(self, name, None)


@cache
def _optional_texts(kind: type[Struct]) -> tuple[str, ...]:
    """The names of the fields that hold either a text for people or null."""
    return tuple(
        name
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if NoneType in (parts := _parts(hint)) and any(part in _TEXTS for part in parts)
    )


def _parts(hint: Any) -> list[Any]:
    """A type with all its alternatives and their metadata, at any depth."""
    inner = [*get_args(hint), *getattr(hint, "__metadata__", ())]
    return [hint, *(part for part in inner for part in _parts(part))]


class PageQuery(RequestModel, frozen=True):
    limit: Limit = 50
    offset: Offset = 0
