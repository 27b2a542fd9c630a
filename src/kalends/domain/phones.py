"""Telephone numbers as people type them, and in E.164, as telephones dial them (ITU-T E.164)."""

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

# What is shorter is a number only where that country's plan knows it: everything else so short
# is a part of one, or a guess.
SHORTEST_UNKNOWN: Final = 7


def e164_of(typed: str, country: str | None) -> str | None:
    """The number as `+493012345678`; None where no number can be made of what was typed.

    One without `+` is a number of the country (ISO 3166-1 alpha-2). A number whose length fits its
    country counts, though no known range may hold it: ranges are given out faster than any table
    of them is brought up to date. An extension is left out.
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
