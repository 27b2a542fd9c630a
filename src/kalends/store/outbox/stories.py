"""Stories, from which the mails about an event are written; and the messages once written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct, json

from kalends.domain.access import Organization
from kalends.domain.event import LoggedEvent
from kalends.domain.event_type import EventTypeTexts, Question
from kalends.domain.translations import Translations
from kalends.store.accounts.organizations import organization_from
from kalends.store.database import TenantConnection
from kalends.store.list_statements import in_filled_items
from kalends.store.rows import columns_of, lists_of


def _last_mailed(audience: str) -> str:
    """The booking as it was in the last mail to the audience. A mail that withdraws an invitation
    goes to the previous attendee, so it does not count."""
    return f"""(
        SELECT told.data FROM mails m
        JOIN events told ON told.organization_id = $1 AND told.number = m.event_number
        WHERE m.organization_id = $1 AND m.booking_id = e.booking_id
            AND m.event_number < e.number AND m.kind <> 'withdrawn' AND m.audience = '{audience}'
        ORDER BY m.event_number DESC LIMIT 1)"""


# Whether each schedule of the booking has a connected calendar that its bookings are written into.
IS_WRITTEN: Final = """(
        SELECT coalesce(bool_and(EXISTS (
            SELECT FROM schedule_calendars u
            JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
            JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
            WHERE u.organization_id = $1 AND u.schedule_id = taken.id AND u.writes
                AND c.state = 'active')), false)
        FROM unnest(b.schedule_ids) AS taken (id))"""
# The users all of whose schedules in the booking have such a calendar.
WRITTEN_FOR: Final = """(
        SELECT coalesce(array_agg(w.user_id) FILTER (WHERE w.is_written), '{}') FROM (
            SELECT s.user_id, bool_and(EXISTS (
                SELECT FROM schedule_calendars u
                JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
                JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
                WHERE u.organization_id = $1 AND u.schedule_id = s.id AND u.writes
                    AND c.state = 'active')) AS is_written
            FROM schedules s
            WHERE s.organization_id = $1 AND s.id = ANY(b.schedule_ids) AND s.user_id IS NOT NULL
            GROUP BY s.user_id) w)"""
# The addresses of the organization and of hosts that hold an invitation to the booking, which was
# not withdrawn. A mail that is not written yet invites nobody.
INVITED: Final = """(
        SELECT coalesce(array_agg(i.address) FILTER (WHERE i.kind <> 'withdrawn'), '{}') FROM (
            SELECT DISTINCT ON (lower(m.recipient)) lower(m.recipient) AS address, m.kind
            FROM mails m
            WHERE m.organization_id = $1 AND m.booking_id = e.booking_id
                AND m.event_number < e.number AND m.audience IN ('organization', 'host')
                AND m.subject IS NOT NULL AND m.invites IS NOT FALSE
            ORDER BY lower(m.recipient), m.event_number DESC) i)"""
# By address, the booking as the last mail to the host had it, unless that mail withdrew it.
HOSTS_MAILED: Final = """(
        SELECT coalesce(
            json_object_agg(h.address, h.data) FILTER (WHERE h.kind <> 'withdrawn'), '{}')
        FROM (
            SELECT DISTINCT ON (lower(m.recipient)) lower(m.recipient) AS address, m.kind, told.data
            FROM mails m
            JOIN events told ON told.organization_id = $1 AND told.number = m.event_number
            WHERE m.organization_id = $1 AND m.booking_id = e.booking_id
                AND m.event_number < e.number AND m.audience = 'host'
            ORDER BY lower(m.recipient), m.event_number DESC) h)"""
# The members among the recipients of mail about the event.
READERS: Final = """(
        SELECT coalesce(json_agg(json_build_object('address', lower(u.email), 'user_id', u.id,
            'locale', u.locale, 'timezone', u.timezone)), '[]')
        FROM memberships s JOIN users u ON u.id = s.user_id
        WHERE s.organization_id = $1 AND lower(u.email) IN (
            SELECT lower(m.recipient) FROM mails m
            WHERE m.organization_id = $1 AND m.booking_id = e.booking_id
                AND m.event_number = e.number AND m.audience <> 'attendee'))"""
# The photos of the people whom the booking is with, by schedule.
PHOTOS: Final = """(
        SELECT coalesce(json_object_agg(w.id, w.photo), '{}') FROM schedules w
        WHERE w.organization_id = $1 AND w.id = ANY(b.schedule_ids) AND w.user_id IS NOT NULL
            AND w.photo IS NOT NULL AND w.deleted_at IS NULL)"""
# Few organizations have templates, so they are only loaded if there are any.
HAS_TEMPLATES: Final = "EXISTS (SELECT FROM message_templates w WHERE w.organization_id = $1)"
# Each event is looked up by its number. With `= ANY` PostgreSQL would estimate another cost for the
# actual numbers than for unknown ones, and would plan each time, which takes longer than the query.
STORIES: Final = f"""
SELECT (
        SELECT p.data FROM events p
        WHERE p.organization_id = $1 AND p.booking_id = e.booking_id AND p.number < e.number
        ORDER BY p.number DESC LIMIT 1),
    {_last_mailed("attendee")},
    {_last_mailed("organization")},
    {IS_WRITTEN}, {INVITED}, {WRITTEN_FOR}, {HOSTS_MAILED}, {READERS},
    b.status, b.attendee_email, b.schedule_id, s.timezone,
    b.event_type_id, t.name, t.questions, t.cancellation_notice_minutes, t.translations,
    {HAS_TEMPLATES}, {PHOTOS},
    {columns_of(LoggedEvent, "e")}, {columns_of(Organization, "o")}
