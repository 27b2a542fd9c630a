"""Cases for tests of what a call takes."""

from typing import Any

Cases = list[tuple[str, Any]]

NO_TEXTS = [5, True, [], {}, "a\x00b", "\ud800", "🎉" * 10_000, "bell\x07"]


def cases_of(field: str, *values: Any) -> Cases:
    """The field with each of the values."""
    return [(field, value) for value in values]


def named_cases() -> Cases:
    """Of what has a name and a description."""
    names = cases_of("name", *NO_TEXTS, None, "", " ", "a\nb")
    return names + cases_of("description", *NO_TEXTS)
