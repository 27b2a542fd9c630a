"""Constraints are known by their names, also on a node that has a part of the table."""

import asyncpg
import pytest

from kalends.store.rows import is_violated


@pytest.mark.parametrize(
    ("name", "is_that"),
    [
        ("organizations_name", True),
        ("organizations_name_102008", True),
        ("organizations_name_key", False),
        ("organizations_slug_key", False),
        (None, False),
    ],
)
def test_a_constraint_is_known_by_the_beginning_of_its_name(
    name: str | None, is_that: bool
) -> None:
    error = asyncpg.UniqueViolationError("taken")
    error.constraint_name = name
    assert is_violated(error, "organizations_name") is is_that