FROM unnest($2::bigint[]) AS asked (number) CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE organization_id = $1 AND number = asked.number LIMIT 1) e
JOIN organizations o ON o.id = $1
LEFT JOIN bookings b ON b.organization_id = $1 AND b.id = e.booking_id
LEFT JOIN schedules s ON s.organization_id = $1 AND s.id = b.schedule_id
LEFT JOIN event_types t ON t.organization_id = $1 AND t.id = b.event_type_id
"""
# A message that was written before is kept. It never waits for a lock: a locked mail is left out.
WRITE: Final = """
WITH mine AS MATERIALIZED (
    SELECT m.id FROM unnest($2::uuid[]) AS w (id) CROSS JOIN LATERAL (
        SELECT m.id FROM mails m
        WHERE m.organization_id = $1 AND m.id = w.id AND m.message IS NULL
        FOR NO KEY UPDATE SKIP LOCKED) m),
linked AS (
    INSERT INTO booking_links (token_hash, organization_id, booking_id, created_at)
    SELECT w.token_hash, $1, w.booking_id, $8
    FROM unnest($2::uuid[], $5::bytea[], $6::uuid[]) AS w (id, token_hash, booking_id)
    JOIN mine USING (id) WHERE w.token_hash IS NOT NULL)
UPDATE mails m SET subject = w.subject, message = w.message, invites = w.invites
FROM mine JOIN unnest($2::uuid[], $3::text[], $4::bytea[], $7::boolean[])
    AS w (id, subject, message, invites) USING (id)
