"""Message templates, an organization's own words in mail, as rows."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import structs

from kalends.domain.message_template import MOST_TEMPLATES, MessageTemplate, TemplateScope
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, find_one, insert_into, page_of, select_from, struct_from

COLUMNS: Final = columns_of(MessageTemplate)
SCOPE: Final = columns_of(TemplateScope, "t")

GET: Final = select_from("message_templates", MessageTemplate, "id = $2")
LOCK: Final = f"{GET} FOR UPDATE"
LIST: Final = page_of(
    "message_templates",
    COLUMNS,
    "organization_id = $1 AND ($2::text IS NULL OR kind = $2)"
    " AND ($3::text IS NULL OR audience = $3)",
    order="id",
    parameters=3,
)
# Templates that are created concurrently wait for one another, so that the limit holds.
LOCK_ALL: Final = "SELECT 1 FROM organizations WHERE id = $1 FOR NO KEY UPDATE"
COUNT: Final = "SELECT count(*) FROM message_templates WHERE organization_id = $1"
INSERT: Final = insert_into("message_templates", MessageTemplate)
UPDATE: Final = """
UPDATE message_templates SET subject = $3, body = $4, is_off = $5, updated_at = $6, version = $7
WHERE organization_id = $1 AND id = $2
"""
DELETE: Final = "DELETE FROM message_templates WHERE organization_id = $1 AND id = $2"
# Whether SCOPES may contain a mail that is switched off. Few organizations switch any off, and
# another statement that runs anyway can find that out along the way.
SOME_MAIL_OFF: Final = """
EXISTS (SELECT FROM message_templates t WHERE t.organization_id = $1 AND t.is_off)"""
# Small rows, as they leave out the texts.
SCOPES: Final = f"""
SELECT o.locale, {SCOPE} FROM message_templates t JOIN organizations o ON o.id = $1
WHERE t.organization_id = $1 AND (t.event_type_id IS NULL OR t.event_type_id = $2)
    AND t.kind = ANY($3::text[])
"""
WORDS: Final = f"""
SELECT {COLUMNS} FROM message_templates
WHERE organization_id = $1 AND kind = ANY($2::text[])
    AND (event_type_id IS NULL OR event_type_id = ANY($3::uuid[]))
    AND (locale IS NULL OR locale = ANY($4::text[]))
"""


async def find_template(tenant: TenantConnection, template_id: UUID) -> MessageTemplate | None:
    return await find_one(tenant, GET, _template, template_id)


async def lock_template(tenant: TenantConnection, template_id: UUID) -> MessageTemplate | None:
    """The template, locked against other changes until the transaction ends."""
    return await find_one(tenant, LOCK, _template, template_id)


async def list_templates(
    tenant: TenantConnection, kind: str | None, audience: str | None, limit: int, offset: int
) -> tuple[list[MessageTemplate], int]:
    """A page in the order of creation, and the total; a kind or audience of None means any."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, kind, audience, limit, offset)
    return [_template(row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def is_full(tenant: TenantConnection) -> bool:
    """Whether the organization has as many templates as it may; until the transaction ends nobody
    else can add one."""
    await tenant.tx.execute(LOCK_ALL, tenant.organization_id)
    count: int = await tenant.tx.fetchval(COUNT, tenant.organization_id)
    return count >= MOST_TEMPLATES


async def insert_template(tenant: TenantConnection, template: MessageTemplate) -> bool:
    """Writes the template. False if there is one for the same mails already, which leaves the
    transaction unusable."""
    try:
        await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(template))
    except asyncpg.UniqueViolationError:
        return False
    return True


async def update_template(tenant: TenantConnection, template: MessageTemplate) -> None:
    """Writes the fields of the template that can change; the caller holds its lock."""
    t = template
    values = t.subject, t.body, t.is_off, t.updated_at, t.version
    await tenant.tx.execute(UPDATE, tenant.organization_id, t.id, *values)


async def delete_template(tenant: TenantConnection, template_id: UUID) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id, template_id)


async def list_scopes(
    tenant: TenantConnection, event_type_id: UUID | None, kinds: Collection[str]
) -> tuple[str | None, list[TemplateScope]]:
    """The organization's language, and the scopes of its templates of these kinds that apply to the
    event type. Without such templates the language is None."""
    rows = await tenant.tx.fetch(SCOPES, tenant.organization_id, event_type_id, list(kinds))
    names = TemplateScope.__struct_fields__
    scopes = [TemplateScope(**dict(zip(names, row[1:], strict=True))) for row in rows]
    return (rows[0][0] if rows else None), scopes


async def load_templates(
    tenant: TenantConnection,
    kinds: Collection[str],
    event_type_ids: Collection[UUID],
    languages: Collection[str],
) -> Sequence[MessageTemplate]:
    """The templates of these kinds, for these event types or for all of them, in these languages or
    in every language."""
    arguments = list(kinds), list(event_type_ids), list(languages)
    rows = await tenant.tx.fetch(WORDS, tenant.organization_id, *arguments)
    return [_template(row) for row in rows]


def _template(row: Any) -> MessageTemplate:
    return struct_from(MessageTemplate, row)
