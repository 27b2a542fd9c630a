"""Telephone numbers in E.164 beside what was typed, and the country that they are read by.

Locks: `organizations` and `bookings` are each locked for the moment that a column takes which is
null or has a constant default (no rewrite, at most two seconds of waiting at a time). Bookings that
are there already get their numbers a few hundred in each transaction, beside servers that go on
writing; a phone that they change meanwhile is left to them. A server of the version before writes
no numbers: what it books meanwhile has none until its phone is changed, and where it changes a
phone, triggers take away the number of the one before.
"""

import json
from typing import Any
from uuid import UUID

from kalends.domain.phones import e164_of
from kalends.formats.countries import country_of_zone
from kalends.store.migrations.plain import execute_briefly, outside_transaction, run

revision = "0008"
down_revision = "0007"

ORGANIZATIONS = "ALTER TABLE organizations ADD COLUMN IF NOT EXISTS country text"
# json, not jsonb: it is given back as it was written.
BOOKINGS = """
ALTER TABLE bookings ADD COLUMN IF NOT EXISTS attendee_phone_e164 text,
    ADD COLUMN IF NOT EXISTS answers_e164 json NOT NULL DEFAULT '{}'
"""

# A trigger cannot ask whether a column was written, but one can be for those updates alone. They
# run in the order of their names, and before the one that keeps the number to be searched.
TRIGGERS = """
CREATE OR REPLACE FUNCTION bring_number_of_phone() RETURNS trigger LANGUAGE plpgsql AS $bring$
BEGIN
    PERFORM set_config('kalends.number_of', NEW.id::text, true);
    RETURN NEW;
END
$bring$;

CREATE OR REPLACE FUNCTION forget_number_of_phone() RETURNS trigger LANGUAGE plpgsql AS $forget$
BEGIN
    IF current_setting('kalends.number_of', true) IS DISTINCT FROM NEW.id::text THEN
        NEW.attendee_phone_e164 := NULL;
    END IF;
    RETURN NEW;
END
$forget$;

DROP TRIGGER IF EXISTS bookings_bring_number ON bookings;
CREATE TRIGGER bookings_bring_number BEFORE UPDATE OF attendee_phone_e164 ON bookings
    FOR EACH ROW WHEN (NEW.attendee_phone IS DISTINCT FROM OLD.attendee_phone)
    EXECUTE FUNCTION bring_number_of_phone();
DROP TRIGGER IF EXISTS bookings_forget_number ON bookings;
CREATE TRIGGER bookings_forget_number BEFORE UPDATE ON bookings
    FOR EACH ROW WHEN (NEW.attendee_phone IS DISTINCT FROM OLD.attendee_phone
        AND NEW.attendee_phone_e164 = OLD.attendee_phone_e164)
    EXECUTE FUNCTION forget_number_of_phone();
"""

BATCH = 500
# By the primary key, so that each booking is looked at once.
TYPED = """
SELECT b.organization_id, b.id, b.attendee_phone, b.answers::text AS answers,
    b.timezone, o.timezone AS home, e.questions::text AS questions
FROM (
    SELECT organization_id, id, attendee_phone, answers, timezone, event_type_id FROM bookings
    WHERE (organization_id, id) > ($1, $2)
    ORDER BY organization_id, id LIMIT $3) b
JOIN organizations o ON o.id = b.organization_id
LEFT JOIN event_types e ON e.organization_id = b.organization_id AND e.id = b.event_type_id
ORDER BY b.organization_id, b.id
"""
# Locks in the order in which servers lock several bookings.
FILL = """
WITH typed AS MATERIALIZED (
    SELECT b.organization_id, b.id, a.number, a.numbers FROM bookings b
    JOIN unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
        AS a (organization_id, id, phone, number, numbers) USING (organization_id, id)
    WHERE b.attendee_phone IS NOT DISTINCT FROM a.phone
    ORDER BY b.organization_id, b.id FOR NO KEY UPDATE OF b)
UPDATE bookings b SET attendee_phone_e164 = t.number, answers_e164 = t.numbers::json FROM typed t
WHERE b.organization_id = t.organization_id AND b.id = t.id
"""
FIRST = (UUID(int=0), UUID(int=0))


def upgrade() -> None:
    with outside_transaction():
        execute_briefly(ORGANIZATIONS, BOOKINGS, TRIGGERS)
        run(fill_numbers)


async def fill_numbers(driver: Any) -> None:
    """Makes a number of each phone that was typed."""
    after = FIRST
    while rows := await driver.fetch(TYPED, *after, BATCH):
        after = (rows[-1]["organization_id"], rows[-1]["id"])
        filled = [values for row in rows if (values := _numbers(row)) is not None]
        if filled:
            await driver.execute(FILL, *map(list, zip(*filled, strict=True)))


def _numbers(row: Any) -> tuple[UUID, UUID, str | None, str | None, str] | None:
    """What is written of a booking; None where no phone was typed."""
    country = country_of_zone(row["home"]) or country_of_zone(row["timezone"])
    phone, answers = row["attendee_phone"], _phones_in(row)
    if not phone and not answers:
        return None
    number = e164_of(phone, country) if phone else None
    numbers = {key: e164_of(answer, country) for key, answer in answers.items()}
    return row["organization_id"], row["id"], phone, number, json.dumps(numbers)


def _phones_in(row: Any) -> dict[str, str]:
    asked = {q["key"] for q in json.loads(row["questions"] or "[]") if q["type"] == "phone"}
    if not asked:
        return {}
    answers = json.loads(row["answers"])
    return {k: a for k, a in answers.items() if k in asked and a and isinstance(a, str)}
