"""Faults: what is wrong with a value, as codes for which pages have their own sentences."""

from enum import StrEnum
from typing import NamedTuple


class FaultCode(StrEnum):
    """The codes. They are not part of the API, whose errors have an English sentence instead."""

    MISSING = "missing"
    TOO_LONG = "too long"
    TOO_MANY = "too many"
    NONE_CHOSEN = "none chosen"
    TOO_SMALL = "too small"
    TOO_LARGE = "too large"
    NOT_A_NUMBER = "not a number"
    NOT_WHOLE = "not whole"
    UNFIT_CHARACTERS = "unfit characters"
    NOT_AFTER_START = "not after start"
    TOO_FAR_AFTER_START = "too far after start"
    LAST_OWNER = "last owner"
    OWNERS_ALONE = "owners alone"
    TOO_MANY_PLACEHOLDERS = "too many placeholders"
    UNKNOWN_PLACEHOLDER = "unknown placeholder"
    PLACEHOLDER_IN_LINK = "placeholder in link"
    OPEN_BRACE = "open brace"
    TAKEN = "taken"
    NEVER_OFF = "never off"
    NO_PICTURE = "no picture"
    CALL_NEEDS_CALENDAR = "call needs calendar"
    CALL_NEEDS_ACCOUNT = "call needs account"
    CALL_NEEDS_SERVER = "call needs server"


class Fault(NamedTuple):
    """One fault. `limit` is the number that the value has to respect: of characters, items or days,
    or the least or largest value, depending on the code."""

    code: FaultCode
    limit: str | None = None
