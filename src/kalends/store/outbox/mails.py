"""Mails as rows; messages are sealed."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Raw, Struct, structs

from kalends.domain.mail import Mail
from kalends.store.database import TenantConnection, fetch_planned
from kalends.store.rows import columns_of, insert_into, page_of, select_from

COLUMNS: Final = columns_of(Mail)

GET: Final = select_from("mails", Mail, "id = $2")
LIST: Final = page_of(
    "mails",
    COLUMNS,
    "organization_id = $1 AND ($2::uuid IS NULL OR booking_id = $2)",
    order="id DESC",
    parameters=2,
)
INSERT: Final = insert_into("mails", Mail)

# The last mail about a booking to each audience, and to each host. A mail that withdraws an
# invitation goes to the previous attendee, so it does not count.
LAST_MAILS: Final = """
SELECT DISTINCT ON (m.audience, host.address)
    m.audience, host.address, m.recipient, m.kind, e.data, m.event_number
FROM mails m
JOIN events e ON e.organization_id = m.organization_id AND e.number = m.event_number
CROSS JOIN LATERAL (
    SELECT CASE WHEN m.audience = 'host' THEN lower(m.recipient) END AS address) host
WHERE m.organization_id = $1 AND m.booking_id = $2
    AND (m.kind <> 'withdrawn' OR m.audience = 'host')
ORDER BY m.audience, host.address, m.event_number DESC
"""


class LastMail(NamedTuple):
    """The last mail to an audience about a booking; `data` is the booking's public JSON then."""

    recipient: str
    kind: str
    data: Raw
    event_number: int = 0


class LastMails(Struct, frozen=True):
    """The last mails about a booking: by audience, and for hosts by their address in lower case."""

    by_audience: Mapping[str, LastMail] = {}
    by_host: Mapping[str, LastMail] = {}

    @property
    def latest(self) -> LastMail | None:
        mails = (*self.by_audience.values(), *self.by_host.values())
        return max(mails, key=lambda mail: mail.event_number, default=None)


async def find_mail(tenant: TenantConnection, mail_id: UUID) -> Mail | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, mail_id)
    return None if row is None else Mail(*row)


async def list_mails(
    tenant: TenantConnection, booking_id: UUID | None, limit: int, offset: int
) -> tuple[list[Mail], int]:
    """A page of all mails or of one booking's, the latest first, and the total."""
    arguments = tenant.organization_id, booking_id, limit, offset
    rows = await fetch_planned(tenant.tx, LIST, *arguments)
    return [Mail(*row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def find_last_mails(tenant: TenantConnection, booking_id: UUID) -> LastMails:
    rows = await tenant.tx.fetch(LAST_MAILS, tenant.organization_id, booking_id)
    by_audience = {row[0]: LastMail(*row[2:]) for row in rows if row[1] is None}
    return LastMails(by_audience, {row[1]: LastMail(*row[2:]) for row in rows if row[1]})


async def insert_mail(tenant: TenantConnection, mail: Mail) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(mail))
