"""Comma-separated values: text stays text, in spreadsheets too."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.formats.sheets import inert_cell, sheet_lines

BEGINNINGS = "=+-@\t\r"


@pytest.mark.parametrize("beginning", [*BEGINNINGS, "\n", "＝", " =", "\u00a0@"])
def test_what_begins_as_a_formula_gets_an_apostrophe(beginning: str) -> None:
    assert inert_cell(f"{beginning}1+1") == f"'{beginning}1+1"


@pytest.mark.parametrize("text", ["", "Ada", "1-1", "a@example.com", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert inert_cell(text) == text


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2), min_size=1))
def test_cells_come_back_as_they_were_and_none_begins_a_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(sheet_lines(rows).decode(), newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in read] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not any(cell.startswith(tuple(BEGINNINGS)) for row in read for cell in row)


def test_nothing_is_an_empty_cell() -> None:
    assert sheet_lines([["a", None]]) == b"a,\r\n"
