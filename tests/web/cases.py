"""Cases for tests of what a call takes."""

from typing import Any

Cases = list[tuple[str, Any]]


def cases_of(field: str, *values: Any) -> Cases:
    """The field with each of the values."""
    return [(field, value) for value in values]
