"""Rows as they come from a source, read by its provider."""

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
    """How a row came: listed by the source, asked for by its uid, or tried again from the copy that
    was kept of it."""

    LIST = "list"
    UID = "uid"
    COPY = "copy"


class FetchedRow(Struct, frozen=True, kw_only=True):
    """A row, read, with its JSON cleaned, when it was asked for, and how it came."""

    row: SourceRow | UnreadableRow
    value: object
    requested_at: datetime
    origin: RowOrigin


def read_fetched(
    source: BookingSource, value: object, requested_at: datetime, origin: RowOrigin
) -> FetchedRow:
    """Cleans and reads what the source answered."""
    cleaned = clean(value)
    row = source.read_row(cleaned)
    return FetchedRow(row=row, value=cleaned, requested_at=requested_at, origin=origin)


async def read_listed(
    source: BookingSource, rows: Sequence[object], requested_at: datetime
) -> list[FetchedRow]:
    """Reads rows of a page, a few at a time, so that other work is not held up."""
    fetched = []
    for number, value in enumerate(rows, 1):
        fetched.append(read_fetched(source, value, requested_at, RowOrigin.LIST))
        if number % READ_AT_ONCE == 0:
            await asyncio.sleep(0)
    return fetched


def read_single(source: BookingSource, page: SourcePage) -> FetchedRow:
    """Reads the row of a page that answers a question for one booking."""
    return read_fetched(source, page.rows[0], page.requested_at, RowOrigin.UID)
