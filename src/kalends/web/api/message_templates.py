"""`/api/v1/message-templates`: message templates, an organization's own words in mail."""

from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from kalends.domain import ids
from kalends.domain.changes import FieldChanges, values_to_change
from kalends.domain.language_tags import LanguageTag
from kalends.domain.mail import Audience
from kalends.domain.message_template import (
    MessageTemplate,
    OwnWords,
    TemplateAudience,
    TemplateKind,
)
from kalends.domain.placeholders import LISTED, MOST_PLACEHOLDERS
from kalends.domain.values import Email, Label, Text
from kalends.formats.described import about
from kalends.formats.message_templates import (
    MessagePreviewBody,
    MessageTemplateBody,
    MessageTestBody,
    show_template,
)
from kalends.runtime.idempotency import HttpAnswer
from kalends.runtime.mails.previews import Preview, PreviewRequest
from kalends.services import message_templates
from kalends.services.message_templates import NewTemplate
from kalends.web import use_cases
from kalends.web.http.answers import DataOf, data
from kalends.web.http.call import Call, id_named
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import SETTING_SCOPES, Resource, Route
from kalends.web.http.versioned import VersionedCalls

MARKDOWN: Final = (
    "Markdown without HTML, with placeholders: paragraphs, lists, emphasis, links. It replaces "
    "the standard heading and opening; what, when and where, and the link to change the booking, "
    f"follow it. null is the standard text. At most {MOST_PLACEHOLDERS} placeholders, and none in "
    f"the address of a link: {LISTED}. A brace is written `{{{{`."
)
Subject = Annotated[
    Label, about("With placeholders. null is the standard subject.", "See you, {attendee.name}")
]
Body = Annotated[Text, about(MARKDOWN, "We look forward to **{booking.date}**.")]
Locale = Annotated[
    LanguageTag | None,
    about(
        "The language. Required with a subject or body; null, to switch mails off, is every "
        "language."
    ),
]
AboutEventType = Annotated[
    str | None, about("Only for bookings of this event type; null is all.", "evt_abc123")
]
Off = Annotated[
    bool,
    about(
        "Whether these mails are not sent. Attendees always get `rescheduled`, `updated` and "
        "`cancelled`."
    ),
]


class WordsForMail(RequestModel, frozen=True):
    """Which mails, and the words for them."""

    kind: TemplateKind
    audience: TemplateAudience
    locale: Locale = None
    event_type_id: AboutEventType = None
    subject: Subject | None = None
    body: Body | None = None


class CreateMessageTemplate(WordsForMail, frozen=True):
    is_off: Off = False


class UpdateMessageTemplate(RequestModel, frozen=True):
    """What is left out stays as it is."""

    subject: Subject | UnsetType | None = UNSET
    body: Body | UnsetType | None = UNSET
    is_off: Off | UnsetType = UNSET


class PreviewMessage(WordsForMail, frozen=True):
    booking_id: Annotated[
        str | None,
        about("The booking to show; null takes a future one, else an example.", "bk_abc123"),
    ] = None


class TestMessage(RequestModel, frozen=True):
    to: Annotated[Email, about("Of a user of the organization.")]


class TemplatesQuery(PageQuery, frozen=True):
    kind: Annotated[TemplateKind | None, about("Only templates of this kind.")] = None
    audience: Annotated[TemplateAudience | None, about("Only templates for this audience.")] = None


CALLS: Final = VersionedCalls(use_cases.MESSAGE_TEMPLATES, show_template)


async def list_message_templates(call: Call) -> HttpAnswer:
    """List message templates

    In the order of their creation.
    """
    query = call.query(TemplatesQuery)
    return await CALLS.list(call, query, kind=query.kind, audience=query.audience)


async def get_message_template(call: Call) -> HttpAnswer:
    """Get a message template"""
    return await CALLS.get(call)


async def create_message_template(call: Call) -> HttpAnswer:
    """Create a message template

    The organization's own words for one kind of mail to one audience, in one language. A mail
    uses the template for its event type in the language of its reader, else the one for all event
    types, else the standard text; `de-AT` falls back to `de`, and `pt` is Brazilian. Values are
    inserted as text: nothing that an attendee typed becomes a link or markup.
    """
    return await CALLS.create(call, parse_new(await call.body(CreateMessageTemplate)))


async def update_message_template(call: Call) -> HttpAnswer:
    """Update a message template

    Kind, audience, language and event type cannot change: create another template for others.
    """
    return await CALLS.update(call, parse_changes)


async def delete_message_template(call: Call) -> HttpAnswer:
    """Delete a message template

    Its mails have the standard text again.
    """
    return await CALLS.delete(call)


async def preview_message_template(call: Call) -> HttpAnswer:
    """Preview a message

    Shows the mail as it would be in these words. Nothing is stored or sent, and the link to
    change the booking in it does not work.
    """
    preview = parse_preview(await call.body(PreviewMessage))
    return preview_response(await call.read(message_templates.preview_template, preview))


async def test_message_template(call: Call) -> HttpAnswer:
    """Send a message to a user of the organization

    The mail is about a future booking, or about an example if there is none. Each call sends one.
    """
    body, template_id = await call.body(TestMessage), call.id(ids.MESSAGE_TEMPLATE)
    return await call.change(test_response, message_templates.try_template, template_id, body.to)


def parse_new(body: CreateMessageTemplate) -> NewTemplate:
    """Raises NotFound."""
    about = {"event_type_id": _named(ids.EVENT_TYPE, body.event_type_id)}
    return NewTemplate(**structs.asdict(body) | about)


def parse_changes(body: bytes) -> FieldChanges[MessageTemplate]:
    """Raises NotJson, Invalid."""
    changes = values_to_change(read_body(body or b"{}", UpdateMessageTemplate))
    return FieldChanges[MessageTemplate](**changes)


def parse_preview(body: PreviewMessage) -> PreviewRequest:
    """Raises NotFound."""
    return PreviewRequest(
        kind=body.kind,
        audience=Audience(body.audience),
        locale=body.locale,
        words=OwnWords(body.subject, body.body),
        booking_id=_named(ids.BOOKING, body.booking_id),
        event_type_id=_named(ids.EVENT_TYPE, body.event_type_id),
    )


def preview_response(preview: Preview) -> HttpAnswer:
    return data(MessagePreviewBody(preview.subject, preview.text, preview.html))


def test_response(to: str) -> HttpAnswer:
    return data(MessageTestBody(to), status=202)


def _named(prefix: str, public_id: str | None) -> UUID | None:
    """Raises NotFound."""
    return None if public_id is None else id_named(prefix, public_id)


_call = Resource(
    "Message templates", "/api/v1/message-templates", SETTING_SCOPES, has_versions=True
)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_message_templates, MessageTemplateBody, TemplatesQuery),
    _call.create(create_message_template, MessageTemplateBody, CreateMessageTemplate),
    _call.get(get_message_template, MessageTemplateBody),
    _call.update(update_message_template, MessageTemplateBody, UpdateMessageTemplate),
    _call.delete(delete_message_template),
    _call(
        "POST /preview",
        preview_message_template,
        {200: DataOf[MessagePreviewBody]},
        body=PreviewMessage,
        repeatable=True,
    ),
    _call(
        "POST /{id}/test",
        test_message_template,
        {202: DataOf[MessageTestBody]},
        body=TestMessage,
        repeatable=True,
    ),
)
