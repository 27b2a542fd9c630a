"""A word that is none of those that a field may be is refused with those."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType, json

from kalends.domain.errors import Invalid
from kalends.web.http.reading import read_body, read_query


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark blue"


class Thing(Struct, frozen=True):
    colour: Annotated[Colour | None, Meta(description="Of the thing.")] | UnsetType = UNSET


class Shape(Struct, frozen=True, rename={"order": "sort-order"}):
    order: Literal["up", "down"] = "up"
    colours: list[Colour] = []
    things: list[Thing] = []
    named: dict[str, Thing] = {}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"sort-order": "left"}, "sort-order", "down, up"),
        ({"colours": ["red", "left"]}, "colours.1", "red, dark blue"),
        ({"things": [{"colour": "left"}]}, "things.0.colour", "red, dark blue"),
        ({"named": {"a": {"colour": "left"}}}, "named.colour", "red, dark blue"),
    ],
)
def test_the_error_says_which_words_there_are(body: object, field: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_body(json.encode(body), Shape)
    (detail,) = refused.value.details
    assert (detail.field, detail.message) == (field, f"cannot be 'left'; it is one of {words}")


def test_a_parameter_says_so_too() -> None:
    with pytest.raises(Invalid, match="cannot be 'left'; it is one of down, up"):
        read_query(b"sort-order=left", Shape)
