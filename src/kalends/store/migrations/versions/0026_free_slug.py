"""A schedule without a slug gets a free one by one look at those of its name, instead of one each.

Replaces a function; locks nothing. Servers of the release before use it as they used the other one.
"""

from typing import Final

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0026"
down_revision = "0025"

COLORS: Final = (
    "blue", "orange", "green", "purple", "red", "teal",
    "yellow", "pink", "indigo", "lime", "brown", "cyan",
)  # fmt: skip
# One schedule of an organization after the other: who waits for the lock sees what the other took.
# After two hundred of the same name its id follows it.
GIVE_OUT = f"""
CREATE OR REPLACE FUNCTION give_out_slug_and_color() RETURNS trigger LANGUAGE plpgsql AS $give$
DECLARE
    colors text[] := '{{{",".join(COLORS)}}}';
    base text;
    numbered text[];
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended('schedules ' || NEW.organization_id::text, 0));
    IF NEW.slug IS NULL THEN
        base := left(regexp_replace(lower(regexp_replace(
            normalize(NEW.name, NFKD), '[^ -~]', '', 'g') COLLATE "C"), '[^a-z0-9]+', '-', 'g'),
            60);
        base := coalesce(nullif(trim(BOTH '-' FROM base), ''), 'schedule');
        NEW.slug := base;
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
    END IF;
    IF NEW.color IS NULL THEN
        SELECT colors[coalesce(array_position(colors, latest.color), 0) % cardinality(colors) + 1]
        INTO NEW.color FROM (SELECT (
            SELECT color FROM schedules
            WHERE organization_id = NEW.organization_id AND color IS NOT NULL
            ORDER BY id DESC LIMIT 1) AS color) latest;
    END IF;
    RETURN NEW;
END
$give$;
"""


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(GIVE_OUT)
