"""Findings of whole calendars and accounts, and since when an account is reported to fail.

Locks: `calendar_findings` and `calendar_connections` for the moment that a column without default,
or a constraint that no row is held against, takes. All findings are written once more, which are
few. Servers of the version before go on writing findings without a connection; of what they do not
know they write nothing.
"""

from kalends.store.migrations import plain

revision = "0038"
down_revision = "0037"

COLUMNS = """
ALTER TABLE calendar_findings ADD COLUMN IF NOT EXISTS connection_id uuid,
    ALTER COLUMN schedule_id DROP NOT NULL, ALTER COLUMN calendar_id DROP NOT NULL
"""
FAILING = "ALTER TABLE calendar_connections ADD COLUMN IF NOT EXISTS failing_since timestamptz"
OWNERS = """
UPDATE calendar_findings f SET connection_id = k.connection_id FROM calendars k
WHERE k.organization_id = f.organization_id AND k.id = f.calendar_id AND f.connection_id IS NULL
"""
# They go with their connection.
OWNED = """
ALTER TABLE calendar_findings
    DROP CONSTRAINT IF EXISTS calendar_findings_organization_id_connection_id_fkey,
    ADD CONSTRAINT calendar_findings_organization_id_connection_id_fkey
        FOREIGN KEY (organization_id, connection_id)
        REFERENCES calendar_connections (organization_id, id) ON DELETE CASCADE NOT VALID
"""
VALID = """
ALTER TABLE calendar_findings
    VALIDATE CONSTRAINT calendar_findings_organization_id_connection_id_fkey
"""
# Beside `calendar_findings_open`, which servers of the version before go by, and which holds
# nothing apart where a column is null.
ONE_OPEN = """
ON calendar_findings (organization_id, subject_id, kind, coalesce(calendar_id, subject_id),
    coalesce(schedule_id, subject_id)) WHERE resolved_at IS NULL
"""
OF_BOOKING = "ON calendar_findings (organization_id, booking_id) WHERE booking_id IS NOT NULL"


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(COLUMNS, FAILING)
        plain.run(lambda driver: driver.execute(OWNERS))
        plain.execute_briefly(OWNED)
        plain.run(lambda driver: driver.execute(VALID))
        plain.create_unique_index_concurrently("calendar_findings_one_open", ONE_OPEN)
        plain.create_index_concurrently("calendar_findings_of_booking", OF_BOOKING)
