"""A schedule without a slug gets a free one by one look at those of its name, instead of one each.

Replaces a function; locks nothing. Servers of the release before use it as they used the other one.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction
from kalends.store.migrations.sql import give_out_slug_and_color

revision = "0026"
down_revision = "0025"

# One schedule of an organization after the other: who waits for the lock sees what the other took.
# After two hundred of the same name its id follows it.
GIVE_OUT = give_out_slug_and_color(
    "numbered text[];",
    """
        IF EXISTS (SELECT FROM schedules WHERE organization_id = NEW.organization_id
                AND slug = base AND deleted_at IS NULL AND id <> NEW.id) THEN
            numbered := ARRAY(SELECT base || '-' || n FROM generate_series(2, 200) AS n);
            NEW.slug := base || '-' || coalesce(
                (SELECT min(n) FROM (
                    SELECT generate_series(2, 200) AS n
                    EXCEPT
                    SELECT substr(slug, length(base) + 2)::integer FROM schedules
                    WHERE organization_id = NEW.organization_id AND slug = ANY(numbered)
                        AND deleted_at IS NULL AND id <> NEW.id) free)::text,
                right(replace(NEW.id::text, '-', ''), 12));
        END IF;
""",
)


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(GIVE_OUT)
