"""Comma-separated values (RFC 4180) that spreadsheets read, and that are text in them."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

# Some 10 ms of bookings.
SHEET_ROWS_A_PIECE: Final = 100

# Programs for spreadsheets guess another encoding without it.
BYTE_ORDER_MARK: Final = "\ufeff"
# What makes a formula of a cell; the wide forms do where East Asian text is typed.
_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def pieces_of_sheet(rows: Iterable[Sequence[str | None]]) -> Iterator[bytes]:
    """The lines of at most SHEET_ROWS_A_PIECE rows each, which are taken when their piece is asked
    for."""
    remaining = iter(rows)
    while piece := list(islice(remaining, SHEET_ROWS_A_PIECE)):
        yield sheet_lines(piece)


def sheet_lines(rows: Iterable[Sequence[str | None]]) -> bytes:
    """The rows as lines, each cell of them inert."""
    written = io.StringIO()
    csv.writer(written).writerows([inert_cell(cell or "") for cell in row] for row in rows)
    return written.getvalue().encode()


def inert_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with an apostrophe in front
    where it begins as one would, also behind spaces."""
    is_formula = text.lstrip(" \u00a0\ufeff").startswith(_BEGINS_A_FORMULA)
    return f"'{text}" if is_formula or text.startswith(_BEGINS_A_FORMULA) else text
