"""An organization's own words in mail about bookings.

Locks nothing that is there: it is a new table. A server of the version before knows nothing of it:
it sends what was switched off, in our words.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0043"
down_revision = "0042"

# Without a locale it is about every language, and only switches off. Event types are never deleted
# for good, so what it is about needs no foreign key, which would lock them.
TEMPLATES = """
CREATE TABLE IF NOT EXISTS message_templates (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    audience text NOT NULL,
    locale text,
    event_type_id uuid,
    subject text,
    body text,
    is_off boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT message_templates_words CHECK (is_off OR locale IS NOT NULL)
)
"""
ONE_FOR_EACH = """
CREATE UNIQUE INDEX IF NOT EXISTS message_templates_one_for_each ON message_templates (
    organization_id, kind, audience, coalesce(locale, ''),
    coalesce(event_type_id, '00000000-0000-0000-0000-000000000000'))
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(TEMPLATES)
        execute_briefly(ONE_FOR_EACH)
