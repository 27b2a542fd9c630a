"""How an event type looks to attendees: a time for previewing its form, and its mail."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from kalends.domain.errors import Inactive, Invalid
from kalends.domain.event_type import EventType
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import (
    MessageTemplate,
    OwnWords,
    TemplateKind,
    find_scope,
    languages_sought,
)
from kalends.runtime.mails.previews import Preview, PreviewRequest
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.scheduling.slots import SlotRange
from kalends.services import message_templates, slots
from kalends.services.booking_pages import offers
from kalends.translation import language_for
from kalends.web.console.request import ConsoleRequest
from kalends.web.console.settings.mail_frames import mail_in_frame
from kalends.web.pages.clock_words import iso, local
from kalends.web.pages.language_choices import name_of

# How far ahead a time for the preview is searched, and how many templates are searched for mail.
SOUGHT_DAYS: Final = 30
MOST_TEXTS: Final = 500
OURS: Final = OwnWords(None, None)


async def first_start(request: ConsoleRequest, event_type: EventType) -> str | None:
    """The first time that is offered in the coming days, as the URL of the form has it."""
    zone = await request.read(offers.find_zone, event_type)
    today = local(request.page_request.context.clock(), zone).date()
    last = today + timedelta(days=SOUGHT_DAYS)
    span = SlotRange(start=today, end=last, timezone=zone.name)
    context, caller = request.page_request.context, request.page_request.caller
    try:
        listed = await slots.list_slots(
            context, caller, SlotPurpose(event_type_id=event_type.id), span
        )
    except (Inactive, Invalid):  # it is inactive, or is on a schedule that each visitor chooses
        return None
    return iso(listed.slots[0].start) if listed.slots else None


async def words_about(request: ConsoleRequest, event_type: EventType) -> dict[str, Any]:
    """The message templates that apply to the event type, and its confirmation as an attendee with
    the organization's language reads it."""
    texts, _ = await request.read(message_templates.list_templates, limit=MOST_TEXTS, offset=0)
    shown = await _preview(request, event_type, texts)
    return {
        "texts": [one for one in texts if one.event_type_id in (event_type.id, None)],
        "name_of_language": name_of,
        "shown": shown,
        "mail": mail_in_frame(shown, request.page_request.context),
    }


async def _preview(
    request: ConsoleRequest, event_type: EventType, texts: Sequence[MessageTemplate]
) -> Preview:
    locale = request.organization.locale
    languages = languages_sought(locale, language_for([locale]))
    own = find_scope(texts, MailKind.CONFIRMED, Audience.ATTENDEE, event_type.id, languages)
    asked = PreviewRequest(
        kind=TemplateKind.CONFIRMED,
        audience=Audience.ATTENDEE,
        locale=locale,
        event_type_id=event_type.id,
        words=OwnWords(own.subject, own.body) if own else OURS,
    )
    preview: Preview = await request.read(message_templates.preview_template, asked)
    return preview
