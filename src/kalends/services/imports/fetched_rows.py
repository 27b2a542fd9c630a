"""Rows that were fetched from a source, cleaned and parsed by its provider."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from kalends.domain.imports.rows import SourceRow, UnreadableRow
from kalends.domain.imports.sources import BookingSource, SourcePage
from kalends.formats.lenient_json import clean

READ_AT_ONCE: Final = 5


class RowOrigin(StrEnum):
    """How a row was obtained: listed by the source, requested by its uid, or read from the copy
    that was kept of it."""

    LIST = "list"
    UID = "uid"
    COPY = "copy"


class FetchedRow(Struct, frozen=True, kw_only=True):
    """A parsed row with its cleaned JSON, the time at which it was requested, and its origin."""

    row: SourceRow | UnreadableRow
    value: object
    requested_at: datetime
    origin: RowOrigin


def read_fetched(
    source: BookingSource, value: object, requested_at: datetime, origin: RowOrigin
) -> FetchedRow:
    """Cleans and parses a row that the source returned."""
    cleaned = clean(value)
    row = source.read_row(cleaned)
    return FetchedRow(row=row, value=cleaned, requested_at=requested_at, origin=origin)


async def read_listed(
    source: BookingSource, rows: Sequence[object], requested_at: datetime
) -> list[FetchedRow]:
    """Parses the rows of a page, a few at a time, so that other tasks run in between."""
    fetched = []
    for number, value in enumerate(rows, 1):
        fetched.append(read_fetched(source, value, requested_at, RowOrigin.LIST))
        if number % READ_AT_ONCE == 0:
            await asyncio.sleep(0)
    return fetched


def read_single(source: BookingSource, page: SourcePage) -> FetchedRow:
    """Parses the only row of the page that answers a request for one booking."""
    return read_fetched(source, page.rows[0], page.requested_at, RowOrigin.UID)
