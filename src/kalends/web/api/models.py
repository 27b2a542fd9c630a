"""Base class, field types and checks that several request models share."""

from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_type_hints

from msgspec import Meta, Struct, structs

from kalends.availability.wallclock import UnknownZone, zone_named
from kalends.domain.errors import Invalid
from kalends.domain.invisible_characters import is_blank
from kalends.domain.values import Day, Instant, Label, Line, Phone, Text, parse_day_or_instant
from kalends.formats.countries import country_codes

# A zone of the IANA data for machines whose place is not set yet; it stands for no place.
NO_ZONE: Final = "Factory"
LARGEST_OFFSET: Final = 1_000_000_000
MOST_BOOKINGS_A_DAY: Final = 100_000
# The metadata of the text types, by which `_optional_texts` recognizes them.
_TEXTS: Final = tuple(get_args(kind)[1] for kind in (Label, Line, Phone, Text))
Limit = Annotated[int, Meta(ge=1, le=500, description="How many, at the most.")]
Offset = Annotated[int, Meta(ge=0, le=LARGEST_OFFSET, description="How many to skip.")]


def _code(description: str, example: str, pattern: str, shortest: int, longest: int) -> Meta:
    """The metadata of a code from a list that is too long for the OpenAPI description. Lengths are
    in characters."""
    return Meta(
        min_length=shortest,
        max_length=longest,
        description=description,
        examples=[example],
        extra_json_schema={"pattern": pattern},
    )


def bookings_a_day(description: str, **more: Any) -> Meta:
    """Of how many bookings may start on one day."""
    return Meta(ge=1, le=MOST_BOOKINGS_A_DAY, description=description, **more)


ZoneName = Annotated[
    str, _code("An IANA time-zone name.", "Europe/Berlin", "^[A-Za-z0-9_+/-]+$", 1, 64)
]
CountryCode = Annotated[str, _code("An ISO 3166-1 alpha-2 code.", "DE", "^[A-Z]{2}$", 2, 2)]
# The pattern of an address that pages link to: ASCII, without a user, with a numeric port if any.
HTTPS_ADDRESS: Final = (
    r"^https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:[/?#][!-~]*)?(?![\s\S])"
)
# `day_or_instant` parses it. It is plain text in the models, so that the error can name the field.
DayOrInstant = Annotated[
    str, Meta(extra_json_schema={"anyOf": [{"format": "date"}, {"format": "date-time"}]})
]


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


def check_zone(field: str, name: str | None) -> None:
    """Raises Invalid unless the name is None or that of a time zone."""
    if name is None:
        return
    try:
        if name == NO_ZONE:
            raise UnknownZone(name)
        zone_named(name)
    except UnknownZone:
        raise Invalid.field(
            field, "must be an IANA time-zone name, such as Europe/Berlin"
        ) from None


def check_country(field: str, code: str | None) -> None:
    """Raises Invalid unless the code is None or that of a country."""
    if code is not None and code not in country_codes():
        raise Invalid.field(field, "must be an ISO 3166-1 alpha-2 code, such as DE")


def day_or_instant(field: str, text: str) -> Day | Instant:
    """The day or instant in the text. Raises Invalid, which names the field."""
    try:
        return parse_day_or_instant(text)
    except ValueError as error:
        raise Invalid.field(field, str(error)) from None