WHERE m.organization_id = $1 AND m.id = mine.id
RETURNING m.id
"""
QUESTIONS: Final = json.Decoder(list[Question])
TRANSLATIONS: Final = json.Decoder(dict[str, EventTypeTexts])


class MailReader(Struct, frozen=True):
    """A member who receives a mail: the address in lower case, and the language (BCP 47) and zone
    (IANA) that the user has chosen."""

    address: str
    user_id: UUID
    locale: str | None = None
    timezone: str | None = None


_READERS: Final = json.Decoder(list[MailReader])
_MAILED: Final = json.Decoder(dict[str, Raw])
_PHOTOS: Final = json.Decoder(dict[UUID, str])


class ToldEventType(Struct, frozen=True):
    """What mails say about an event type."""

    name: str
    questions: Sequence[Question]
    cancellation_notice_minutes: int | None
    translations: Translations = {}


class BookingNow(Struct, frozen=True):
    """What may have changed of a booking since its event; `timezone` is that of its schedule."""

    status: str | None
    attendee_email: str | None
    schedule_id: UUID | None
    timezone: str | None
    event_type_id: UUID | None


class StoredStory(Struct, frozen=True, kw_only=True):
    """An event and what else its mails need.

    Bookings are public JSON: `previous` before the event, `last_mails` as in the last mail to each
    audience, `hosts_mailed` as in the last to each host. `now` and `event_type` are those of the
    booking at present. `is_written` says that all of its schedules have calendars that show it,
    and `written_for` are the users all of whose schedules do. `invited` are the addresses of the
    organization and of hosts that hold an invitation, and `readers` the members who receive mail.
    Addresses are in lower case. `has_templates` says that the organization has templates, whatever
    they are for. `photos` are those of hosts, by schedule.
    """

    organization: Organization
    event: LoggedEvent
    previous: Raw | None
    last_mails: dict[str, Raw]
    now: BookingNow
    event_type: ToldEventType | None
    has_templates: bool = False
    photos: dict[UUID, str] = {}
    is_written: bool = False
    invited: frozenset[str] = frozenset()
    written_for: frozenset[UUID] = frozenset()
    hosts_mailed: dict[str, Raw] = {}
    readers: dict[str, MailReader] = {}


class WrittenMail(Struct, frozen=True, kw_only=True):
    """A sealed message, and the link in it, if there is one; fields are in the order of WRITE."""

    id: UUID
    subject: str
    message: bytes
    token_hash: bytes | None
    booking_id: UUID
    invites: bool


async def load_stories(tenant: TenantConnection, numbers: Sequence[int]) -> dict[int, StoredStory]:
    """The stories of the events, by the events' numbers."""
    sent = in_filled_items(STORIES, [tenant.organization_id, list(numbers)])
    rows = await tenant.tx.fetch(sent.statement, *sent.arguments)
    stories = (_story(row) for row in rows)
    return {story.event.number: story for story in stories}


async def write_down(
    tenant: TenantConnection, written: Sequence[WrittenMail], now: datetime
) -> set[UUID]:
    """Stores the messages, so that each attempt sends the same one, and their links. Returns the
    mails whose messages were stored; not those that had one, nor those that are locked."""
    arguments = [tenant.organization_id, *lists_of(WrittenMail, written), now]
    sent = in_filled_items(WRITE, arguments)
    rows = await tenant.tx.fetch(sent.statement, *sent.arguments)
    return {row[0] for row in rows}


_EVENT: Final = slice(19, 19 + len(LoggedEvent.__struct_fields__))


def _story(row: Any) -> StoredStory:
    previous, attendee, organization, is_written, invited = row[:5]
    written_for, hosts_mailed, readers = row[5:8]
    has_templates, photos = row[17:19]
    last_mails = {"attendee": attendee, "organization": organization}
    return StoredStory(
        organization=organization_from(row[_EVENT.stop :]),
        event=LoggedEvent(*row[_EVENT]),
        previous=previous,
        last_mails={audience: data for audience, data in last_mails.items() if data is not None},
        now=BookingNow(*row[8:13]),
        has_templates=has_templates,
        photos=_PHOTOS.decode(photos),
        is_written=is_written,
        invited=frozenset(invited),
        written_for=frozenset(written_for),
        hosts_mailed=_MAILED.decode(hosts_mailed),
        readers={reader.address: reader for reader in _READERS.decode(readers)},
        event_type=_event_type(*row[13:17]),
    )


def _event_type(
    name: str | None, questions: str, notice: int | None, translations: str
) -> ToldEventType | None:
    if name is None:
        return None
    decoded = QUESTIONS.decode(questions), TRANSLATIONS.decode(translations)
    return ToldEventType(name, decoded[0], notice, decoded[1])
