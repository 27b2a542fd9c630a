"""What bookings are found by in the console: name, e-mail address, title and phone, folded.

The functions fold it, and triggers keep it, so that a server of the version before keeps it too.
Nothing else writes the column.

Locks: `bookings` is locked for the moment that a nullable column and two triggers take (no rewrite,
at most two seconds of waiting at a time). Bookings that are there already are filled a few hundred
in each transaction, beside servers that go on writing. The index is made concurrently. Each step
may run a second time.
"""

import unicodedata
from typing import Any
from uuid import UUID

from kalends.store.migrations import plain

revision = "0012"
down_revision = "0011"

# Beyond ASCII, what is a letter and what its lower case depends on the database's locale; these do
# not. Alphabets with case whose letters come apart no further: Greek, Cyrillic, Armenian.
CASED = [
    chr(code)
    for code in range(0x0370, 0x0590)
    if len(chr(code).lower()) == 1
    and chr(code).lower() != chr(code)
    and unicodedata.normalize("NFKD", chr(code)) == chr(code)
]
LETTERS = {upper: upper.lower() for upper in CASED} | dict(
    zip("ØøŁłĐđĦħŦŧıςʼ’‘", "oollddhhttiσ'''", strict=True)
)
SEVERAL = {"ß": "ss", "ẞ": "ss", "Æ": "ae", "æ": "ae", "Œ": "oe", "œ": "oe", "Þ": "th", "þ": "th"}
# Accents, and the points of Hebrew and Arabic; not the vowels of Indian scripts, which are no less.
MARKS = r"[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff]"


def _without_several(given: str) -> str:
    for one, several in SEVERAL.items():
        given = f"replace({given}, '{one}', '{several}')"
    return given


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


LETTERS_FROM, LETTERS_TO = _quoted("".join(LETTERS)), _quoted("".join(LETTERS.values()))
# What is not ASCII becomes `~` and four letters or more, which stand for its code point: trigrams
# leave out what the database's locale takes for no letter, in the C locale all that is not ASCII.
FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION search_folded(given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $folded$
BEGIN
    IF octet_length(given) > length(given) THEN
        given := regexp_replace(normalize(given, NFKD), '{MARKS}+', '', 'g');
        given := translate(given, {LETTERS_FROM}, {LETTERS_TO});
        given := {_without_several("given")};
    END IF;
    given := lower(given);
    IF octet_length(given) > length(given) THEN
        given := (
            SELECT string_agg(CASE WHEN ascii(letter) < 128 THEN letter ELSE '~' || translate(
                lpad(to_hex(ascii(letter)), 4, '0'), '0123456789abcdef', 'ghijklmnopqrstuv') END,
                '' ORDER BY place)
            FROM string_to_table(given, NULL) WITH ORDINALITY AS letters (letter, place));
    END IF;
    RETURN regexp_replace(given, '\\s+', ' ', 'g');
END
$folded$;

CREATE OR REPLACE FUNCTION search_digits(given text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $digits$
    SELECT regexp_replace(search_folded(given), '\\(0\\)|[^0-9]', '', 'g')
$digits$;

CREATE OR REPLACE FUNCTION keep_booking_search_text() RETURNS trigger
LANGUAGE plpgsql AS $keep$
BEGIN
    NEW.search_text := search_folded(concat_ws(
        ' ', '', NEW.attendee_name, NEW.attendee_email, NEW.title,
        search_digits(NEW.attendee_phone), search_digits(NEW.attendee_phone_e164)));
    RETURN NEW;
END
$keep$;
"""
EXTENSIONS = """
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
"""
COLUMN = """
ALTER TABLE bookings ADD COLUMN IF NOT EXISTS search_text text;
DROP TRIGGER IF EXISTS bookings_made_searchable ON bookings;
CREATE TRIGGER bookings_made_searchable BEFORE INSERT ON bookings
    FOR EACH ROW EXECUTE FUNCTION keep_booking_search_text();
DROP TRIGGER IF EXISTS bookings_kept_searchable ON bookings;
CREATE TRIGGER bookings_kept_searchable BEFORE UPDATE ON bookings
    FOR EACH ROW WHEN (
        NEW.search_text IS NULL
        OR (NEW.attendee_name, NEW.attendee_email, NEW.title)
            IS DISTINCT FROM (OLD.attendee_name, OLD.attendee_email, OLD.title)
        OR (NEW.attendee_phone, NEW.attendee_phone_e164)
            IS DISTINCT FROM (OLD.attendee_phone, OLD.attendee_phone_e164)
    ) EXECUTE FUNCTION keep_booking_search_text();
"""
# The update does nothing; the trigger fills. By the primary key, and in that order, in which
# servers lock several bookings.
FILL = """
WITH next AS MATERIALIZED (
    SELECT organization_id, id FROM bookings WHERE (organization_id, id) > ($1, $2)
    ORDER BY organization_id, id LIMIT $3
), filled AS (
    UPDATE bookings b SET search_text = NULL FROM (
        SELECT b.organization_id, b.id FROM bookings b JOIN next USING (organization_id, id)
        WHERE b.search_text IS NULL ORDER BY b.organization_id, b.id FOR NO KEY UPDATE OF b
    ) empty
    WHERE b.organization_id = empty.organization_id AND b.id = empty.id
)
SELECT organization_id, id FROM next ORDER BY organization_id DESC, id DESC LIMIT 1
"""
BATCH = 500
FIRST = (UUID(int=0), UUID(int=0))


def upgrade() -> None:
    with plain.outside_transaction():
        plain.execute_briefly(EXTENSIONS, FUNCTIONS, COLUMN)
        plain.run(fill_search_text)
        plain.create_index_concurrently(
            "bookings_by_search_text",
            "ON bookings USING gin (organization_id, search_text gin_trgm_ops)"
            " WITH (gin_pending_list_limit = 256)",
        )


async def fill_search_text(driver: Any) -> None:
    """Fills what is there already, from the first booking to the last."""
    after = FIRST
    while row := await driver.fetchrow(FILL, *after, BATCH):
        after = (row["organization_id"], row["id"])
