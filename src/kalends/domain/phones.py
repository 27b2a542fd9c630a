"""Converts telephone numbers as people type them to international form (ITU-T E.164)."""

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

# A shorter number has to be in the country's numbering plan: most short ones are only a part of a
# number.
SHORTEST_UNKNOWN: Final = 7


def e164_of(typed: str, country: str | None) -> str | None:
    """The number as `+493012345678`; None if the text is no number.

    A number without `+` is read as one of the country (ISO 3166-1 alpha-2). A length that fits the
    country is enough; the number need not lie in a known range, since new ranges are assigned
    faster than tables are updated. An extension is dropped.
    """
    try:
        number = phonenumbers.parse(typed, country)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    is_short = len(phonenumbers.national_significant_number(number)) < SHORTEST_UNKNOWN
    if is_short and not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
