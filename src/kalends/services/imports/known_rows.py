"""What is known of rows before they are imported: the rows, their neighbours, their chains."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.imports.rows import RowState, SourceRow, UnreadableRow
from kalends.services.imports.fetched_rows import FetchedRow
from kalends.store.database import TenantConnection
from kalends.store.imports import imported_bookings
from kalends.store.imports.imported_bookings import KnownRow

LONGEST_CHAIN: Final = 50


class KnownRows:
    """The known rows of one transaction, updated as rows are imported."""

    def __init__(self) -> None:
        self._rows: dict[str, KnownRow] = {}
        self._successors: dict[str, str] = {}

    async def load(
        self, tenant: TenantConnection, rows: Iterable[SourceRow | UnreadableRow]
    ) -> None:
        """Loads the rows, their neighbours, and the chains behind them."""
        seen_uids: set[str] = set()
        uids = {u for row in rows for u in (row.uid, row.from_uid, row.to_uid) if u}
        for _ in range(LONGEST_CHAIN):
            if not uids:
                break
            loaded = await imported_bookings.find_rows(tenant, sorted(uids))
            seen_uids |= uids
            for known in loaded:
                self.put(known)
            uids = {known.from_uid for known in loaded if known.from_uid} - seen_uids

    def find(self, uid: str) -> KnownRow | None:
        return self._rows.get(uid)

    def put(self, known: KnownRow) -> None:
        self._rows[known.uid] = known
        if known.from_uid and known.state != RowState.GONE:
            self._successors[known.from_uid] = known.uid

    def ancestors_of(self, row: SourceRow | UnreadableRow) -> list[str]:
        """The uids of the earlier rows in its chain, the latest first."""
        uids: list[str] = []
        uid = row.from_uid
        while uid and uid not in uids and len(uids) < LONGEST_CHAIN:
            uids.append(uid)
            known = self._rows.get(uid)
            uid = known.from_uid if known else None
        return uids

    def successor_of(self, row: SourceRow) -> str | None:
        """The uid of the row to which this one was rescheduled, known or not. None for a row that
        is gone and was never seen, and for a seated row, whose other seats stay when one is
        moved."""
        successor = row.to_uid or (None if row.is_seated else self._successors.get(row.uid))
        if successor is None or successor == row.uid:
            return None
        known = self._rows.get(successor)
        return None if known is not None and known.state == RowState.GONE else successor


def is_of_another_account(known: KnownRow, account: UUID | None) -> bool:
    """Whether another account than the connected one showed the row first."""
    is_known = known.account_id is not None and known.state != RowState.GONE
    return is_known and known.account_id != account


def is_older(fetched: FetchedRow, known: KnownRow) -> bool:
    """Whether the row is older than what is known of it."""
    row = fetched.row
    if known.state == RowState.GONE:
        return False
    if row.changed_at is not None and known.changed_at is not None:
        return row.changed_at < known.changed_at
    return fetched.requested_at < known.seen_at


def gone_row(uid: str, seen_at: datetime) -> KnownRow:
    """The record of a row that the source does not have."""
    return KnownRow(
        uid=uid,
        state=RowState.GONE,
        reason=None,
        digest=b"",
        made_at=seen_at,
        changed_at=seen_at,
        seen_at=seen_at,
        from_uid=None,
        to_uid=None,
    )
