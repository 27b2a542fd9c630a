"""CSV files (RFC 4180) for spreadsheets, in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

# The rows of a piece; so many bookings take some 10 ms.
SHEET_ROWS_A_PIECE: Final = 100

# Without it, spreadsheet programs assume another encoding than UTF-8.
BYTE_ORDER_MARK: Final = "\ufeff"
# The beginnings that make a cell a formula; the wide forms do so in East Asian versions.
_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def pieces_of_sheet(rows: Iterable[Sequence[str | None]]) -> Iterator[bytes]:
    """The lines in pieces of at most SHEET_ROWS_A_PIECE rows, which are taken lazily."""
    remaining = iter(rows)
    while piece := list(islice(remaining, SHEET_ROWS_A_PIECE)):
        yield sheet_lines(piece)


def sheet_lines(rows: Iterable[Sequence[str | None]]) -> bytes:
    """The rows as lines of CSV, in which each cell is inert."""
    written = io.StringIO()
    csv.writer(written).writerows([inert_cell(cell or "") for cell in row] for row in rows)
    return written.getvalue().encode()


def inert_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with an apostrophe in front if it
    begins like a formula, even after spaces."""
    is_formula = text.lstrip(" \u00a0\ufeff").startswith(_BEGINS_A_FORMULA)
    return f"'{text}" if is_formula or text.startswith(_BEGINS_A_FORMULA) else text
