"""Field types and checks that several request models share."""

from typing import Annotated, Final

from msgspec import Meta

from kalends.availability.wallclock import UnknownZone, zone_named
from kalends.domain.errors import Invalid
from kalends.domain.values import Day, Instant, parse_day_or_instant
from kalends.formats.countries import country_codes
from kalends.formats.described import about

# A zone of the IANA data for machines whose place is not set yet; it stands for no place.
NO_ZONE: Final = "Factory"
MOST_BOOKINGS_A_DAY: Final = 100_000


def _code(description: str, example: str, pattern: str, shortest: int, longest: int) -> Meta:
    """The metadata of a code from a list that is too long for the OpenAPI description. Lengths are
    in characters."""
    return about(
        description,
        example,
        min_length=shortest,
        max_length=longest,
        extra_json_schema={"pattern": pattern},
    )


def bookings_a_day(description: str, *examples: int) -> Meta:
    """Of how many bookings may start on one day."""
    return about(description, *examples, ge=1, le=MOST_BOOKINGS_A_DAY)


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
