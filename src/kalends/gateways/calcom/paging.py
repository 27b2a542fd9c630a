"""Walks through Cal.com's pages of bookings: the query for a page, and where the next begins."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct, structs

from kalends.domain.imports.sources import Walk, WalkOrder
from kalends.formats.lenient_json import moment_in
from kalends.gateways.calcom.rows import LONGEST, uid_in

# The largest page of older servers, which refuse requests for more.
PAGE: Final = 100
MOST_RESTARTS: Final = 5


class _KeyWords(Struct, frozen=True):
    """Cal.com's names for a key: in rows, for sorting by it, and for beginning after it."""

    in_row: str
    sort: str
    after: str


WORDS: Final = {
    WalkOrder.CREATION: _KeyWords("createdAt", "sortCreated", "afterCreatedAt"),
    WalkOrder.CHANGE: _KeyWords("updatedAt", "sortUpdatedAt", "afterUpdatedAt"),
}


def query_of(walk: Walk) -> dict[str, str]:
    """The query for the next page."""
    words = WORDS[walk.by]
    query = {words.sort: "asc", "take": str(PAGE), "skip": str(walk.skip)}
    if walk.after is not None:
        query[words.after] = _iso(walk.after)
    if walk.starts_from is not None:
        query["afterStart"] = _iso(walk.starts_from)
    if walk.starts_until is not None:
        # Cal.com's bound is for ends, so the longest booking that begins in time has to fit.
        query["beforeEnd"] = _iso(walk.starts_until + LONGEST)
    return query


def walk_after(walk: Walk, rows: list[Any], pagination: Mapping[str, Any]) -> Walk | None:
    """The walk after these rows; None at the end."""
    if not rows:
        return None
    if pagination.get("hasNextPage") is False and len(rows) < PAGE:
        return None
    in_row = WORDS[walk.by].in_row
    keys = [moment_in(row.get(in_row)) for row in rows if isinstance(row, dict)]
    last = max((key for key in keys if key is not None), default=None)
    if last is not None and (walk.after is None or last > walk.after):
        return structs.replace(walk, after=_milliseconds(last), skip=0, last_uid=None, restarts=0)
    return _within_a_moment(walk, rows, pagination)


def _within_a_moment(walk: Walk, rows: list[Any], pagination: Mapping[str, Any]) -> Walk | None:
    """The walk if all rows have the key that it began with (or none), so that it goes on by count.

    The next page begins with the last row again. If that is not there, rows before it are gone, and
    the walk goes back to the first row with that key.
    """
    uids = [uid_in(row) for row in rows]
    if walk.last_uid is not None and walk.last_uid not in uids and walk.restarts < MOST_RESTARTS:
        return structs.replace(walk, skip=0, last_uid=None, restarts=walk.restarts + 1)
    if walk.last_uid is not None and uids == [walk.last_uid]:
        if pagination.get("hasNextPage") is not True:
            return None
        return structs.replace(walk, skip=walk.skip + 1, last_uid=None)
    forward = len(rows) - 1 if uids[-1] is not None else len(rows)
    if forward < 1:
        return structs.replace(walk, skip=walk.skip + 1, last_uid=None)
    return structs.replace(walk, skip=walk.skip + forward, last_uid=uids[-1])


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond % 1000)
