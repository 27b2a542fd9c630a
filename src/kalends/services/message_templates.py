"""Message templates: list, get, create, update, delete, preview, and send as a test."""

from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.ids import EVENT_TYPE, MESSAGE_TEMPLATE, new_id
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import (
    MOST_TEMPLATES,
    NEVER_OFF,
    NEVER_SENT,
    MessageTemplate,
    OwnWords,
    TemplateAudience,
    TemplateKind,
)
from kalends.formats.mails.own_words import check_own_words
from kalends.runtime.if_match import IfMatch
from kalends.runtime.mails.previews import Preview, PreviewRequest, preview_mail
from kalends.runtime.posting import post_message
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.runtime.versions import require_version, with_changes
from kalends.store.accounts.members import find_member_by_email
from kalends.store.availability.event_types import find_event_type
from kalends.store.outbox import templates


class NewTemplate(Struct, frozen=True, kw_only=True):
    """A template as a client requests it, parsed. `event_type_id` None is for all event types."""

    kind: TemplateKind
    audience: TemplateAudience
    locale: str | None
    event_type_id: UUID | None
    subject: str | None
    body: str | None
    is_off: bool


async def list_templates(
    work: UnitOfWork,
    *,
    limit: int,
    offset: int,
    kind: TemplateKind | None = None,
    audience: TemplateAudience | None = None,
) -> tuple[list[MessageTemplate], int]:
    """A page in the order of creation, and the total."""
    return await templates.list_templates(work.tenant, kind, audience, limit, offset)


async def get_template(work: UnitOfWork, template_id: UUID) -> MessageTemplate:
    """Raises NotFound."""
    template = await templates.find_template(work.tenant, template_id)
    return require(template, MESSAGE_TEMPLATE, template_id)


async def create_template(work: UnitOfWork, new: NewTemplate) -> MessageTemplate:
    """Creates a template. Raises NotFound (an event type), Invalid."""
    template = MessageTemplate(
        **structs.asdict(new),
        id=new_id(),
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )
    check_template(template)
    if new.event_type_id is not None:
        found = await find_event_type(work.tenant, new.event_type_id)
        require(found, EVENT_TYPE, new.event_type_id)
    if await templates.is_full(work.tenant):
        raise Invalid(f"An organization has at most {MOST_TEMPLATES} texts of its own.")
    if not await templates.insert_template(work.tenant, template):
        raise Invalid.field(
            "locale",
            "has a text for that kind, audience and event type already; change that one",
            Fault(FaultCode.TAKEN),
        )
    return template


async def lock_template(work: UnitOfWork, template_id: UUID, if_match: IfMatch) -> MessageTemplate:
    """The template, locked until the transaction ends. Raises NotFound, Stale."""
    template = await templates.lock_template(work.tenant, template_id)
    return require_version(template, MESSAGE_TEMPLATE, template_id, if_match)


async def update_template(
    work: UnitOfWork, before: MessageTemplate, changes: FieldChanges[MessageTemplate]
) -> MessageTemplate:
    """Changes the given fields of a locked template. Raises Invalid."""
    after = with_changes(before, changes, work.recorded_at)
    if after is before:
        return before
    check_template(after)
    await templates.update_template(work.tenant, after)
    return after


async def delete_template(
    work: UnitOfWork, template_id: UUID, if_match: IfMatch
) -> MessageTemplate:
    """Deletes the template, so that such mails have the standard text again. Raises NotFound,
    Stale."""
    template = await lock_template(work, template_id, if_match)
    await templates.delete_template(work.tenant, template_id)
    return template


async def preview_template(work: UnitOfWork, request: PreviewRequest) -> Preview:
    """The mail as it would be sent. Raises NotFound (a booking), Invalid."""
    check_sent(request.audience, request.kind)
    check_own_words(request.words.subject, request.words.body)
    return await preview_mail(work, request)


async def try_template(work: UnitOfWork, template_id: UUID, to: str) -> str:
    """Sends a test mail by the template to a member, and returns the address. Raises NotFound,
    Invalid."""
    template = await get_template(work, template_id)
    member = await find_member_by_email(work.tenant, to)
    if member is None:
        raise Invalid.field("to", "must be the address of a user of the organization")
    request = PreviewRequest(
        kind=TemplateKind(template.kind),
        audience=Audience(template.audience),
        locale=template.locale,
        event_type_id=template.event_type_id,
        words=OwnWords(template.subject, template.body),
    )
    preview = await preview_mail(work, request, member.email)
    await post_message(work, MailKind.TEST, member.email, preview.message, template.id)
    return member.email


def check_template(template: MessageTemplate) -> None:
    """Raises Invalid for a mail that is never sent, one that must not be switched off, words
    without a language, and a template without words."""
    about = check_sent(template.audience, template.kind)
    if template.is_off and about in NEVER_OFF:
        raise Invalid.field(
            "is_off",
            f"cannot be true of {template.kind} to attendees, who rely on it",
            Fault(FaultCode.NEVER_OFF),
        )
    if not template.is_off and template.locale is None:
        raise Invalid.field("locale", "is required for a text", Fault(FaultCode.MISSING))
    if not template.is_off and template.subject is None and template.body is None:
        raise Invalid.field(
            "body", "or subject must be given, unless is_off is true", Fault(FaultCode.MISSING)
        )
    check_own_words(template.subject, template.body)


def check_sent(audience: str, kind: str) -> tuple[TemplateAudience, TemplateKind]:
    """The audience and kind of the mail. Raises Invalid if no such mail is ever sent."""
    about = TemplateAudience(audience), TemplateKind(kind)
    if about in NEVER_SENT:
        raise Invalid.field("kind", "is never sent to hosts")
    return about
